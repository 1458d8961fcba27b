"""Backends: accounts at providers."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from mistserver.api.given import Ctx, Who
from mistserver.api.idempotency import Repeat, once
from mistserver.api.listing import Cursor, Limit, Listing, Select, listing, selection
from mistserver.api.routes import delete, get, patch, post, put
from mistserver.domain.backend import Backend
from mistserver.services.backends import add, select, update, update_credentials
from mistserver.services.backends import delete as delete_one
from mistserver.services.backends import get as get_one
from mistserver.services.backends import list as list_all
from mistserver.services.backends.add import AddBackend
from mistserver.services.backends.update import UpdateBackend
from mistserver.services.backends.update_credentials import UpdateCredentials


@get("/backends")
async def list_backends(
    ctx: Ctx, actor: Who, limit: Limit = None, cursor: Cursor = None, select_: Select = None
) -> Listing[Backend]:
    """All backends of the account, by name."""
    if select_ is not None:
        return selection(*await select.select(ctx, actor, select_))
    return listing(await list_all.page(ctx, actor, limit, cursor))


@post("/backends")
async def add_backend(ctx: Ctx, actor: Who, data: JSONBody[AddBackend], repeat: Repeat = None) -> Backend:
    """Add a backend; its credentials are tried at the provider first, and nothing is kept when they fail."""
    return await once(
        (ctx, actor, repeat, data),
        lambda who: add.add(ctx, who, data),
        lambda made: get_one.get(ctx, actor, made),
    )


@get("/backends/{backend_id:str}")
async def get_backend(ctx: Ctx, actor: Who, backend_id: FromPath[str]) -> Backend:
    """One backend, without its secrets."""
    return await get_one.get(ctx, actor, backend_id)


@patch("/backends/{backend_id:str}")
async def update_backend(ctx: Ctx, actor: Who, backend_id: FromPath[str], data: JSONBody[UpdateBackend]) -> Backend:
    """Rename, enable or disable it, or change how its machines are reached."""
    return await update.update(ctx, actor, backend_id, data)


@put("/backends/{backend_id:str}/credentials")
async def update_backend_credentials(
    ctx: Ctx, actor: Who, backend_id: FromPath[str], data: JSONBody[UpdateCredentials]
) -> Backend:
    """Replace the credentials in place; the new ones are tried first."""
    return await update_credentials.update_credentials(ctx, actor, backend_id, data)


@delete("/backends/{backend_id:str}")
async def delete_backend(ctx: Ctx, actor: Who, backend_id: FromPath[str]) -> None:
    """Forget the backend and its machines; at the provider nothing changes."""
    await delete_one.delete(ctx, actor, backend_id)


ROUTES = [list_backends, add_backend, get_backend, update_backend, update_backend_credentials, delete_backend]
