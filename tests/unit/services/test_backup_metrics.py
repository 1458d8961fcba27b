"""Backups take the metrics along while they are being written, and give them back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mistserver.domain.errors import Conflict, InvalidInput
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.embedded.partitions import HOUR
from mistserver.monitoring.samples import Kind, Window, as_list, batch
from mistserver.services import backup
from mistserver.store.database import Database
from mistserver.store.master_keys import MasterKey, MasterKeys
from mistserver.store.secrets import Vault

START = 1_795_413_600  # where a span of six hours begins
WINDOW = Window(START, START + 12 * HOUR, 10)


class Clock:
    now = float(START)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source(sqlite_url: str) -> Database:
    database = Database(sqlite_url)
    Vault.open(MasterKeys((MasterKey.of(bytes(32)),), "a test"), database)
    return database


@pytest.fixture
def target(tmp_path: Path, sqlite_template: Path) -> Database:
    (tmp_path / "target.db").write_bytes(sqlite_template.read_bytes())
    return Database(f"sqlite:///{tmp_path / 'target.db'}")


async def take(store: EmbeddedStore, clock: Clock, first: int, count: int) -> None:
    for n in range(first, first + count):
        clock.now = START + 10 * n
        lines = [("load", Kind.GAUGE, int(clock.now), n + 0.5), ("octets", Kind.COUNTER, int(clock.now), 70.0 * n)]
        await store.append("m", batch(lines))


async def shown(store: EmbeddedStore, window: Window) -> list[list[float | None]]:
    return [as_list(points.average) for points in (await store.read("m", ["load", "octets"], window)).points]


async def test_metrics_are_in_a_backup_that_is_made_while_they_come_and_move(
    source: Database, target: Database, tmp_path: Path
) -> None:
    clock, file = Clock(), tmp_path / "backup.mist"
    store = EmbeddedStore(tmp_path / "metrics", clock=clock)
    await take(store, clock, 0, 2000)
    before = await shown(store, Window(START, START + 20000, 10))
    clock.now = START + 9 * HOUR

    async def move() -> None:
        await asyncio.to_thread(store.flush_aged)
        await asyncio.to_thread(store.tidy)
        await take(store, clock, 3300, 500)

    moving = asyncio.create_task(move())
    made = await asyncio.to_thread(backup.backup, source, file, tmp_path / "metrics")
    await moving
    await store.close()

    verified = backup.verify(file)
    backup.restore(file, target, tmp_path / "again")
    store = EmbeddedStore(tmp_path / "again", clock=clock)
    found = await shown(store, Window(START, START + 20000, 10))
    later = await store.append("m", batch([("load", Kind.GAUGE, int(clock.now) + 10, 1.0)]))
    await store.close()

    assert verified.rows == made.rows
    assert found == before
    assert later.accepted == 1
    assert not (tmp_path / "again.restored").exists()


async def test_what_is_counted_by_the_hour_comes_back_and_is_not_counted_twice(
    source: Database, target: Database, tmp_path: Path
) -> None:
    clock, file = Clock(), tmp_path / "backup.mist"
    store = EmbeddedStore(tmp_path / "metrics", clock=clock)
    await take(store, clock, 0, 2000)
    clock.now = START + 9 * HOUR
    store.flush_aged()
    store.tidy()
    clock.now = START + 72 * HOUR
    hours = Window(START, START + 5 * HOUR, HOUR)
    before = await shown(store, hours)
    await store.close()

    backup.backup(source, file, tmp_path / "metrics")
    backup.restore(file, target, tmp_path / "again")

    store = EmbeddedStore(tmp_path / "again", clock=clock)
    store.tidy()
    assert await shown(store, hours) == before
    assert before[0][0] == 180.0
    await store.close()


async def test_metrics_are_not_restored_over_others(source: Database, target: Database, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "metrics")
    await store.append("m", batch([("load", Kind.GAUGE, START, 1.0)]))
    await store.close()
    file = tmp_path / "backup.mist"
    backup.backup(source, file, tmp_path / "metrics")

    with pytest.raises(Conflict, match="There are metrics"):
        backup.restore(file, target, tmp_path / "metrics")


async def test_a_backup_whose_metrics_are_cut_short_is_refused(source: Database, tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "metrics", clock=Clock())
    await take(store, Clock(), 0, 300)
    await store.close()
    file = tmp_path / "backup.mist"
    backup.backup(source, file, tmp_path / "metrics")
    content = bytearray(file.read_bytes())
    at = content.index(b"metrics_posts") + 60
    content[at] ^= 0xFF
    file.write_bytes(bytes(content))

    with pytest.raises(InvalidInput, match="not a whole backup"):
        backup.verify(file)


def test_a_service_without_metrics_is_backed_up_and_restored(
    source: Database, target: Database, tmp_path: Path
) -> None:
    file = tmp_path / "backup.mist"
    backup.backup(source, file, tmp_path / "none")
    backup.restore(file, target, tmp_path / "again")
    assert not (tmp_path / "again").exists()
