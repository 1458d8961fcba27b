"""Packets of machines' own collectd: what is not as it should be is dropped, counted, and stops nothing."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from mistserver.domain.account import Scope
from mistserver.domain.errors import Conflict, Forbidden, NotFound, Unavailable
from mistserver.services.monitoring import collectd_network, take
from mistserver.services.monitoring.collectd_network import Listener
from mistserver.store import monitoring
from tests.support.packets import GAUGE, encrypted, signed, value_list
from tests.support.watching import START, Watch
from tests.unit.services.monitoring.test_take import names

PACKET = value_list(("users", "", "users", ""), int(START.timestamp()), (GAUGE, 3.0))


@pytest.fixture
def open_watch(watch: Watch, unused_udp_port: int) -> Watch:
    """One whose service listens for packets."""
    import dataclasses

    settings = dataclasses.replace(watch.ctx.settings, collectd_port=unused_udp_port)
    watch.ctx = dataclasses.replace(watch.ctx, settings=settings)
    return watch


async def opened(watch: Watch, machine: str) -> str:
    """The password of the machine's packets."""
    told = await collectd_network.open_for(watch.ctx, watch.small.actor, machine)
    found = re.search(r'Password "([^"]+)"', told.configuration)
    assert found is not None
    return found[1]


async def taken(watch: Watch, *packets: bytes) -> dict[str, int]:
    """What was counted of the packets once all of them were looked at."""
    listener = Listener(watch.ctx)
    await listener.start()
    for packet in packets:
        listener.datagram_received(packet, ("127.0.0.1", 1))
    await listener.close()
    return watch.ctx.metrics.refused


@pytest.mark.parametrize("seal", [signed, encrypted])
async def test_what_is_signed_or_encrypted_is_taken(
    open_watch: Watch, seal: Callable[[bytes, str, str], bytes]
) -> None:
    machine = open_watch.machine("db")
    password = await opened(open_watch, machine)

    assert await taken(open_watch, seal(PACKET, machine, password)) == {}
    assert await names(open_watch, machine) == ["users"]


async def test_what_is_not_is_counted_and_the_rest_is_taken(open_watch: Watch) -> None:
    machine, other = open_watch.machine("db"), open_watch.machine("web")
    password = await opened(open_watch, machine)

    refused = await taken(
        open_watch,
        PACKET,
        signed(PACKET, machine, "another"),
        signed(PACKET, other, password),
        signed(PACKET, "nothing", password),
        b"",
        b"\xff" * 1400,
        signed(b"\0\6\0\4", machine, password),
        signed(PACKET, machine, password),
    )

    assert refused["packets_not_signed"] + refused["packets_broken"] == 7
    assert await names(open_watch, machine) == ["users"]
    assert await names(open_watch, other) == []


@pytest.mark.parametrize(
    ("error", "counted"),
    [(Unavailable("The disk is full."), {"packets_not_kept": 1}), (RuntimeError("a fault of ours"), {})],
)
async def test_the_next_packet_is_taken_after_one_that_could_not_be_kept(
    open_watch: Watch, monkeypatch: pytest.MonkeyPatch, error: Exception, counted: dict[str, int]
) -> None:
    machine = open_watch.machine("db")
    password = await opened(open_watch, machine)
    packet, keep, errors = signed(PACKET, machine, password), take.keep, [error]

    async def sometimes(*args: object) -> None:
        if errors:
            raise errors.pop()
        await keep(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(take, "keep", sometimes)

    assert await taken(open_watch, packet, packet) == counted
    assert await names(open_watch, machine) == ["users"]


async def test_more_than_can_wait_is_dropped(open_watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collectd_network, "_WAITING", 2)

    refused = await taken(open_watch, *[b"x"] * 5)

    assert refused["packets_too_many"] == 3


async def test_only_who_operates_a_machine_is_told_a_password(open_watch: Watch) -> None:
    machine = open_watch.machine("db")
    viewer = replace(open_watch.small.actor, scope=Scope.READ)
    with pytest.raises(Forbidden):
        await collectd_network.open_for(open_watch.ctx, viewer, machine)
    with pytest.raises(NotFound):
        await collectd_network.open_for(open_watch.ctx, open_watch.small.as_stranger(), machine)


async def test_a_service_that_does_not_listen_says_so(watch: Watch) -> None:
    machine = watch.machine("db")
    watch.small.write(monitoring.remove, machine)
    with pytest.raises(Conflict, match="--collectd-port"):
        await collectd_network.open_for(watch.ctx, watch.small.actor, machine)
    assert watch.small.read(monitoring.get, watch.account, machine) is None
