"""Machines that send what a test says, at a time that it sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mistserver.store.database import Database
from tests.support.quiet_service import quiet_service
from tests.support.small_service import Small, small_service
from tests.support.watching import Watch, watching


@pytest.fixture
async def watch(database: Database, tmp_path: Path) -> AsyncIterator[Watch]:
    """Without jobs, on a database of each kind in turn."""
    quiet = quiet_service(database)
    made = watching(Small(quiet.ctx, quiet.admin), tmp_path / "metrics")
    yield made
    await made.ctx.metrics.close()


@pytest.fixture
async def acting(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Watch]:
    """With jobs, for what rules do."""
    async with small_service(sqlite_url) as small:
        made = watching(small, tmp_path / "metrics")
        yield made
        await made.ctx.metrics.close()
