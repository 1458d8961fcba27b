"""A service with jobs, on SQLite, with providers whose cloud is in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support import lively_provider
from tests.support.lively_provider import LivelyCloud, lively_cloud
from tests.support.small_service import Small, small_service


@pytest.fixture
async def small(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Small]:
    lively_provider.register(monkeypatch)
    async with small_service(sqlite_url, provider_timeout_s=5.0, ssh_connect_timeout_s=2.0) as running:
        yield running


@pytest.fixture
def cloud(small: Small) -> LivelyCloud:
    """What stands behind the backends of a test."""
    return lively_cloud()
