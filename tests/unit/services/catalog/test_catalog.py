"""Images, sizes, locations, networks: asked live, kept with their age, starred by users."""

from __future__ import annotations

import asyncio

import pytest

from mistserver.domain.account import Scope
from mistserver.domain.backend import Backend
from mistserver.domain.catalog import Image
from mistserver.domain.errors import Forbidden, InvalidInput, NotFound, NotSupported, ProviderUnreachable
from mistserver.services.backends.add import AddBackend, add
from mistserver.services.backends.update_credentials import UpdateCredentials, update_credentials
from mistserver.services.catalog import images, locations, networks, sizes, stars
from mistserver.services.catalog.asking import Part
from mistserver.services.catalog.images import ImageQuery
from tests.support.dummy_provider import GOOD_TOKEN, cloud
from tests.support.quiet_service import Quiet


async def backend(quiet: Quiet) -> Backend:
    cloud().images = [
        Image(id="deb", name="Debian", star=True),
        Image(id="fed", name="Fedora", star=True),
        Image(id="com", name="Community"),
    ]
    made = await add(quiet.ctx, quiet.admin, AddBackend(provider="dummy", settings={"token": GOOD_TOKEN}))
    cloud().asked.clear()
    return made


async def ids(quiet: Quiet, backend_id: str, search: str | None = None) -> list[str]:
    found = await images.images(quiet.ctx, quiet.admin, backend_id, ImageQuery(search=search))
    return [image.id for image in found.items]


async def test_the_users_stars_count_before_the_providers(quiet: Quiet) -> None:
    made = await backend(quiet)
    seen = [await ids(quiet, made.id), await ids(quiet, made.id, "ALL"), await ids(quiet, made.id, "Com")]

    await stars.star(quiet.ctx, quiet.admin, made.id, "com")
    await stars.star(quiet.ctx, quiet.admin, made.id, "com")
    await stars.unstar(quiet.ctx, quiet.admin, made.id, "deb")
    everything = await images.images(quiet.ctx, quiet.admin, made.id, ImageQuery(search="all"))

    assert seen == [["deb", "fed"], ["deb", "fed", "com"], ["com"]]
    assert await ids(quiet, made.id) == ["fed", "com"]
    assert {image.id: image.star for image in everything.items} == {"deb": False, "fed": True, "com": True}


async def test_answers_are_kept_per_question_until_credentials_change(quiet: Quiet) -> None:
    made = await backend(quiet)
    await asyncio.gather(*(sizes.sizes(quiet.ctx, quiet.admin, made.id) for _ in range(5)))
    await locations.locations(quiet.ctx, quiet.admin, made.id)
    kept = list(cloud().asked)

    request = UpdateCredentials(settings={"token": GOOD_TOKEN}, region="north")
    await update_credentials(quiet.ctx, quiet.admin, made.id, request)
    await sizes.sizes(quiet.ctx, quiet.admin, made.id)

    assert [asked for asked in kept if asked != "list_machines"] == ["list_sizes", "list_locations"]
    assert cloud().asked.count("list_sizes") == 2


async def test_a_failure_is_not_kept(quiet: Quiet) -> None:
    made = await backend(quiet)
    cloud().failure = ConnectionRefusedError()
    with pytest.raises(ProviderUnreachable):
        await sizes.sizes(quiet.ctx, quiet.admin, made.id)
    cloud().failure = None

    assert len((await sizes.sizes(quiet.ctx, quiet.admin, made.id)).items) == 3


async def test_listings_come_in_pages(quiet: Quiet) -> None:
    made = await backend(quiet)

    first = await sizes.sizes(quiet.ctx, quiet.admin, made.id, Part(limit=2))
    second = await sizes.sizes(quiet.ctx, quiet.admin, made.id, Part(limit=2, cursor=first.next_cursor))

    assert [size.id for size in [*first.items, *second.items]] == ["0", "1", "2"]
    assert second.next_cursor is None
    for limit, cursor in ((0, None), (1001, None), (None, "nonsense")):
        with pytest.raises(InvalidInput):
            await sizes.sizes(quiet.ctx, quiet.admin, made.id, Part(limit=limit, cursor=cursor))


async def test_what_a_provider_lacks_is_not_supported(quiet: Quiet) -> None:
    made = await backend(quiet)

    with pytest.raises(NotSupported, match="Dummy cannot list networks"):
        await networks.networks(quiet.ctx, quiet.admin, made.id)
    assert "check" not in cloud().asked
    assert not {asked for asked in cloud().asked if asked != "list_machines"}


async def test_a_failure_later_shows_what_was_read_last_with_its_age(quiet: Quiet) -> None:
    made = await backend(quiet)
    await stars.star(quiet.ctx, quiet.admin, made.id, "com")
    good = await images.images(quiet.ctx, quiet.admin, made.id, ImageQuery())
    cloud().failure = ConnectionRefusedError()

    kept = await images.images(quiet.ctx, quiet.admin, made.id, ImageQuery())
    later = await images.images(quiet.ctx, quiet.admin, made.id, ImageQuery(refresh=True))

    assert (kept.items, kept.trouble) == (good.items, None)
    assert (later.items, later.read_at) == (good.items, good.read_at)
    assert later.trouble is not None
    assert later.trouble.code == "provider_unreachable"


async def test_the_pages_after_the_first_show_the_same_reading(quiet: Quiet) -> None:
    made = await backend(quiet)
    first = await sizes.sizes(quiet.ctx, quiet.admin, made.id, Part(limit=2, refresh=True))

    await sizes.sizes(quiet.ctx, quiet.admin, made.id, Part(limit=2, refresh=True, cursor=first.next_cursor))

    assert cloud().asked.count("list_sizes") == 1


async def test_foreign_backends_and_viewers_stars_are_refused(quiet: Quiet) -> None:
    made = await backend(quiet)
    stranger = quiet.stranger()

    with pytest.raises(NotFound):
        await images.images(quiet.ctx, stranger, made.id, ImageQuery())
    with pytest.raises(NotFound):
        await stars.star(quiet.ctx, stranger, made.id, "deb")
    with pytest.raises(Forbidden):
        await stars.star(quiet.ctx, quiet.acting(Scope.READ), made.id, "deb")
    with pytest.raises(InvalidInput):
        await stars.star(quiet.ctx, quiet.admin, made.id, "a\nb")
