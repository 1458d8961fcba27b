"""Machines in any order and in pages that stay right while machines come and go, on every database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from mistserver.domain.account import Account
from mistserver.domain.backend import Backend
from mistserver.domain.errors import InvalidInput
from mistserver.domain.ids import new_id
from mistserver.domain.machine import Machine, MachineReading, MachineState
from mistserver.domain.sorting import Sort
from mistserver.store import accounts, backends, inventory, machines
from mistserver.store.backends import StoredBackend
from mistserver.store.database import Database
from mistserver.store.machine_order import FIELDS
from mistserver.store.machines import Filter
from mistserver.store.readings import Shown, asked_for, prepare

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EAST = timezone(timedelta(hours=5))


class Fleet:
    """Two backends of one account: `beta` with most machines, `Alpha` with two."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.account_id = new_id()
        database.write_now(accounts.insert, Account(id=self.account_id, name="lab", created_at=NOW))
        self.beta, self.alpha = self._backend("beta", "dummy"), self._backend("Alpha", "another")
        self.apply(
            self.beta,
            seen("m1", size="small", created_at=NOW),
            seen("m2", size="large", created_at=NOW + timedelta(milliseconds=500), image="deb"),
            seen("m3", size="small", created_at=(NOW - timedelta(hours=1)).astimezone(EAST)),
            seen("m4", state=MachineState.STOPPED),
            seen("m5", size='"q"', image="\u2603", created_at=NOW + timedelta(seconds=1), location="0"),
        )
        self.apply(self.alpha, seen("m6", size="Small"), seen("m3", external_id="other", created_at=NOW))

    def _backend(self, name: str, provider: str) -> StoredBackend:
        shown = Backend(
            id=new_id(), name=name, provider=provider, provider_label=provider, region=None, endpoint=None, settings={},
            enabled=True, state="online", address_use="public", jump_host=None, created_at=NOW, read_at=NOW,
            trouble=None,
        )  # fmt: skip
        stored = StoredBackend(
            account_id=self.account_id, backend=shown, ca_pem=None, secret=b"sealed", identity=new_id()
        )
        self.database.write_now(backends.insert, stored)
        return stored

    def apply(self, stored: StoredBackend, *readings: MachineReading) -> None:
        self.database.write_now(inventory.apply_reading, stored, prepare(readings), NOW, NOW)

    def page(self, sort: Sort, limit: int, cursor: str | None) -> Any:
        return self.database.read_now(machines.page, self.account_id, Filter(sort=sort), limit, cursor)

    def sorted(self, field: str, descending: bool = False) -> list[Machine]:
        return list(self.page(Sort(field, descending), 100, None).items)


def seen(name: str, external_id: str = "", **more: Any) -> MachineReading:
    return MachineReading(external_id=external_id or name, name=name, **{"state": MachineState.RUNNING, **more})


@pytest.fixture
def fleet(database: Database) -> Fleet:
    return Fleet(database)


def names(found: list[Machine]) -> list[str]:
    return [machine.name for machine in found]


def test_moments_sort_as_moments_and_what_has_none_is_last_in_both_directions(fleet: Fleet) -> None:
    assert names(fleet.sorted("created_at")) == ["m3", "m1", "m3", "m2", "m5", "m4", "m6"]
    assert names(fleet.sorted("created_at", True)) == ["m5", "m2", "m1", "m3", "m3", "m4", "m6"]


def test_machines_of_one_value_are_listed_by_name(fleet: Fleet) -> None:
    assert names(fleet.sorted("state")) == ["m1", "m2", "m3", "m3", "m5", "m6", "m4"]
    assert names(fleet.sorted("state", True)) == ["m4", "m1", "m2", "m3", "m3", "m5", "m6"]


def test_backend_and_provider_are_fields_too(fleet: Fleet) -> None:
    assert {one.backend_name for one in fleet.sorted("backend")[:2]} in ({"Alpha"}, {"beta"})
    assert [one.provider for one in fleet.sorted("provider", True)] == ["dummy"] * 5 + ["another"] * 2


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_hold_each_machine_once_and_in_the_order_of_the_whole(
    fleet: Fleet, field: str, descending: bool, limit: int
) -> None:
    whole = fleet.sorted(field, descending)
    sort, cursor = Sort(field, descending), None
    found: list[Machine] = []
    for _ in range(len(whole)):
        page = fleet.page(sort, limit, cursor)
        raw, next_cursor = fleet.database.read_now(
            machines.page_json, fleet.account_id, Filter(sort=sort), limit, cursor
        )
        assert msgspec.json.decode(raw, type=list[Machine]) == page.items
        assert next_cursor == page.next_cursor
        found += page.items
        if (cursor := page.next_cursor) is None:
            break

    assert [one.id for one in found] == [one.id for one in whole]
    assert len(found) == 7


def test_what_comes_and_goes_between_two_pages_neither_repeats_nor_hides_the_others(fleet: Fleet) -> None:
    sort = Sort("size")
    before = fleet.sorted("size")
    first = fleet.page(sort, 3, None)
    gone, kept = first.items[0], [one.id for one in before[3:]]
    fleet.database.write_now(inventory.hide, fleet.account_id, gone.id, NOW)
    asked = asked_for(Shown(external_id="", name="a new one", state=MachineState.PENDING, size="0"), "mark")
    fleet.database.write_now(inventory.ask_for, fleet.beta, asked, NOW + timedelta(hours=1), NOW)

    second = fleet.page(sort, 100, first.next_cursor)

    assert [one.id for one in second.items if one.name != "a new one"] == kept


def test_a_cursor_of_another_order_is_refused(fleet: Fleet) -> None:
    by_size = fleet.page(Sort("size"), 2, None).next_cursor
    by_name = fleet.page(Sort("name"), 2, None).next_cursor

    for sort, cursor in ((Sort("size", True), by_size), (Sort("image"), by_size), (Sort("size"), by_name)):
        with pytest.raises(InvalidInput, match="cursor"):
            fleet.page(sort, 2, cursor)
