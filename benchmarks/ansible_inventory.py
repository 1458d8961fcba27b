"""An inventory of 10 000 machines for Ansible, beside the command that lists the same."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.listing import MACHINES, fill
from benchmarks.measure import Figure, ms
from mistansible.paths import ROOT
from tests.support.service import Service

LIST = "import sys; from mistcli.main import main; sys.exit(main(['list-machines', '-o', 'json']))"
INVENTORY = f"""
import sys
from ansible import constants
constants.COLLECTIONS_PATHS.insert(0, {str(ROOT)!r})
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
found = InventoryManager(DataLoader(), sources=[sys.argv[1]])
assert len(found.hosts) == {MACHINES}, len(found.hosts)
"""


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 9 if full else 4
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(folder / "data").start()
        service.stop()
        fill(folder / "data" / "mist.db")
        service.start()
        try:
            source = folder / "mist.yml"
            source.write_text("plugin: mist.mist.mist\n")
            kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIST_", "ANSIBLE_"))}
            own = {"HOME": name, "MIST_URI": service.uri, "MIST_TOKEN": service.sign_in()}
            listing, inventory = _medians({**kept, **own}, ([LIST], [INVENTORY, str(source)]), rounds)
        finally:
            service.stop()
    label = f"inventory of {MACHINES} machines : mist list-machines -o json"
    yield Figure(label, inventory / listing, 3.0, ms(inventory), ms(listing))


def _medians(env: dict[str, str], programs: tuple[list[str], ...], rounds: int) -> list[float]:
    """Seconds of whole processes, taken in turns."""
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for program, taken in zip(programs, times, strict=True):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", *program], env=env, check=True, stdout=subprocess.DEVNULL)
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in times]
