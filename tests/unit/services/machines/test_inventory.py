"""Reading backends: what hangs, fails or answers nonsense neither delays nor hides the others."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from mistserver.domain.backend import Trouble
from mistserver.domain.errors import ProviderAuthFailed, ProviderRateLimited
from mistserver.domain.machine import MachineReading, MachineState
from mistserver.services.backends.delete import delete
from mistserver.services.flights import Flights
from mistserver.services.machines import inventory
from mistserver.services.machines import list as machine_list
from mistserver.services.machines.list import MachinePage, MachineQuery
from mistserver.store import backends
from tests.support.dummy_provider import cloud
from tests.support.quiet_service import Quiet
from tests.support.read_backends import HOSTILE, added, by_name, listed

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def test_one_hangs_one_fails_one_answers_nonsense_and_the_others_are_shown(quiet: Quiet) -> None:
    await added(quiet, "good", "better", "hangs", "fails", "nonsense")
    for account in ("good", "better", "hangs", "fails", "nonsense"):
        cloud(account).add(f"{account}-2")
    cloud("hangs").held = threading.Event()
    cloud("fails").failure = ProviderRateLimited("Too many calls.")
    cloud("nonsense").answer = lambda: "<html>"

    page = await listed(quiet)

    names = {machine.name: machine.stale for machine in page.items}
    fares = {reading.name: (reading.state, reading.trouble and reading.trouble.code) for reading in page.backends}
    assert names == {
        "good-1": False, "good-2": False, "better-1": False, "better-2": False,
        "hangs-1": False, "fails-1": True, "nonsense-1": True,
    }  # fmt: skip
    assert fares == {
        "good": ("online", None),
        "better": ("online", None),
        "hangs": ("online", "provider_timeout"),
        "fails": ("error", "provider_rate_limited"),
        "nonsense": ("error", "provider_bad_answer"),
    }


async def test_an_answer_that_comes_later_is_still_applied(quiet: Quiet) -> None:
    (stored,) = await added(quiet, "slow")
    cloud("slow").add("slow-2")
    held = cloud("slow").held = threading.Event()

    before = await listed(quiet)
    held.set()
    await inventory.start(quiet.ctx, stored)
    after = await listed(quiet)

    assert (len(before.items), len(after.items)) == (1, 2)


async def test_a_listing_that_waits_for_nothing_has_what_is_old_read_meanwhile(quiet: Quiet) -> None:
    (stored,) = await added(quiet, "slow")
    quiet.write(backends.record_reading, stored.id, quiet.ctx.now() - timedelta(seconds=60))
    cloud("slow").add("slow-2")
    held = cloud("slow").held = threading.Event()
    cloud("slow").reached.clear()

    before = await listed(quiet, refresh=False, wait=False)
    assert await asyncio.to_thread(cloud("slow").reached.wait, 30)
    held.set()
    await inventory.start(quiet.ctx, stored)
    after = await listed(quiet, refresh=False, wait=False)

    assert (len(before.items), len(after.items)) == (1, 2)


async def test_only_the_first_listing_waits_for_a_backend_that_hangs(
    quiet: Quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stored,) = await added(quiet, "slow")
    now = [0.0]
    monkeypatch.setattr(quiet.ctx.providers, "readings", Flights(clock=lambda: now[0]))
    waits: list[int] = []

    async def wait(readings: list[asyncio.Task[None]], limit_s: float) -> None:
        waits.append(len(readings))

    monkeypatch.setattr(inventory, "_wait", wait)
    quiet.write(backends.record_reading, stored.id, quiet.ctx.now() - timedelta(seconds=60))
    cloud("slow").held = threading.Event()
    await listed(quiet, refresh=False)
    now[0] = 1.0
    await listed(quiet, refresh=False)
    await listed(quiet, refresh=True)

    assert waits == [1, 0, 0, 0, 0, 1]


async def test_a_backend_that_hangs_is_read_once_at_a_time(quiet: Quiet) -> None:
    await added(quiet, "slow")
    cloud("slow").held = threading.Event()
    cloud("slow").asked.clear()

    await asyncio.gather(*(listed(quiet) for _ in range(20)))

    assert cloud("slow").asked == ["list_machines"]


async def test_past_the_deadline_the_last_good_reading_stays_with_its_age(quiet: Quiet) -> None:
    await added(quiet, "slow")
    cloud("slow").held = threading.Event()
    object.__setattr__(quiet.ctx.settings, "inventory_timeout_s", 0.05)

    page = await listed(quiet)

    (reading,) = page.backends
    assert reading.trouble is not None
    assert reading.trouble.code == "provider_timeout"
    assert reading.age_s is not None
    assert page.items[0].stale
    assert page.items[0].seen_at == reading.read_at


async def test_hung_threads_of_one_backend_leave_the_others_their_places(quiet: Quiet) -> None:
    await added(quiet, "hangs", "good")
    cloud("hangs").held = threading.Event()
    object.__setattr__(quiet.ctx.settings, "inventory_timeout_s", 0.02)

    for _ in range(8):
        await listed(quiet)
    cloud("good").add("good-2")
    page = await listed(quiet)

    assert "good-2" in by_name(page)
    assert len([thread for thread in threading.enumerate() if thread.name == "provider-dummy"]) <= 5


async def test_bad_and_good_again_are_events_once(quiet: Quiet) -> None:
    await added(quiet, "shaky")
    cloud("shaky").failure = OSError("unreachable")
    await listed(quiet)
    await listed(quiet)
    cloud("shaky").failure = None
    page = await listed(quiet)

    assert quiet.kinds() == ["backend.added", "backend.failing", "backend.recovered"]
    assert quiet.events("backend.failing")[0].outcome == "failed"
    assert page.backends[0].trouble is None


async def test_machines_that_come_and_go_outside_are_events_many_are_one(quiet: Quiet) -> None:
    await added(quiet, "cloud")
    made = cloud("cloud").add("by hand")
    await listed(quiet)
    del cloud("cloud").machines[made.external_id]
    await listed(quiet)
    for number in range(20):
        cloud("cloud").add(f"many-{number:02}")
    await listed(quiet)

    assert quiet.kinds()[1:] == ["machine.appeared", "machine.disappeared", "machine.appeared"]
    assert quiet.events("machine.appeared")[0].details["count"] == 20


async def test_a_machine_keeps_its_id_while_everything_else_changes(quiet: Quiet) -> None:
    await added(quiet, "cloud")
    before = by_name(await listed(quiet))["cloud-1"]
    reading = cloud("cloud").machines["m-0"]
    cloud("cloud").machines["m-0"] = msgspec.structs.replace(reading, name="other", state=MachineState.STOPPED)

    after = by_name(await listed(quiet))["other"]

    assert after.id == before.id
    assert after.state == "stopped"


async def test_hostile_names_are_kept_and_shown_as_data(quiet: Quiet) -> None:
    await added(quiet, "cloud")
    for name in HOSTILE:
        cloud("cloud").add(name, tags=(name,), extra={"note": name, name: [name]})

    page = await listed(quiet)
    encoded = await machine_list.page_json(quiet.ctx, quiet.admin, MachineQuery())

    names = {machine.name for machine in page.items}
    assert len(page.items) == len(HOSTILE) + 1
    assert {"-rf", "$(reboot)", "\x1b[31mred\x1b[0m", "nul\ufffdbyte"} <= names
    assert max(map(len, names)) == 255
    assert msgspec.json.decode(encoded.body, type=MachinePage).items == page.items


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [None],
        [{"external_id": "x"}],
        [MachineReading(external_id="", name="x", state=MachineState.RUNNING)],
        [MachineReading(external_id="y" * 600, name="x", state=MachineState.RUNNING)],
        [MachineReading(external_id=5, name="x", state=MachineState.RUNNING)],  # type: ignore[arg-type]
        [MachineReading(external_id="a", name=None, state=MachineState.RUNNING)],  # type: ignore[arg-type]
        [MachineReading(external_id="a", name="x", state="flying")],  # type: ignore[arg-type]
        [MachineReading(external_id="a", name="x", state=MachineState.RUNNING, size=5)],  # type: ignore[arg-type]
    ],
)
async def test_nonsense_is_a_bad_answer_and_hides_nothing(quiet: Quiet, answer: Any) -> None:
    await added(quiet, "cloud")
    cloud("cloud").answer = lambda: answer

    page = await listed(quiet)

    assert [machine.name for machine in page.items] == ["cloud-1"]
    assert page.backends[0].trouble is not None
    assert page.backends[0].trouble.code == "provider_bad_answer"


async def test_a_fresh_reading_is_not_asked_for_again(quiet: Quiet) -> None:
    await added(quiet, "cloud")
    cloud("cloud").asked.clear()

    await listed(quiet, refresh=False)

    assert cloud("cloud").asked == []


async def test_an_old_reading_is_asked_for_again_by_a_listing(quiet: Quiet) -> None:
    (stored,) = await added(quiet, "cloud")
    quiet.write(backends.record_reading, stored.id, quiet.ctx.now() - timedelta(seconds=60))
    cloud("cloud").add("new")

    page = await listed(quiet, refresh=False)

    assert "new" in by_name(page)


async def test_a_backend_deleted_while_it_is_read_stays_deleted(quiet: Quiet) -> None:
    (stored,) = await added(quiet, "cloud")
    held = cloud("cloud").held = threading.Event()
    cloud("cloud").reached.clear()
    reading = inventory.start(quiet.ctx, stored)
    assert await asyncio.to_thread(cloud("cloud").reached.wait, 5)
    await delete(quiet.ctx, quiet.admin, stored.id)
    held.set()
    await reading

    assert (await listed(quiet)).items == []


async def test_the_loop_reads_every_account(quiet: Quiet) -> None:
    await added(quiet, "mine")
    inventory.schedule(quiet.ctx)
    every_s, work = quiet.loops.names["inventory"]
    cloud("mine").asked.clear()

    await work()

    assert every_s == quiet.ctx.settings.inventory_interval_s
    assert cloud("mine").asked == ["list_machines"]


async def test_a_backend_that_keeps_failing_is_left_alone_until_somebody_asks_for_it(quiet: Quiet) -> None:
    (stored,) = await added(quiet, "locked")
    cloud("locked").failure = ProviderAuthFailed("The token is wrong.")
    await listed(quiet)
    object.__setattr__(quiet.ctx.settings, "inventory_fresh_s", 0.0)
    cloud("locked").asked.clear()

    await inventory.read_all(quiet.ctx)
    page = await listed(quiet, refresh=False)
    unasked = list(cloud("locked").asked)
    await listed(quiet, refresh=True)

    trouble = page.backends[0].trouble
    assert unasked == []
    assert trouble is not None
    assert trouble.next_try_at is not None
    assert trouble.next_try_at > quiet.ctx.now()
    assert cloud("locked").asked == ["list_machines"]
    assert quiet.read(backends.get, stored.account_id, stored.id).backend.trouble.failures == 2


async def test_after_a_pause_the_loop_asks_again_and_the_first_success_ends_the_trouble(quiet: Quiet) -> None:
    (stored,) = await added(quiet, "shaky")
    over = Trouble(code="provider_timeout", message="late", at=LONG_AGO, failures=7, next_try_at=LONG_AGO)
    quiet.write(backends.record_trouble, stored.id, over)

    await inventory.read_all(quiet.ctx)

    assert quiet.read(backends.get, stored.account_id, stored.id).backend.trouble is None
    assert quiet.kinds()[-1] == "backend.recovered"


async def test_ten_thousand_machines_of_one_cloud_are_all_listed(quiet: Quiet) -> None:
    await added(quiet, "big")
    for number in range(9_999):
        cloud("big").add(f"web-{number:05}", public_ips=(f"10.0.{number // 256}.{number % 256}",), tags=("web",))
    object.__setattr__(quiet.ctx.settings, "refresh_wait_s", 30.0)

    encoded = await machine_list.page_json(quiet.ctx, quiet.admin, MachineQuery(refresh=True, limit=10_000))

    decoded = msgspec.json.decode(encoded.body, type=MachinePage)
    assert len(decoded.items) == 10_000
    assert len({machine.id for machine in decoded.items}) == 10_000
    assert decoded.next_cursor is None
