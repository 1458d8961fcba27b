"""Facts about the database, by name."""

from __future__ import annotations

import asyncio

from mistserver.store import meta
from mistserver.store.database import Database


def test_the_last_value_put_stands(database: Database) -> None:
    assert database.read_now(meta.get, "a") is None

    database.write_now(meta.put, "a", b"\x00\xff")
    database.write_now(meta.put, "a", b"")

    assert database.read_now(meta.get, "a") == b""


def test_the_first_value_stands_when_asked_for(database: Database) -> None:
    assert database.write_now(meta.put_first, "a", b"1")
    assert not database.write_now(meta.put_first, "a", b"2")

    assert database.read_now(meta.get, "a") == b"1"


async def test_of_several_removers_one_hears_that_it_was_there(database: Database) -> None:
    await database.write(meta.put, "a", b"1")

    removed = await asyncio.gather(*(database.write(meta.remove, "a") for _ in range(8)))

    assert sorted(removed) == [False] * 7 + [True]
