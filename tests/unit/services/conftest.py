"""A service without jobs, on SQLite, with the dummy provider in its list."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mistserver.store.database import Database
from tests.support import dummy_provider
from tests.support.quiet_service import Quiet, quiet_service


@pytest.fixture
async def quiet(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Quiet]:
    dummy_provider.register(monkeypatch)
    database = Database(sqlite_url)
    made = quiet_service(database, inventory_wait_s=0.5, refresh_wait_s=0.5, provider_timeout_s=5.0)
    yield made
    for cloud in dummy_provider.CLOUDS.values():
        if cloud.held is not None:
            cloud.held.set()
    await made.ctx.providers.readings.close()
    await made.ctx.ssh.close()
    database.close()
