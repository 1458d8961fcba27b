"""The list of services, their heartbeats, their leases, and the fence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mistserver.jobs import fence
from mistserver.jobs.fence import Heart
from mistserver.jobs.stops import Fenced
from mistserver.store import leases, services
from mistserver.store.database import Database

NOW, LONG = timedelta(seconds=-1), timedelta(seconds=60)


def test_a_lease_belongs_to_one_service_until_it_runs_out(database: Database) -> None:
    assert database.write_now(leases.take, "inventory", "one", LONG)
    assert not database.write_now(leases.take, "inventory", "two", LONG)
    assert database.write_now(leases.take, "inventory", "one", NOW)

    assert database.write_now(leases.take, "inventory", "two", LONG)


def test_a_heartbeat_prolongs_leases_and_a_service_that_leaves_gives_them_up(database: Database) -> None:
    database.write_now(services.register, "one")
    database.write_now(leases.take, "inventory", "one", NOW)
    assert database.write_now(services.beat, "one", LONG)
    assert not database.write_now(leases.take, "inventory", "two", LONG)

    database.write_now(services.remove, "one")

    assert database.write_now(leases.take, "inventory", "two", LONG)


def test_a_service_that_was_buried_cannot_beat_again(database: Database) -> None:
    database.write_now(services.register, "one")
    assert database.write_now(services.bury, LONG) == []
    assert database.write_now(services.beat, "one", LONG)

    assert database.write_now(services.bury, NOW) == ["one"]

    assert not database.write_now(services.beat, "one", LONG)
    assert database.read_now(services.living) == set()


def test_the_fence_ends_a_service_that_was_declared_dead_while_it_slept(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, ended = Database(postgres_url), []
    heart = Heart(database, "one", lambda: ended.append(True))
    monkeypatch.setattr(fence, "BEAT_S", 60)
    heart.start()
    heart.check()
    asleep = fence._now() + 10
    monkeypatch.setattr(fence, "_now", lambda: asleep)
    database.write_now(services.bury, NOW)

    with pytest.raises(Fenced):
        heart.check()

    assert ended == [True]
    heart.stop()
    database.close()


def test_the_fence_lets_pass_a_late_service_that_nobody_declared_dead(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, ended = Database(postgres_url), []
    heart = Heart(database, "one", lambda: ended.append(True))
    monkeypatch.setattr(fence, "BEAT_S", 60)
    heart.start()
    asleep = fence._now() + 10
    monkeypatch.setattr(fence, "_now", lambda: asleep)

    heart.check()

    assert ended == []
    heart.stop()
    database.close()
