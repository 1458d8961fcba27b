"""A byte of the store's files is another: it is told or does no harm, and the store opens and takes samples."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.embedded.partitions import DAY, HOUR
from mistserver.monitoring.samples import Kind, Window, batch
from tests.lab.waiting import eventually

START = 1_795_413_600  # where a span of six hours begins
GATE, FULL = 30, 3000
MACHINES = ("one", "two")
NAMES = ("load", "octets")
STEP = 10
CLOSED = 2000  # samples in a span that is merged and counted
OPEN = 500  # samples in the span after it: some in its file, the rest in the log


Read = dict[tuple[str, str, int], list[float]]


class Clock:
    now = float(START)

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


def value(n: int) -> float:
    return float(n % 97) + 0.5


async def take(store: EmbeddedStore, first: int, count: int) -> None:
    for n in range(first, first + count):
        CLOCK.now = START + STEP * n
        lines = [("load", Kind.GAUGE, int(CLOCK.now), value(n)), ("octets", Kind.COUNTER, int(CLOCK.now), 70.0 * n)]
        for machine in MACHINES:
            await store.append(machine, batch(lines))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a kill leaves it: a write-ahead log, a merged span, an open one."""
    return asyncio.run(make(tmp_path_factory.mktemp("made") / "metrics"))


async def make(folder: Path) -> Path:
    store = EmbeddedStore(folder, clock=CLOCK)
    await take(store, 0, CLOSED)
    CLOCK.now = START + 9 * HOUR
    store.flush_aged()
    store.tidy()
    await take(store, 3240, OPEN)
    kept = folder.with_name("kept")
    shutil.copytree(folder, kept)
    await store.close()
    return kept


async def everything(store: EmbeddedStore) -> Read:
    """All that can be read, by the sample and by the minute."""
    found = {}
    for machine in MACHINES:
        for step, window in ((STEP, Window(START, START + 15 * HOUR, STEP)), (60, Window(START, START + 6 * HOUR, 60))):
            for points in (await store.read(machine, NAMES, window)).points:
                found[machine, points.name, step] = points.average.tolist()
    return found


def flip(folder: Path, dice: random.Random) -> str:
    """Change one byte of one of the files; what was changed."""
    files = sorted(path for path in folder.iterdir() if path.stat().st_size and not path.name.endswith("-shm"))
    path = dice.choice(files)
    at = dice.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(at)
        (old,) = file.read(1)
        file.seek(at)
        file.write(bytes([old ^ (1 << dice.randrange(8))]))
    return f"byte {at} of {path.name}"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("flips", [GATE, pytest.param(FULL, marks=pytest.mark.full)])
async def test_a_changed_byte_is_told_or_does_no_harm(
    made: Path, tmp_path: Path, flips: int, caplog: pytest.LogCaptureFixture
) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    dice = random.Random(seed)
    shutil.copytree(made, tmp_path / "whole")
    whole = EmbeddedStore(tmp_path / "whole", clock=CLOCK)
    expected = await everything(whole)
    await whole.close()
    assert sum(x == x for x in expected["one", "load", STEP]) == CLOSED + OPEN
    harmless = 0
    for n in range(flips):
        folder = tmp_path / str(n)
        shutil.copytree(made, folder)
        what = flip(folder, dice)
        caplog.clear()
        store = EmbeddedStore(folder, clock=CLOCK)
        try:
            found = await everything(store)
            now = int(CLOCK.now) + STEP
            taken = await store.append("one", batch([("load", Kind.GAUGE, now, 1.0), ("new", Kind.GAUGE, now, 2.0)]))
        finally:
            await store.close()
        assert taken.accepted == 2, what
        told = any(record.levelno >= logging.ERROR for record in caplog.records)
        assert not made_up(expected, found), what
        if not same(expected, found):
            assert told, f"something is missing and nothing was said: {what}"
        else:
            harmless += not told
        shutil.rmtree(folder)
    print(f"of {flips} changed bytes {harmless} did no harm and were not told")


def same(expected: Read, found: Read) -> bool:
    return expected.keys() == found.keys() and all(
        np.array_equal(expected[key], found[key], equal_nan=True) for key in expected
    )


def made_up(expected: Read, found: Read) -> list[object]:
    """What was read that was never sent. A minute may be the mean of fewer samples than were sent in it."""
    wrong = []
    for key, values in found.items():
        low, high = (0.5, 96.5) if key[1] == "load" else (0.0, 7.0)
        for at, (right, shown) in enumerate(zip(expected.get(key, [None] * len(values)), values, strict=True)):
            exact = key[2] == STEP and key[1] == "load"
            if shown == shown and (right is None or (shown != right if exact else not low <= shown <= high)):
                wrong.append((key, at, right, shown))
    return wrong


@pytest.mark.parametrize("name", [f"raw-{START}.db", f"raw-{START + 6 * HOUR}.db", "hot.db"])
async def test_a_file_whose_first_page_is_gone_loses_nothing_else(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    shutil.copytree(made, tmp_path / "whole")
    whole = EmbeddedStore(tmp_path / "whole", clock=CLOCK)
    expected = await everything(whole)
    await whole.close()
    folder = tmp_path / "metrics"
    shutil.copytree(made, folder)
    with contextlib.closing(sqlite3.connect(folder / name)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (folder / name).open("r+b") as file:
        file.write(bytes(4096))

    store = EmbeddedStore(folder, clock=CLOCK)
    try:
        assert same(expected, await everything(store))
    finally:
        await store.close()

    assert f"{name}.damaged" in caplog.text


async def test_what_a_file_has_only_in_its_log_is_still_in_that_of_the_store(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "whole")
    store = EmbeddedStore(tmp_path / "whole", clock=CLOCK)
    await take(store, 3240 + OPEN, 100)
    store._flusher.flush(range(len(MACHINES) * len(NAMES)))
    store.trim()
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    expected = await everything(store)
    await store.close()
    log = next(path for path in (tmp_path / "killed").glob("raw-*.db-wal") if path.stat().st_size)

    for left in (0, 0.3, 0.6, 0.9):
        folder = tmp_path / str(left)
        shutil.copytree(tmp_path / "killed", folder)
        (folder / log.name).write_bytes(log.read_bytes()[: int(log.stat().st_size * left)])
        store = EmbeddedStore(folder, clock=CLOCK)
        try:
            assert same(expected, await everything(store)), left
        finally:
            await store.close()


async def test_what_is_damaged_beyond_repair_is_put_aside_and_the_rest_goes_on(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "metrics"
    shutil.copytree(made, folder)
    for path in folder.glob("*.db"):
        path.write_bytes(b"nothing" * 4096)
    for path in folder.glob("*-wal"):
        path.unlink()

    store = EmbeddedStore(folder, clock=CLOCK)
    try:
        known = await store.known("one")
        found = await everything(store)
        now = int(CLOCK.now) + STEP
        taken = await store.append("one", batch([("load", Kind.GAUGE, now, 1.0)]))
    finally:
        await store.close()

    assert [each.name for each in known] == list(NAMES)  # from the copy of the names
    assert all(x != x for values in found.values() for x in values)
    assert taken.accepted == 1
    assert (folder / "hot.db.damaged").exists()
    assert "damaged" in caplog.text


@pytest.mark.parametrize("name", [f"raw-{START}.db", "hot.db"])
async def test_a_schema_that_is_no_text_any_more_is_damage(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    folder = tmp_path / "metrics"
    shutil.copytree(made, folder)
    path = folder / name
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = path.read_bytes()
    assert b"CREATE TABLE" in content
    path.write_bytes(content.replace(b"CREATE TABLE", b"CREATE\xa0TABLE"))

    store = EmbeddedStore(folder, clock=CLOCK)
    try:
        known = [each.name for each in await store.known("one")]
        found = await everything(store)
    finally:
        await store.close()

    assert known == list(NAMES)
    assert len(found) == 2 * len(MACHINES) * len(NAMES)
    assert f"{name}.damaged" in caplog.text


async def test_a_span_of_two_days_ago_is_found_damaged_though_nobody_reads_it(
    made: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "metrics"
    shutil.copytree(made, folder)
    path = folder / f"raw-{START}.db"
    content = bytearray(path.read_bytes())
    content[4096:4104] = b"\xff" * 8  # the head of the page where the tables' rows are looked up
    path.write_bytes(bytes(content))
    clock = Clock()
    clock.now = CLOCK.now + DAY

    store = EmbeddedStore(folder, clock=clock)
    try:
        assert eventually((folder / f"raw-{START}.db.damaged").exists)
    finally:
        await store.close()

    assert f"raw-{START}.db is damaged" in caplog.text
