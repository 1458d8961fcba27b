"""The images of a backend: the default ones, all, or those that a search finds."""

from __future__ import annotations

from functools import partial

import msgspec

from mistserver.domain.account import Actor
from mistserver.domain.catalog import Image
from mistserver.domain.page import Page
from mistserver.providers.base import Provider
from mistserver.services.backends.get import get_stored
from mistserver.services.catalog.asking import ask, part
from mistserver.services.context import Context
from mistserver.store import stars
from mistserver.store.backends import StoredBackend

EVERYTHING = "all"


class ImageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Without `search` the default images, with `all` every one, else what matches id or name."""

    search: str | None = None
    limit: int | None = None
    cursor: str | None = None


async def images(ctx: Context, actor: Actor, backend_id: str, query: ImageQuery) -> Page[Image]:
    """Images as the provider has them; the stars that users gave or took count before the provider's."""
    stored = await get_stored(ctx, actor, backend_id)
    said = await ctx.database.read(stars.of_backend, backend_id)
    search = (query.search or "").strip()
    if search:
        found = _with_stars(await _ask(ctx, stored, search), said)
    else:
        found = await _default(ctx, stored, said)
    return part(found, query.limit, query.cursor)


async def _default(ctx: Context, stored: StoredBackend, said: dict[str, bool]) -> list[Image]:
    found = _with_stars(await _ask(ctx, stored, None), said)
    shown = [image for image in found if image.star]
    # a starred image that the provider's default set lacks is looked for by its id
    missing = [id for id, starred in said.items() if starred and id not in {image.id for image in found}]
    for image_id in missing:
        matching = await _ask(ctx, stored, image_id)
        shown.extend(msgspec.structs.replace(image, star=True) for image in matching if image.id == image_id)
    return shown


async def _ask(ctx: Context, stored: StoredBackend, search: str | None) -> list[Image]:
    wanted = EVERYTHING if search is not None and search.casefold() == EVERYTHING else search
    return await ask(ctx, stored, ("images", wanted or ""), partial(_list, search=wanted))


def _list(provider: Provider, search: str | None) -> list[Image]:
    return provider.list_images(search)


def _with_stars(found: list[Image], said: dict[str, bool]) -> list[Image]:
    return [msgspec.structs.replace(image, star=said.get(image.id, image.star)) for image in found]
