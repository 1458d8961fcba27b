"""What the console is shown: this machine, with a day of samples."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np

from benchmarks import series
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.samples import TIMES, Batch
from tests.lab.waiting import eventually
from tests.support.service import Service

DAY_S, STEP_S = 86_400, 10
_SENT = re.compile(
    r"cpu\.\d\.cpu\.\w+|load\.\w+|memory\.\w+|disk\.vda\.disk_octets\.\w+|interface\.eth0\.if_octets\.\w+|users"
)
_TOGETHER = 360  # samples of a series in one post


def measured_machine(service: Service) -> str:
    """The id of this machine, which may send metrics from now on."""
    service.wait_for_this_host()
    token = service.sign_in()
    machine = eventually(lambda: service.request("GET", "/machines?refresh=true", token=token)[1]["items"])[0]["id"]
    status, answer = service.request("POST", f"/machines/{machine}/monitoring", {"by_hand": True}, token)
    assert status < 300, answer
    return str(machine)


async def fill_day(folder: Path, machine: str) -> None:
    """A day of a machine up to now, as if it had come then."""
    made = series.machine(DAY_S // STEP_S)
    wanted = [n for n, name in enumerate(made.names) if _SENT.fullmatch(name)]
    names, kinds = tuple(made.names[n] for n in wanted), tuple(made.kinds[n] for n in wanted)
    rows = series.rows(made)[:, wanted]
    first = int(time.time()) // STEP_S * STEP_S - DAY_S
    seconds = np.arange(first, first + DAY_S, STEP_S, dtype=TIMES)
    clock = [float(first)]
    store = EmbeddedStore(folder, clock=lambda: clock[0])
    try:
        for begin in range(0, len(seconds), _TOGETHER):
            some = seconds[begin : begin + _TOGETHER]
            clock[0] = float(some[-1])
            times = np.repeat(some, len(names))
            values = rows[begin : begin + _TOGETHER].ravel()
            await store.append(machine, Batch(names * len(some), kinds * len(some), times, values))
    finally:
        await store.close()
