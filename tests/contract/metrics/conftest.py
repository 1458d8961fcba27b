"""Each store of metrics in turn, empty, with a clock of the test's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.storage import MetricStore

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


@pytest.fixture(params=["embedded"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[MetricStore]:
    opened = EmbeddedStore(tmp_path / "metrics", clock=clock)
    yield opened
    await opened.close()
