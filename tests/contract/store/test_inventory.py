"""Machines from readings and jobs, on every database."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from mistserver.domain.account import Account
from mistserver.domain.backend import Backend, Trouble
from mistserver.domain.errors import InvalidInput
from mistserver.domain.ids import new_id
from mistserver.domain.key import HostKey
from mistserver.domain.machine import Action, Machine, MachineReading, MachineState
from mistserver.domain.selector import select
from mistserver.store import accounts, backends, host_keys, inventory, machines, tags
from mistserver.store.backends import StoredBackend
from mistserver.store.database import Database
from mistserver.store.host_keys import Remembered, machine_owner
from mistserver.store.inventory import Changes
from mistserver.store.machines import Filter
from mistserver.store.readings import Shown, asked_for, prepare

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def seen(name: str, external_id: str = "", **more: Any) -> MachineReading:
    return MachineReading(external_id=external_id or name, name=name, **{"state": MachineState.RUNNING, **more})


class Store:
    """One account with one backend, and a clock."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.account_id = new_id()
        self.now = NOW
        database.write_now(accounts.insert, Account(id=self.account_id, name="lab", created_at=NOW))
        self.backend = self.add_backend("cloud")

    def add_backend(self, name: str) -> StoredBackend:
        shown = Backend(
            id=new_id(), name=name, provider="dummy", provider_label="dummy", region=None, endpoint=None, settings={},
            enabled=True, state="online", address_use="public", jump_host=None, created_at=NOW, read_at=None,
            trouble=None,
        )  # fmt: skip
        stored = StoredBackend(
            account_id=self.account_id, backend=shown, ca_pem=None, secret=b"sealed", identity=new_id()
        )
        self.database.write_now(backends.insert, stored)
        return stored

    def fresh(self) -> StoredBackend:
        found = self.database.read_now(backends.get, self.account_id, self.backend.id)
        assert found is not None
        return found

    def apply(self, *readings: MachineReading, began: datetime | None = None) -> Changes:
        """A whole reading a minute later."""
        self.now += MINUTE
        started_at = began or self.now - timedelta(seconds=1)
        return self.database.write_now(inventory.apply_reading, self.fresh(), prepare(readings), started_at, self.now)

    def write(self, work: Any, *args: Any) -> Any:
        self.now += timedelta(seconds=10)
        return self.database.write_now(work, *args)

    def all(self, **filter: Any) -> list[Machine]:
        return self.database.read_now(machines.find, self.account_id, Filter(**filter))

    def one(self, name: str) -> Machine:
        return next(machine for machine in self.all() if machine.name == name)

    def names(self) -> list[str]:
        return [machine.name for machine in self.all()]

    def version(self) -> int:
        return self.database.read_now(inventory.version, self.account_id)


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def test_new_changed_same_and_gone(store: Store) -> None:
    first = store.apply(seen("a"), seen("b"))
    before = {machine.external_id: machine.id for machine in store.all()}
    second = store.apply(seen("a"), seen("b2", "b"), seen("c"))
    third = store.apply(seen("a"), seen("b2", "b"), seen("c"))
    fourth = store.apply(seen("c"))

    assert (first.first, len(first.appeared)) == (True, 2)
    assert ([name for _, name in second.appeared], second.changed, second.gone) == (["c"], 1, [])
    assert not third
    assert sorted(name for _, name in fourth.gone) == ["a", "b2"]
    assert store.names() == ["c"]
    assert before["b"] != before["a"]


def test_the_version_grows_only_when_there_is_something_to_see(store: Store) -> None:
    stopped = seen("a", state=MachineState.STOPPED)
    versions = [store.version()]
    for readings in ([seen("a")], [seen("a")], [stopped], [stopped], [seen("a", tags=("t",))], []):
        store.apply(*readings)
        versions.append(store.version())

    assert [later > earlier for earlier, later in pairwise(versions)] == [True, False, True, False, True, True]


def test_everything_that_was_read_is_shown(store: Store) -> None:
    reading = MachineReading(
        external_id="i-1", name="web", state=MachineState.STOPPED, public_ips=("10.0.0.1", "::1"),
        private_ips=("192.168.0.1",), size="m", image="img", location="eu", tags=("b", "a", "a"),
        actions=(Action.START,), created_at=NOW, ssh_host="host", ssh_port=2222, extra={"k": [1, None, {"x": "ü"}]},
    )  # fmt: skip
    store.apply(reading)

    (machine,) = store.all()
    assert msgspec.structs.asdict(machine) == {
        "id": machine.id, "backend_id": store.backend.id, "backend_name": "cloud", "provider": "dummy",
        "external_id": "i-1", "name": "web", "state": "stopped", "public_ips": ("10.0.0.1", "::1"),
        "private_ips": ("192.168.0.1",), "size": "m", "image": "img", "location": "eu", "tags": ("a", "b"),
        "actions": ("start",), "created_at": NOW, "seen_at": store.now, "stale": False, "ssh_host": "host",
        "ssh_port": 2222, "extra": {"k": [1, None, {"x": "ü"}]},
    }  # fmt: skip


def test_a_machine_that_was_asked_for_is_found_by_its_mark(store: Store) -> None:
    shown = Shown(external_id="", name="new", state=MachineState.PENDING)
    asked = store.write(inventory.ask_for, store.backend, asked_for(shown, "mark-1"), store.now + 5 * MINUTE, store.now)
    pending = store.one("new")
    absent = store.apply()
    found = store.apply(seen("new", "i-1", mark="mark-1"))

    machine = store.one("new")
    assert (pending.id, pending.external_id, pending.seen_at, pending.state) == (asked, "", None, "pending")
    assert not absent
    assert (machine.id, machine.external_id, machine.state) == (asked, "i-1", "running")
    assert (found.appeared, found.changed) == ([], 1)


def test_a_machine_that_was_asked_for_and_never_came_goes_after_its_time(store: Store) -> None:
    shown = Shown(external_id="", name="new", state=MachineState.PENDING)
    store.write(inventory.ask_for, store.backend, asked_for(shown, "mark-1"), store.now + MINUTE, store.now)
    store.apply()
    store.apply()

    assert store.names() == []


def test_what_a_create_answered_joins_the_row_that_asked_even_when_a_reading_came_first(store: Store) -> None:
    shown = Shown(external_id="", name="new", state=MachineState.PENDING)
    asked = store.write(inventory.ask_for, store.backend, asked_for(shown, "mark-1"), store.now + 9 * MINUTE, store.now)
    store.apply(seen("new", "i-1"))
    answered = seen("new", "i-1", mark="mark-1", state=MachineState.PENDING)
    joined = store.write(inventory.put_reading, store.backend, answered, store.now)
    again = store.write(inventory.put_reading, store.backend, answered, store.now)

    assert joined == again == asked
    assert [machine.id for machine in store.all()] == [asked]


def test_a_pending_machine_survives_readings_that_lack_it_and_says_when_it_was_seen(store: Store) -> None:
    store.write(inventory.put_reading, store.backend, seen("new"), store.now, store.now + 5 * MINUTE)
    at = store.one("new").seen_at
    store.apply()
    missed = store.one("new").seen_at
    store.apply(seen("new"))

    assert at == missed == NOW
    assert store.one("new").seen_at == store.now


def test_a_reading_that_began_before_a_job_touched_the_machine_leaves_it(store: Store) -> None:
    store.apply(seen("a"), seen("b"))
    machine, other = store.one("a"), store.one("b")
    store.write(inventory.set_state, store.account_id, machine.id, MachineState.REBOOTING, store.now)
    store.write(inventory.hide, store.account_id, other.id, store.now)
    changes = store.apply(seen("a"), seen("b"), began=store.now - MINUTE)
    kept = store.one("a").state
    store.apply(seen("a"))

    assert not changes
    assert kept == "rebooting"
    assert store.one("a").state == "running"
    assert store.names() == ["a"]


def test_a_destroyed_machine_is_hidden_at_once_and_gone_with_the_next_reading(store: Store) -> None:
    store.apply(seen("a"))
    machine = store.one("a")
    store.write(inventory.hide, store.account_id, machine.id, store.now)
    hidden = store.names(), store.database.read_now(machines.get, store.account_id, machine.id)
    terminated = store.apply(seen("a", state=MachineState.TERMINATED))
    still = store.names()
    gone = store.apply()

    assert hidden == ([], None)
    assert still == []
    assert (terminated.changed, gone.gone) == (0, [])
    assert store.database.read_now(machines.matching, store.account_id, "a") == ("none", [])


def test_a_machine_that_was_not_destroyed_after_all_comes_back_under_its_id(store: Store) -> None:
    store.apply(seen("a"))
    machine = store.one("a")
    store.write(inventory.hide, store.account_id, machine.id, store.now)
    store.apply(seen("a"))

    assert store.one("a").id == machine.id


def test_what_belongs_to_a_machine_goes_with_it(store: Store) -> None:
    store.apply(seen("a"))
    machine = store.one("a")
    key = HostKey(host="h", port=22, algorithm="x", public="x y", fingerprint="f", first_seen_at=NOW)
    owner = machine_owner(machine.id)
    store.write(tags.add, machine.id, ["kept"])
    store.write(host_keys.remember, Remembered(account_id=store.account_id, owner=owner, key=key))
    tagged = store.one("a").tags
    store.apply()

    assert tagged == ("kept",)
    assert store.database.read_now(tags.of_machine, machine.id) == []
    assert store.database.read_now(host_keys.of_owners, store.account_id, [owner]) == []


def test_trouble_marks_machines_stale_and_a_good_reading_clears_it(store: Store) -> None:
    store.apply(seen("a"))
    store.write(backends.record_trouble, store.backend.id, Trouble(code="x", message="y", at=NOW))
    stale, state = store.one("a").stale, store.fresh().backend.state
    version = store.version()
    store.apply(seen("a"))

    assert (stale, state) == (True, "error")
    assert not store.one("a").stale
    assert store.version() > version


def test_a_term_picks_in_the_database_what_the_selector_picks(store: Store) -> None:
    names = ["web", "Web", "web-1", "WEB-2", "100%", "other", "a_b", "back\\slash"]
    store.apply(*(seen(name, f"i-{n}", public_ips=(f"10.0.0.{n}",)) for n, name in enumerate(names)))
    everything = store.database.read_now(machines.candidates, store.account_id)
    for term in ("web", "WEB", "Web-2", "eb-", "i-1", "10.0.0.1", "%", "_", "web-1 ", "", "absent", "\\"):
        level, found = select(term, everything)
        expected = level, [candidate.id for candidate in found]
        assert store.database.read_now(machines.matching, store.account_id, term) == expected


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_hold_every_machine_once_in_order(store: Store, limit: int) -> None:
    names = ["b", "a", "B", "ä", "a", "%", "-x", "", "z\u202e"]
    store.apply(*(seen(name, f"i-{number}") for number, name in enumerate(names)))
    found: list[Machine] = []
    encoded: list[Machine] = []
    cursor = None
    while True:
        page = store.database.read_now(machines.page, store.account_id, Filter(), limit, cursor)
        raw, next_cursor = store.database.read_now(machines.page_json, store.account_id, Filter(), limit, cursor)
        found += page.items
        encoded += msgspec.json.decode(raw, type=list[Machine])
        assert next_cursor == page.next_cursor
        if page.next_cursor is None:
            break
        cursor = page.next_cursor

    assert found == encoded
    assert sorted(machine.name for machine in found) == sorted(names)
    assert [machine.id for machine in found] == [machine.id for machine in store.all()]


def test_thousands_of_machines_with_tags_are_the_same_as_records_and_as_json(store: Store) -> None:
    store.apply(*(seen(f"m-{number}", tags=("n",) if number % 2 else ()) for number in range(2000)))
    for machine in store.all()[::50]:
        store.database.write_now(tags.add, machine.id, ['kept "quoted"', "n"])

    raw, _ = store.database.read_now(machines.page_json, store.account_id, Filter(), 10_000, None)
    records = store.all()

    assert msgspec.json.decode(raw, type=list[Machine]) == records
    assert len(store.all(tag='kept "quoted"')) == 40
    assert len(store.all(tag="n")) == len([machine for machine in records if "n" in machine.tags])
    assert len(store.database.read_now(machines.get_many, store.account_id, [item.id for item in records])) == 2000


def test_another_account_sees_nothing(store: Store) -> None:
    store.apply(seen("a"))
    machine = store.one("a")
    stranger = new_id()

    assert store.database.read_now(machines.get, stranger, machine.id) is None
    assert store.database.read_now(machines.find, stranger, Filter(backend_id=store.backend.id)) == []
    assert store.database.read_now(machines.candidates, stranger) == []
    assert store.database.read_now(backends.get, stranger, store.backend.id) is None


def test_a_nul_in_a_question_finds_nothing_or_is_refused(store: Store) -> None:
    store.apply(seen("a"))
    for question in (Filter(state="\0"), Filter(tag="a\0b"), Filter(backend_id="\0")):
        with suppress(InvalidInput):
            assert store.database.read_now(machines.find, store.account_id, question) == []


def test_deleting_a_backend_takes_its_machines_along(store: Store) -> None:
    store.apply(seen("a"))
    store.write(backends.delete, store.backend.id)

    assert store.all() == []
