"""What a backend offers: images, sizes, locations, networks."""

from __future__ import annotations

from typing import Annotated

from litestar.params import FromPath, QueryParameter

from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Cursor, Limit
from mistserver.api.routes import delete, get, put
from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.services.catalog import images, locations, networks, sizes, stars
from mistserver.services.catalog.asking import CatalogPage, Part

Search = Annotated[
    str | None, QueryParameter(description="`all` for everything, else what matches id or name; unset: the starred.")
]
Refresh = Annotated[bool, QueryParameter(description="Ask the provider now, even when what is kept is fresh.")]
SizeSort = Annotated[
    str | None,
    QueryParameter(description=f"Sort by one of {', '.join(sizes.FIELDS)}; `FIELD:desc` the other way round."),
]


@get("/backends/{backend_id:str}/images")
async def list_images(
    ctx: Ctx,
    actor: Who,
    backend_id: FromPath[str],
    search: Search = None,
    refresh: Refresh = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> CatalogPage[Image]:
    """Images to build machines from, as of `read_at`."""
    query = images.ImageQuery(search=search, refresh=refresh, limit=limit, cursor=cursor)
    return await images.images(ctx, actor, backend_id, query)


@get("/backends/{backend_id:str}/sizes")
async def list_sizes(
    ctx: Ctx,
    actor: Who,
    backend_id: FromPath[str],
    refresh: Refresh = False,
    sort: SizeSort = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> CatalogPage[Size]:
    """Machine sizes with cores, memory, disk and, where known, price; as of `read_at`."""
    return await sizes.sizes(ctx, actor, backend_id, Part(refresh=refresh, limit=limit, cursor=cursor), sort)


@get("/sizes")
async def list_all_sizes(
    ctx: Ctx,
    actor: Who,
    refresh: Refresh = False,
    sort: SizeSort = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> sizes.SizePage:
    """The sizes of all backends, asked at the same time, and which of them could not be read."""
    return await sizes.everywhere(ctx, actor, Part(refresh=refresh, limit=limit, cursor=cursor), sort)


@get("/backends/{backend_id:str}/locations")
async def list_locations(
    ctx: Ctx,
    actor: Who,
    backend_id: FromPath[str],
    refresh: Refresh = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> CatalogPage[Location]:
    """Places in which a machine can be created, as of `read_at`."""
    return await locations.locations(ctx, actor, backend_id, Part(refresh=refresh, limit=limit, cursor=cursor))


@get("/backends/{backend_id:str}/networks")
async def list_networks(
    ctx: Ctx,
    actor: Who,
    backend_id: FromPath[str],
    refresh: Refresh = False,
    limit: Limit = None,
    cursor: Cursor = None,
) -> CatalogPage[Network]:
    """Networks that a machine can be attached to, as of `read_at`."""
    return await networks.networks(ctx, actor, backend_id, Part(refresh=refresh, limit=limit, cursor=cursor))


@put("/backends/{backend_id:str}/stars/{image_id:path}", status_code=204)
async def star_image(ctx: Ctx, actor: Who, backend_id: FromPath[str], image_id: FromPath[str]) -> None:
    """Put an image into the default listing."""
    await stars.star(ctx, actor, backend_id, image_id.removeprefix("/"))


@delete("/backends/{backend_id:str}/stars/{image_id:path}")
async def unstar_image(ctx: Ctx, actor: Who, backend_id: FromPath[str], image_id: FromPath[str]) -> None:
    """Take an image out of the default listing."""
    await stars.unstar(ctx, actor, backend_id, image_id.removeprefix("/"))


ROUTES = [list_images, list_sizes, list_all_sizes, list_locations, list_networks, star_image, unstar_image]
