"""How long the command line takes to start, beside a Python that does nothing."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure, alternate, command, ms
from tests.support import rest_records as records
from tests.support.rest_stub import TOKEN, RestStub, running

MAIN = "import sys; from mistcli.main import main; sys.exit(main())"
BARE = [sys.executable, "-c", "pass"]


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 60 if full else 20
    with tempfile.TemporaryDirectory() as home, running() as service:
        service.machines = [records.machine(f"machine-{number}", f"id{number}", "running") for number in range(100)]
        env = _environment(home, service)
        for name, limit, words, more in _measured(Path(home)):
            run = command([sys.executable, "-c", MAIN, *words], {**env, **more})
            run()
            measured, floor = alternate(run, command(BARE, env), rounds)
            yield Figure(f"{name} : python -c pass", measured / floor, limit, ms(measured), ms(floor))


def _measured(home: Path) -> Iterator[tuple[str, float, list[str], dict[str, str]]]:
    yield "mist --help", 4.0, ["--help"], {}
    yield "mist list-machines (100, kept token)", 9.0, ["list-machines"], {}
    for line in ("mist list-m", "mist describe-machine machine-1"):
        answer = str(home / "completions")
        yield (
            f"completion of `{line}`",
            5.0,
            [],
            {
                "_ARGCOMPLETE": "1",
                "_ARGCOMPLETE_STDOUT_FILENAME": answer,
                "COMP_LINE": line,
                "COMP_POINT": str(len(line)),
                "_ARGCOMPLETE_IFS": "\n",
            },
        )


def _environment(home: str, service: RestStub) -> dict[str, str]:
    """Of a person: byte code is kept, the token stands in ~/.mist."""
    left_out = ("MIST_", "PYTHONDONTWRITEBYTECODE", "XDG_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    config = Path(home) / ".mist"
    config.write_text(f"[mist.credentials]\nemail=user@mist.io\n\n[mist.tokens]\n{service.uri} user@mist.io={TOKEN}\n")
    config.chmod(0o600)
    return {**kept, "HOME": home, "MIST_URI": service.uri}
