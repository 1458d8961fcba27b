"""A load that can be measured: processes that want a processor all the time, and the file that counts them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mistserver.domain.ids import new_id
from tests.support.front import Front

# how many of the processes that carry a mark want a processor, whether or not they get one
WANTING = """
import os

def state(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as words, open(f"/proc/{pid}/stat") as numbers:
        return numbers.read().rpartition(")")[2].split()[0] if b"MARK" in words.read() else ""

def read():
    found = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            found += state(pid) == "R"
        except OSError:
            pass
    return found
"""


class Load:
    """A process that wants a processor all the time, on and off; the metric `metric` of a machine shows it."""

    def __init__(self) -> None:
        self.mark = f"burns-{new_id()}"
        self.metric = "mist.python.burning"
        self._process: subprocess.Popen[bytes] | None = None

    def measured(self, front: Front, machine_id: str) -> None:
        """Have it measured there once a second, without an agent."""
        asked = {"agent": False, "interval_s": 1}
        job = front.finished(front.done("POST", f"/machines/{machine_id}/monitoring", asked))
        assert job["state"] == "succeeded", job["error"]
        plugin = {"name": "burning", "code": WANTING.replace("MARK", self.mark)}
        job = front.finished(front.done("POST", f"/machines/{machine_id}/plugins", plugin))
        assert job["state"] == "succeeded", job["error"]

    def begin(self) -> None:
        burns = f"import os; os.nice(19)  # {self.mark}\nwhile True: pass"
        self._process = subprocess.Popen([sys.executable, "-c", burns])

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)


@contextmanager
def loading() -> Iterator[Load]:
    load = Load()
    try:
        yield load
    finally:
        load.end()
