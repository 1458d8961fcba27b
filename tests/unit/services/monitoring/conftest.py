"""Machines that send what a test says, at a time that it sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mistserver.store.database import Database
from tests.support.quiet_service import quiet_service
from tests.support.small_service import Small
from tests.support.watching import Watch, watching


@pytest.fixture
async def watch(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Watch]:
    database = Database(sqlite_url)
    quiet = quiet_service(database)
    made = watching(Small(quiet.ctx, quiet.admin), tmp_path / "metrics")
    yield made
    await made.ctx.metrics.close()
    database.close()
