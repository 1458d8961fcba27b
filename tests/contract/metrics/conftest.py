"""Each store of metrics in turn, empty, with a clock of the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.storage import MetricStore
from mistserver.monitoring.victoria import VictoriaStore
from tests.lab.victoria import Victoria, missing

NOW = 1_795_420_800


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def victoria_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victoria]:
    """One VictoriaMetrics for the session; skipped where there is none."""
    if reason := missing():
        pytest.skip(reason)
    server = Victoria(tmp_path_factory.mktemp("victoria"))
    yield server
    server.stop()


def victoria(request: pytest.FixtureRequest, folder: Path, clock: Clock) -> VictoriaStore:
    server: Victoria = request.getfixturevalue("victoria_server")
    server.empty()
    return VictoriaStore(server.url, folder, clock=clock)


@pytest.fixture(params=["embedded", "victoria"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[MetricStore]:
    opened: MetricStore
    if request.param == "victoria":
        opened = victoria(request, tmp_path / "metrics", clock)
    else:
        opened = EmbeddedStore(tmp_path / "metrics", clock=clock)
    yield opened
    await opened.close()
