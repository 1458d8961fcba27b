"""What a module writes for whoever follows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.mist.mist.plugins.module_utils import _progress
from ansible_collections.mist.mist.plugins.module_utils._progress import FILE_VARIABLE, Progress
from mistclient.model import Job


def job(title: str = "create web", state: str = "running", **info: Any) -> Job:
    steps = [{"name": name, "state": step} for name, step in info.pop("steps", {}).items()]
    return Job(None, {"id": "j1", "kind": "k", "title": title, "state": state, "steps": steps, **info})  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "progress"
    monkeypatch.setenv(FILE_VARIABLE, str(path))
    return path


def lines(file: Path) -> list[str]:
    return [re.sub(r" \(\d+ s\)$", "", line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_each_step_is_told_when_it_begins_and_when_it_ends(file: Path) -> None:
    progress = Progress()
    for steps in ({"validate": "running", "create": "queued"}, {"validate": "succeeded", "create": "running"}):
        for _ in range(3):
            progress.job(job(steps=steps))
    progress.job(job(state="failed", steps={"validate": "succeeded", "create": "failed"}))

    assert lines(file) == [
        "create web: validate ...",
        "create web: validate ... done",
        "create web: create ...",
        "create web: create ... failed",
    ]


def test_machines_are_counted(file: Path) -> None:
    progress = Progress()
    for done, failed in ((0, 0), (1, 0), (1, 0), (3, 2)):
        progress.job(job("run uptime", done=done, total=3, failed=failed))

    assert lines(file) == [
        "run uptime: running",
        "run uptime: 1 of 3 machines",
        "run uptime: 3 of 3 machines, 2 failed",
    ]


def test_what_takes_long_is_told_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress()
    progress.say("waiting", again=True)
    progress.say("waiting", again=True)
    monkeypatch.setattr(_progress, "_AGAIN_S", -1)
    progress.say("waiting", again=True)
    progress.say("waiting")

    assert lines(file) == ["waiting"] * 2


def test_a_name_stays_on_its_line(file: Path) -> None:
    Progress().say("create a\nb\x1b[2J\u202ec ü")

    assert lines(file) == [r"create a\nb\x1b[2J\u202ec ü"]


def test_nothing_is_written_unless_somebody_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    Progress().job(job())
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "no" / "folder"))
    Progress().job(job())

    assert list(tmp_path.iterdir()) == []
