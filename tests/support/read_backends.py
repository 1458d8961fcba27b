"""Backends of the dummy provider that were read, and what a listing then shows."""

from __future__ import annotations

from typing import Any

from mistserver.domain.machine import Machine
from mistserver.services.backends.add import AddBackend, add
from mistserver.services.machines import inventory
from mistserver.services.machines import list as machine_list
from mistserver.services.machines.list import MachinePage, MachineQuery
from mistserver.store import backends
from tests.support.dummy_provider import GOOD_TOKEN, cloud
from tests.support.quiet_service import Quiet

HOSTILE = [
    "-rf", "$(reboot)", "`id`", "a\nb", "nul\0byte", "\x1b[31mred\x1b[0m", "\u202egnp.exe", "x" * 4096,
    "../../etc/passwd", "<script>alert(1)</script>", "\ud800lone", '"quoted\\', "=cmd()", "{{ 7 * 7 }}", "ümläut ☃", "",
    '"tags":["x"]', "\\u0000",
]  # fmt: skip


async def added(quiet: Quiet, *accounts: str) -> list[backends.StoredBackend]:
    """Backends with these accounts and names, each with one machine, already read."""
    found = []
    for account in accounts:
        cloud(account).add(f"{account}-1")
        request = AddBackend(provider="dummy", name=account, settings={"account": account, "token": GOOD_TOKEN})
        made = await add(quiet.ctx, quiet.admin, request)
        found.append(quiet.read(backends.get, quiet.admin.account_id, made.id))
    for stored in found:
        await inventory.start(quiet.ctx, stored)
    return found


async def listed(quiet: Quiet, **query: Any) -> MachinePage:
    return await machine_list.page(quiet.ctx, quiet.admin, MachineQuery(**{"refresh": True, **query}))


def by_name(page: MachinePage) -> dict[str, Machine]:
    return {machine.name: machine for machine in page.items}
