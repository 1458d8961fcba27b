"""What a provider's class does not declare is refused before its cloud is asked anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from mistserver.domain.errors import NotSupported
from mistserver.domain.machine import Action, Machine, MachineState
from mistserver.providers.base import Provider
from mistserver.providers.capabilities import capabilities, listings
from mistserver.services.catalog import images, locations, networks, sizes, stars
from mistserver.services.catalog.images import ImageQuery
from mistserver.services.machines import act, create
from mistserver.services.machines.act import ActOnMachine
from mistserver.services.machines.create import CreateMachine
from mistserver.store import inventory
from tests.support.dummy_provider import GOOD_TOKEN
from tests.support.lively_provider import Lively, LivelyCloud
from tests.support.small_service import NOW, Small


@pytest.fixture
def machine(small: Small, cloud: LivelyCloud) -> Machine:
    """A machine whose reading claims that everything is possible."""
    stored = small.add_backend("lively", secret={"token": GOOD_TOKEN}, settings={"account": "main"})
    reading = cloud.add("db", state=MachineState.RUNNING, actions=tuple(Action))
    return small.machine(small.write(inventory.put_reading, stored, reading, NOW))


@pytest.mark.parametrize("action", list(Action))
async def test_an_action_that_is_not_declared(
    small: Small, cloud: LivelyCloud, machine: Machine, action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lively, "actions", frozenset(Action) - {action})
    size = "large" if action == Action.RESIZE else None

    with pytest.raises(NotSupported, match=f"Lively cannot {action} machines"):
        await act.submit(small.ctx, small.actor, machine.id, ActOnMachine(action=action, size=size))

    assert cloud.asked == []


async def test_a_create_where_none_is_declared(
    small: Small, cloud: LivelyCloud, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lively, "creates", False)

    with pytest.raises(NotSupported, match="Lively cannot create machines"):
        await create.submit(small.ctx, small.actor, CreateMachine(backend=machine.backend_id, name="web", image="deb"))

    assert cloud.asked == []


async def test_networks_for_a_create_where_there_are_none(small: Small, cloud: LivelyCloud, machine: Machine) -> None:
    request = CreateMachine(backend=machine.backend_id, name="web", image="deb", networks=["n-1"])

    with pytest.raises(NotSupported, match="Lively has no networks"):
        await create.submit(small.ctx, small.actor, request)

    assert cloud.asked == []


ASKED: dict[str, Callable[[Small, str], Awaitable[object]]] = {
    "images": lambda small, id: images.images(small.ctx, small.actor, id, ImageQuery(search="all")),
    "sizes": lambda small, id: sizes.sizes(small.ctx, small.actor, id),
    "locations": lambda small, id: locations.locations(small.ctx, small.actor, id),
    "networks": lambda small, id: networks.networks(small.ctx, small.actor, id),
}


@pytest.mark.parametrize("noun", list(ASKED))
async def test_a_listing_that_the_class_does_not_bring_or_does_without(
    small: Small, cloud: LivelyCloud, machine: Machine, noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lively, "without", frozenset({noun}))

    with pytest.raises(NotSupported, match=f"Lively cannot list {noun}"):
        await ASKED[noun](small, machine.backend_id)

    assert cloud.asked == []


async def test_a_star_where_there_are_no_images(
    small: Small, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lively, "without", frozenset({"images"}))

    with pytest.raises(NotSupported, match="Lively cannot list images"):
        await stars.star(small.ctx, small.actor, machine.backend_id, "deb")


def test_capabilities_are_derived_from_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lively, "without", frozenset({"sizes"}))
    monkeypatch.setattr(Lively, "actions", frozenset({Action.STOP, Action.START}))

    assert listings(Lively) == ("images", "locations")
    assert capabilities(Lively) == [
        "list-machines", "list-images", "list-locations", "create", "start", "stop", "native-tags", "exec", "endpoint",
    ]  # fmt: skip
    assert listings(Provider) == ()
