"""SSH keys."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from mistserver.api.given import Ctx, Who
from mistserver.api.idempotency import Repeat, once
from mistserver.api.listing import Cursor, Limit, Listing, Select, listing, selection
from mistserver.api.routes import delete, get, patch, post, put
from mistserver.domain.key import Key
from mistserver.services.keys import add, export, generate_pair, rename, select, set_default
from mistserver.services.keys import delete as delete_one
from mistserver.services.keys import get as get_one
from mistserver.services.keys import list as list_all
from mistserver.services.keys.add import AddKey
from mistserver.services.keys.export import PrivateKey
from mistserver.services.keys.generate_pair import GeneratePair, KeyPair
from mistserver.services.keys.rename import RenameKey


@get("/keys")
async def list_keys(
    ctx: Ctx, actor: Who, limit: Limit = None, cursor: Cursor = None, select_: Select = None
) -> Listing[Key]:
    """All keys of the account, by name, without their private halves."""
    if select_ is not None:
        return selection(*await select.select(ctx, actor, select_))
    return listing(await list_all.page(ctx, actor, limit, cursor))


@post("/keys")
async def add_key(ctx: Ctx, actor: Who, data: JSONBody[AddKey], repeat: Repeat = None) -> Key:
    """Upload a private key, or have one generated; the first key becomes the default."""
    return await once(
        (ctx, actor, repeat, data),
        lambda who: add.add(ctx, who, data),
        lambda made: get_one.get(ctx, actor, made),
    )


@post("/key-pairs")
async def generate_key_pair(ctx: Ctx, actor: Who, data: JSONBody[GeneratePair]) -> KeyPair:
    """A fresh pair that is stored nowhere."""
    return await generate_pair.generate_pair(ctx, actor, data)


@get("/keys/{key_id:str}")
async def get_key(ctx: Ctx, actor: Who, key_id: FromPath[str]) -> Key:
    """One key, without its private half."""
    return await get_one.get(ctx, actor, key_id)


@patch("/keys/{key_id:str}")
async def rename_key(ctx: Ctx, actor: Who, key_id: FromPath[str], data: JSONBody[RenameKey]) -> Key:
    """Give a key another name."""
    return await rename.rename(ctx, actor, key_id, data)


@delete("/keys/{key_id:str}")
async def delete_key(ctx: Ctx, actor: Who, key_id: FromPath[str]) -> None:
    """Forget a key; machines keep its public half. Another key becomes the default when this one was."""
    await delete_one.delete(ctx, actor, key_id)


@post("/keys/{key_id:str}/private", status_code=200)
async def export_private_key(ctx: Ctx, actor: Who, key_id: FromPath[str]) -> PrivateKey:
    """The private half: the only answer that holds it, and an event."""
    return await export.export(ctx, actor, key_id)


@put("/keys/{key_id:str}/default")
async def set_default_key(ctx: Ctx, actor: Who, key_id: FromPath[str]) -> Key:
    """Make it the key that new machines get when none is named."""
    return await set_default.set_default(ctx, actor, key_id)


ROUTES = [
    list_keys,
    add_key,
    generate_key_pair,
    get_key,
    rename_key,
    delete_key,
    export_private_key,
    set_default_key,
]
