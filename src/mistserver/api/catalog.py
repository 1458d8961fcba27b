"""What a backend offers: images, sizes, locations, networks."""

from __future__ import annotations

from typing import Annotated

from litestar.params import FromPath, QueryParameter

from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Cursor, Limit, Listing, listing
from mistserver.api.routes import delete, get, put
from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.services.catalog import images, locations, networks, sizes, stars

Search = Annotated[
    str | None, QueryParameter(description="`all` for everything, else what matches id or name; unset: the starred.")
]


@get("/backends/{backend_id:str}/images")
async def list_images(
    ctx: Ctx,
    actor: Who,
    backend_id: FromPath[str],
    search: Search = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Listing[Image]:
    """Images to build machines from."""
    query = images.ImageQuery(search=search, limit=limit, cursor=cursor)
    return listing(await images.images(ctx, actor, backend_id, query))


@get("/backends/{backend_id:str}/sizes")
async def list_sizes(
    ctx: Ctx, actor: Who, backend_id: FromPath[str], limit: Limit = None, cursor: Cursor = None
) -> Listing[Size]:
    """Machine sizes with cores, memory, disk and, where known, price."""
    return listing(await sizes.sizes(ctx, actor, backend_id, limit, cursor))


@get("/backends/{backend_id:str}/locations")
async def list_locations(
    ctx: Ctx, actor: Who, backend_id: FromPath[str], limit: Limit = None, cursor: Cursor = None
) -> Listing[Location]:
    """Places in which a machine can be created."""
    return listing(await locations.locations(ctx, actor, backend_id, limit, cursor))


@get("/backends/{backend_id:str}/networks")
async def list_networks(
    ctx: Ctx, actor: Who, backend_id: FromPath[str], limit: Limit = None, cursor: Cursor = None
) -> Listing[Network]:
    """Networks that a machine can be attached to."""
    return listing(await networks.networks(ctx, actor, backend_id, limit, cursor))


@put("/backends/{backend_id:str}/stars/{image_id:path}", status_code=204)
async def star_image(ctx: Ctx, actor: Who, backend_id: FromPath[str], image_id: FromPath[str]) -> None:
    """Put an image into the default listing."""
    await stars.star(ctx, actor, backend_id, image_id.removeprefix("/"))


@delete("/backends/{backend_id:str}/stars/{image_id:path}")
async def unstar_image(ctx: Ctx, actor: Who, backend_id: FromPath[str], image_id: FromPath[str]) -> None:
    """Take an image out of the default listing."""
    await stars.unstar(ctx, actor, backend_id, image_id.removeprefix("/"))


ROUTES = [list_images, list_sizes, list_locations, list_networks, star_image, unstar_image]
