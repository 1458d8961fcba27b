"""The sizes of all backends at once: who fails is named and hides nobody, and prices sort within their currency."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mistserver.domain.catalog import Size
from mistserver.domain.errors import InvalidInput, ProviderUnreachable
from mistserver.providers.base import Provider
from mistserver.services.backends.add import AddBackend, add
from mistserver.services.backends.update import UpdateBackend, update
from mistserver.services.catalog import sizes
from mistserver.services.catalog.asking import Part
from mistserver.services.catalog.sizes import SizePage
from tests.support.dummy_provider import GOOD_TOKEN, Dummy, cloud
from tests.support.quiet_service import Quiet

OFFERS = {
    "east": [
        Size(id="e1", name="big", cores=8, ram_mb=8192, price=0.5, currency="USD", price_date="2026-03-01"),
        Size(id="e2", name="small", cores=1, ram_mb=512, price=0.01, currency="USD", price_date="2026-03-01"),
        Size(id="e3", name="Secret"),
    ],
    "west": [
        Size(id="w1", name="cheap", cores=2, ram_mb=1024, price=0.02, currency="EUR", price_date="2026-02-01"),
        Size(id="w2", name="dear", cores=2, ram_mb=2048, price=0.9, currency="USD", price_date="2026-02-01"),
    ],
}


@pytest.fixture
async def offers(quiet: Quiet, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Two backends with prices; their ids by name."""

    def list_sizes(self: Dummy) -> list[Size]:
        self._ask("list_sizes")
        return OFFERS[self.account.settings.account]

    monkeypatch.setattr(Dummy, "list_sizes", list_sizes)
    made = {}
    for name in OFFERS:
        request = AddBackend(provider="dummy", name=name, settings={"account": name, "token": GOOD_TOKEN})
        made[name] = (await add(quiet.ctx, quiet.admin, request)).id
    return made


async def listed(quiet: Quiet, sort: str | None = None, **which: Any) -> SizePage:
    return await sizes.everywhere(quiet.ctx, quiet.admin, Part(**which), sort)


def ids(page: SizePage) -> list[str]:
    return [size.id for size in page.items]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, "e1 e2 e3 w1 w2"),
        ("price", "w1 e2 e1 w2 e3"),
        ("price:desc", "w1 w2 e1 e2 e3"),
        ("cores", "e2 w1 w2 e1 e3"),
        ("ram:desc", "e1 w2 w1 e2 e3"),
        ("name", "e1 w1 w2 e3 e2"),
    ],
)
async def test_sizes_sort_by_a_field_and_what_lacks_it_is_last(
    quiet: Quiet, offers: dict[str, str], sort: str | None, order: str
) -> None:
    page = await listed(quiet, sort)

    assert ids(page) == order.split()
    assert {(size.backend_name, size.backend_id) for size in page.items} == set(offers.items())


async def test_one_backend_sorts_the_same_way(quiet: Quiet, offers: dict[str, str]) -> None:
    page = await sizes.sizes(quiet.ctx, quiet.admin, offers["east"], sort="price")

    assert [size.id for size in page.items] == ["e2", "e1", "e3"]


@pytest.mark.parametrize("sort", ["colour", "price:up"])
async def test_an_order_that_there_is_not_is_refused_with_what_there_is(
    quiet: Quiet, offers: dict[str, str], sort: str
) -> None:
    with pytest.raises(InvalidInput, match=r"price, cores|asc or desc"):
        await listed(quiet, sort)


async def test_a_backend_that_fails_is_named_and_hides_no_other(quiet: Quiet, offers: dict[str, str]) -> None:
    cloud("west").failure = ProviderUnreachable("West is gone.")
    page = await listed(quiet)
    fares = {one.name: (one.read_at is not None, one.trouble and one.trouble.message) for one in page.backends}

    assert ids(page) == ["e1", "e2", "e3"]
    assert fares == {"east": (True, None), "west": (False, "West is gone.")}


async def test_what_failed_or_hangs_is_shown_as_it_was_read_last(quiet: Quiet, offers: dict[str, str]) -> None:
    await listed(quiet)
    cloud("west").failure = ProviderUnreachable("West is gone.")
    cloud("east").held = threading.Event()
    object.__setattr__(quiet.ctx.settings, "inventory_timeout_s", 0.2)

    page = await listed(quiet, refresh=True)

    troubles = {one.name: one.trouble and one.trouble.code for one in page.backends}
    assert ids(page) == ["e1", "e2", "e3", "w1", "w2"]
    assert troubles == {"east": "provider_timeout", "west": "provider_unreachable"}
    assert all(one.read_at and one.age_s is not None for one in page.backends)


async def test_disabled_backends_and_those_without_sizes_are_not_asked(
    quiet: Quiet, offers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await update(quiet.ctx, quiet.admin, offers["west"], UpdateBackend(enabled=False))
    some = await listed(quiet)
    monkeypatch.setattr(Dummy, "list_sizes", Provider.list_sizes)
    none = await listed(quiet)

    assert [one.name for one in some.backends] == ["east"]
    assert (none.items, none.backends) == ([], [])


async def test_they_come_in_pages_too(quiet: Quiet, offers: dict[str, str]) -> None:
    first = await listed(quiet, "price", limit=3)
    second = await listed(quiet, "price", limit=3, cursor=first.next_cursor)

    assert [*ids(first), *ids(second)] == ["w1", "e2", "e1", "w2", "e3"]
    assert second.next_cursor is None
