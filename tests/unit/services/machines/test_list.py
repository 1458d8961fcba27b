"""Listing and selecting machines."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mistserver.domain.errors import InvalidInput, NotFound
from mistserver.domain.machine import MachineState
from mistserver.services.machines import list as machine_list
from mistserver.services.machines.list import MachinePage, MachineQuery
from mistserver.store import inventory as rows
from mistserver.store import tags
from tests.support.dummy_provider import cloud
from tests.support.quiet_service import Quiet
from tests.support.read_backends import added, by_name, listed


async def test_filters_and_pages(quiet: Quiet) -> None:
    one, _ = await added(quiet, "one", "two")
    cloud("one").add("web", tags=("prod", 'say "hi"'), public_ips=("10.9.8.7",), state=MachineState.STOPPED)
    page = await listed(quiet)
    quiet.write(tags.add, by_name(page)["two-1"].id, ["prod"])
    quiet.write(rows.bump, quiet.admin.account_id)

    async def names(**query: Any) -> list[str]:
        return [machine.name for machine in (await listed(quiet, refresh=False, **query)).items]

    assert await names(backend=one.id) == ["one-1", "web"]
    assert await names(tag="prod") == ["two-1", "web"]
    assert await names(tag='say "hi"') == ["web"]
    assert await names(tag="pro") == []
    assert await names(state="stopped") == ["web"]
    assert await names(search="9.8") == ["web"]
    assert await names(search="WE") == ["web"]
    assert await names(search="%") == []
    first = await listed(quiet, refresh=False, limit=2)
    second = await listed(quiet, refresh=False, limit=2, cursor=first.next_cursor)
    assert [machine.name for machine in [*first.items, *second.items]] == ["one-1", "two-1", "web"]
    with pytest.raises(InvalidInput, match="NUL"):
        await names(search="\0")
    with pytest.raises(InvalidInput, match="state"):
        await names(state="flying")
    with pytest.raises(NotFound):
        await names(backend="unknown")


async def test_the_encoded_page_is_the_page_and_its_etag_follows_changes(quiet: Quiet) -> None:
    await added(quiet, "one", "two")
    cloud("one").add("both", tags=("native",))
    page = await listed(quiet)
    quiet.write(tags.add, by_name(page)["both"].id, ["kept"])
    quiet.write(rows.bump, quiet.admin.account_id)

    first = await machine_list.page_json(quiet.ctx, quiet.admin, MachineQuery(limit=2))
    again = await machine_list.page_json(quiet.ctx, quiet.admin, MachineQuery(limit=2))
    records = await listed(quiet, refresh=False, limit=2)
    quiet.write(rows.set_state, quiet.admin.account_id, page.items[0].id, MachineState.REBOOTING, quiet.ctx.now())
    changed = await machine_list.page_json(quiet.ctx, quiet.admin, MachineQuery(limit=2))

    decoded = msgspec.json.decode(first.body, type=MachinePage)
    assert (decoded.items, decoded.next_cursor) == (records.items, records.next_cursor)
    assert decoded.items[0].tags == ("kept", "native")
    assert first.etag == again.etag != changed.etag
    assert b"rebooting" in changed.body


async def test_selecting_machines(quiet: Quiet) -> None:
    await added(quiet, "cloud")
    for name in ("db-server-1", "db-server-10", "DB"):
        cloud("cloud").add(name, public_ips=("10.0.0.9",))
    page = by_name(await listed(quiet))

    async def pick(term: str) -> tuple[str, list[str]]:
        level, found = await machine_list.select(quiet.ctx, quiet.admin, term)
        return level, [machine.name for machine in found]

    assert await pick("db-server-1") == ("name", ["db-server-1"])
    assert await pick(page["DB"].id) == ("id", ["DB"])
    assert await pick("m-0") == ("id", ["cloud-1"])
    assert await pick("db") == ("name_ignoring_case", ["DB"])
    assert await pick("server") == ("substring", ["db-server-1", "db-server-10"])
    assert await pick("10.0.0.9") == ("substring", ["DB", "db-server-1", "db-server-10"])
    assert await pick("absent") == ("none", [])


async def test_nothing_of_another_account_is_seen(quiet: Quiet) -> None:
    await added(quiet, "mine")
    (machine,) = (await listed(quiet)).items
    stranger = quiet.stranger()

    page = await machine_list.page(quiet.ctx, stranger, MachineQuery())
    encoded = await machine_list.page_json(quiet.ctx, stranger, MachineQuery())
    level, _ = await machine_list.select(quiet.ctx, stranger, machine.id)

    assert (page.items, page.backends, level) == ([], [], "none")
    assert b"mine" not in encoded.body
    with pytest.raises(NotFound):
        await machine_list.get(quiet.ctx, stranger, machine.id)
