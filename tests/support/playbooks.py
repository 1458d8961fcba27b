"""Real `ansible-playbook` processes, and what each of their tasks answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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

    def changed(self) -> list[str]:
        """The tasks that changed something or, in check mode, would have; their diffs say so too."""
        done = [outcome for outcome in self.outcomes if outcome.state == "ok"]
        for outcome in done:
            if diff := outcome.result.get("diff"):
                assert outcome.changed == (diff["before"] != diff["after"]), outcome
        return [outcome.task for outcome in done if outcome.changed]


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
        return self.play(self.book(plays), *args)

    def book(self, plays: list[dict[str, Any]]) -> str:
        """The file of a playbook."""
        path = self.folder / f"play-{self.played}.yml"
        path.write_text(yaml.safe_dump(plays, sort_keys=False))
        return str(path)

    def play(self, *args: str) -> Played:
        done = self.run(*args)
        return Played(done.returncode, done.stdout, self.recorded())

    def recorded(self) -> list[Outcome]:
        """What the tasks since the last time answered."""
        record = self._record
        self.played += 1
        lines = record.read_text().splitlines() if record.exists() else []
        return [Outcome(**json.loads(line)) for line in lines]

    @property
    def _record(self) -> Path:
        return self.folder / f"record-{self.played}.jsonl"

    def run(
        self, *args: str, program: tuple[str, ...] | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """One process; both its outputs in `stdout`."""
        argv = [*(program or self.program), *args]
        return subprocess.run(argv, **self._process(env), timeout=240, check=False)

    @contextmanager
    def started(self, *args: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
        """A process that is still running; it is killed when the context ends before it."""
        process = subprocess.Popen([*self.program, *args], **self._process(env))
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def _process(self, env: dict[str, str] | None) -> dict[str, Any]:
        return {
            "cwd": self.folder,
            "env": {**self._environment(), **self.env, **(env or {})},
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIST_", "ANSIBLE_"))}
        if other := self.env.get(OTHER_ANSIBLE) or os.environ.get(OTHER_ANSIBLE):
            kept["PYTHONPATH"] = os.pathsep.join(filter(None, [other, kept.get("PYTHONPATH", "")]))
        return {
            **kept,
            "HOME": str(self.folder),
            "RECORDER": str(self._record),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACK),
            "ANSIBLE_CALLBACKS_ENABLED": "recorder",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_NOCOLOR": "1",
        }


def task(name: str, module: str, /, **options: Any) -> dict[str, Any]:
    """A task; what stands beside the module's options goes into `also`."""
    also = options.pop("also", {})
    return {"name": name, module: options, **also}


def pretend(name: str, module: str, /, **options: Any) -> dict[str, Any]:
    """A task in check mode."""
    return task(name, module, **options, also={"check_mode": True})


def failing(name: str, module: str, /, **options: Any) -> dict[str, Any]:
    """A task whose failure does not end the play."""
    return task(name, module, **options, also={"ignore_errors": True})
