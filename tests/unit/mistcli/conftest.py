"""The command line in this process, against a miniature service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mistcli.main import main
from tests.support.rest_stub import TOKEN, RestStub, running


class Result(NamedTuple):
    code: int
    out: str
    err: str


Mist = Callable[..., Result]


@pytest.fixture
def service() -> Iterator[RestStub]:
    with running() as stub:
        yield stub


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and no setting of the developer's."""
    for name in ("MIST_EMAIL", "MIST_PASSWORD", "MIST_CA_FILE", "XDG_CACHE_HOME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def mist(service: RestStub, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mist:
    """`mist("list-keys")`: exit code, stdout and stderr."""
    monkeypatch.setenv("MIST_URI", service.uri)
    monkeypatch.setenv("MIST_TOKEN", TOKEN)

    def run(*words: str) -> Result:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run
