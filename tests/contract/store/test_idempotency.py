"""The same create sent again: answered once more, never done twice, never mixed up with another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from mistserver.domain.account import Account
from mistserver.domain.errors import Conflict
from mistserver.store import accounts, idempotency
from mistserver.store.database import Database
from mistserver.store.idempotency import Request

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def two_accounts(database: Database) -> None:
    for account_id in ("a", "b"):
        database.write_now(accounts.insert, Account(id=account_id, name=account_id, created_at=NOW))


def make_request(account_id: str = "a", key: str = "k", hash: str = "h") -> Request:
    return Request(account_id=account_id, key=key, hash=hash)


def test_a_kept_answer_is_found_by_the_same_request_only(database: Database) -> None:
    database.write_now(idempotency.keep, make_request(), {"id": 1}, NOW)

    assert database.read_now(idempotency.find, make_request()) == {"id": 1}
    assert database.read_now(idempotency.find, make_request(account_id="b")) is None
    assert database.read_now(idempotency.find, make_request(key="other")) is None
    with pytest.raises(Conflict, match="another request"):
        database.read_now(idempotency.find, make_request(hash="other"))


async def test_of_several_at_once_one_is_kept(database: Database) -> None:
    keeping = [database.write(idempotency.keep, make_request(), number, NOW) for number in range(6)]

    answers = await asyncio.gather(*keeping, return_exceptions=True)

    assert sum(isinstance(answer, Conflict) for answer in answers) == 5
    assert await database.read(idempotency.find, make_request()) == answers.index(None)


def test_old_answers_are_forgotten(database: Database) -> None:
    for number in range(5):
        request = make_request(key=str(number))
        database.write_now(idempotency.keep, request, number, NOW + timedelta(hours=number))

    assert database.write_now(idempotency.trim, NOW + timedelta(hours=3), 2) == 2
    assert database.write_now(idempotency.trim, NOW + timedelta(hours=3), 2) == 1
    assert database.read_now(idempotency.find, make_request(key="3")) == 3


def test_they_go_with_their_account(database: Database) -> None:
    database.write_now(idempotency.keep, make_request(), 1, NOW)

    database.write_now(lambda connection: connection.execute(sa.text("DELETE FROM accounts WHERE id = 'a'")).rowcount)

    assert database.read_now(idempotency.find, make_request()) is None
