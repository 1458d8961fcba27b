"""However many providers are listed, a service that starts loads none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mistserver.providers import registry
from tests.support.service import EMAIL, PASSWORD, free_port

# Serves as `mist serve` does; as soon as it is ready its modules are written down, and it is told to stop
PROGRAM = """
import json, os, signal, sys, threading, time, urllib.error, urllib.request
from mistserver.providers import registry
kept, port, folder = sys.argv[1:4]
if kept != "all":
    registry._ROWS = {id: row for id, row in registry._ROWS.items() if id in kept.split(",")}
listed = list(registry._ROWS)
def ready():
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).status == 200
    except (OSError, urllib.error.URLError):
        return False
def look():
    known, same = 0, 0
    while same < 5:  # what the service loads behind its readiness is loaded too
        time.sleep(0.1)
        same = same + 1 if ready() and len(sys.modules) == known else 0
        known = len(sys.modules)
    with open(f"{folder}/modules.json", "w") as file:
        json.dump({"listed": listed, "modules": sorted(sys.modules)}, file)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=look, daemon=True).start()
from mistcli.main import main
sys.exit(main(["serve", "--port", port, "--data-dir", f"{folder}/data"]))
"""


def started(kept: str, folder: Path) -> tuple[list[str], set[str]]:
    """The listed providers and the loaded modules of a service that came up and was stopped again."""
    folder.mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MIST_")}
    env = {**clean, "HOME": str(folder), "MIST_ADMIN_EMAIL": EMAIL, "MIST_ADMIN_PASSWORD": PASSWORD}
    argv = [sys.executable, "-c", PROGRAM, kept, str(free_port()), str(folder)]
    ended = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    told = json.loads((folder / "modules.json").read_text())
    return told["listed"], set(told["modules"])


def test_all_providers_cost_the_start_what_one_costs(tmp_path: Path) -> None:
    one_listed, with_one = started("localhost", tmp_path / "one")
    all_listed, with_all = started("all", tmp_path / "all")

    assert (len(one_listed), all_listed) == (1, [row.id for row in registry.own_rows()])
    assert with_all == with_one
    ours = {row.module for row in registry.own_rows()} - {registry.row("localhost").module}
    needed = {row.module_needed for row in registry.own_rows() if row.module_needed}
    assert {name for name in with_all if name in ours or name.partition(".")[0] in needed} == set()
