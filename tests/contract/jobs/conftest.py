"""A running job engine on each database, with an account to work for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from sqlalchemy.engine import Connection

from mistserver.jobs import durable
from mistserver.jobs.engine import Jobs, JobsConfig
from mistserver.store.database import Database
from mistserver.store.tables import accounts
from tests.contract.jobs.plain import ACCOUNT, OpenVault


def add_account(connection: Connection, account_id: str = ACCOUNT) -> None:
    row = {"id": account_id, "name": account_id, "created_at": datetime.now(UTC)}
    connection.execute(insert(accounts).values(row))


@pytest.fixture
async def engine(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Jobs]:
    """Started, and drained after the test."""
    monkeypatch.setattr(durable, "LISTEN_S", 0.05)  # a drain waits for one turn of it
    database.write_now(add_account)
    jobs = Jobs(database, OpenVault(), JobsConfig(concurrency=8, drain_s=5))
    await jobs.start()
    yield jobs
    await jobs.drain()
