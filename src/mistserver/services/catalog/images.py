"""The images of a backend: the default ones, all, or those that a search finds."""

from __future__ import annotations

from functools import partial

import msgspec

from mistserver.domain.account import Actor
from mistserver.domain.catalog import Image
from mistserver.providers.base import Provider
from mistserver.services.backends.get import get_stored
from mistserver.services.catalog.asking import Asked, CatalogPage, Part, ask, part
from mistserver.services.context import Context
from mistserver.store import stars
from mistserver.store.backends import StoredBackend

EVERYTHING = "all"


class ImageQuery(Part, frozen=True, kw_only=True):
    """Without `search` the default images, with `all` every one, else what matches id or name."""

    search: str | None = None


async def images(ctx: Context, actor: Actor, backend_id: str, query: ImageQuery) -> CatalogPage[Image]:
    """Images as the provider has them; the stars that users gave or took count before the provider's."""
    stored = await get_stored(ctx, actor, backend_id)
    said = await ctx.database.read(stars.of_backend, backend_id)
    search = (query.search or "").strip()
    if search:
        found = _with_stars(await _ask(ctx, stored, search, query.anew), said)
    else:
        found = await _default(ctx, stored, said, query.anew)
    return part(ctx, found, query)


async def _default(ctx: Context, stored: StoredBackend, said: dict[str, bool], anew: bool) -> Asked[Image]:
    found = _with_stars(await _ask(ctx, stored, None, anew), said)
    shown = [image for image in found.items if image.star]
    read_at, trouble = found.read_at, found.trouble
    # a starred image that the provider's default set lacks is looked for by its id
    missing = [id for id, starred in said.items() if starred and id not in {image.id for image in found.items}]
    for image_id in missing:
        matching = await _ask(ctx, stored, image_id, anew)
        shown.extend(msgspec.structs.replace(image, star=True) for image in matching.items if image.id == image_id)
        read_at, trouble = min(read_at, matching.read_at), trouble or matching.trouble
    return Asked(shown, read_at, trouble)


async def _ask(ctx: Context, stored: StoredBackend, search: str | None, anew: bool) -> Asked[Image]:
    wanted = EVERYTHING if search is not None and search.casefold() == EVERYTHING else search
    return await ask(ctx, stored, ("images", wanted or ""), partial(_list, search=wanted), anew)


def _list(provider: Provider, search: str | None) -> list[Image]:
    return provider.list_images(search)


def _with_stars(found: Asked[Image], said: dict[str, bool]) -> Asked[Image]:
    if not said:
        return found
    items = [msgspec.structs.replace(image, star=said.get(image.id, image.star)) for image in found.items]
    return Asked(items, found.read_at, found.trouble)
