"""Real `ansible-playbook` processes, and what each of their tasks answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MISTPLAY = (
    sys.executable,
    "-c",
    "import sys; sys.argv[0]='mistplay'; from mistansible.play import main; sys.exit(main())",
)
OTHER_ANSIBLE = "LAB_ANSIBLE"  # the folder of another release than the installed one
CALLBACK = Path(__file__).parent / "callback"


@dataclass(frozen=True)
class Outcome:
    """What one task answered on one host. `state`: ok, failed, unreachable or skipped."""

    task: str
    host: str
    state: str
    result: dict[str, Any]

    @property
    def changed(self) -> bool:
        assert self.state == "ok", self
        return bool(self.result.get("changed"))


@dataclass(frozen=True)
class Played:
    """One run: its exit code, what it printed, and the outcomes in their order."""

    code: int
    out: str
    outcomes: list[Outcome]

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)

    def of(self, task: str) -> Outcome:
        """The only outcome of a task of this name."""
        (found,) = [outcome for outcome in self.outcomes if outcome.task == task]
        return found

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """Results by task, all of which went well."""
        assert self.code == 0, self.out
        return {outcome.task: outcome.result for outcome in self.outcomes}

    @property
    def changes(self) -> dict[str, bool]:
        return {name: bool(result.get("changed")) for name, result in self.results.items()}


@dataclass
class Player:
    """Plays for one user. `folder` is where they sit, and their home."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = MISTPLAY
    played: int = 0

    def tasks(self, *tasks: dict[str, Any], args: tuple[str, ...] = (), **play: Any) -> Played:
        """A play of these tasks on localhost."""
        return self.plays([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks), **play}], *args)

    def plays(self, plays: list[dict[str, Any]], *args: str) -> Played:
        path = self.folder / f"play-{self.played}.yml"
        path.write_text(yaml.safe_dump(plays, sort_keys=False))
        return self.play(str(path), *args)

    def play(self, *args: str) -> Played:
        record = self.folder / f"record-{self.played}.jsonl"
        self.played += 1
        done = self.run(*args, env={"RECORDER": str(record)})
        lines = record.read_text().splitlines() if record.exists() else []
        return Played(done.returncode, done.stdout, [Outcome(**json.loads(line)) for line in lines])

    def run(
        self, *args: str, program: tuple[str, ...] | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One process; both its outputs in `stdout`."""
        return subprocess.run(
            [*(program or self.program), *args],
            cwd=self.folder,
            env={**self._environment(), **self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIST_", "ANSIBLE_"))}
        if other := os.environ.get(OTHER_ANSIBLE):
            kept["PYTHONPATH"] = os.pathsep.join(filter(None, [other, kept.get("PYTHONPATH", "")]))
        return {
            **kept,
            "HOME": str(self.folder),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACK),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1",
        }


def task(name: str, module: str, /, **options: Any) -> dict[str, Any]:
    """A task; what stands beside the module's options goes into `also`."""
    also = options.pop("also", {})
    return {"name": name, module: options, **also}
