"""Users of the account and their API tokens."""

from __future__ import annotations

from litestar.params import FromPath, JSONBody

from mistserver.api.given import Ctx, Who
from mistserver.api.listing import Cursor, Limit, Listing, Select, listing, selection
from mistserver.api.routes import delete, get, patch, post, put
from mistserver.domain.account import Token, User
from mistserver.services.accounts import tokens, users
from mistserver.services.accounts.tokens import CreateToken, NewToken
from mistserver.services.accounts.users import AddUser, SetPassword, UpdateUser


@get("/users")
async def list_users(
    ctx: Ctx, actor: Who, limit: Limit = None, cursor: Cursor = None, select_: Select = None
) -> Listing[User]:
    """The users of the account."""
    if select_ is not None:
        return selection(*await users.select(ctx, actor, select_))
    return listing(await users.list_page(ctx, actor, limit, cursor))


@post("/users")
async def add_user(ctx: Ctx, actor: Who, data: JSONBody[AddUser]) -> User:
    """Give another person access, with a role: viewer, operator or admin."""
    return await users.add(ctx, actor, data)


@patch("/users/{user_id:str}")
async def update_user(ctx: Ctx, actor: Who, user_id: FromPath[str], data: JSONBody[UpdateUser]) -> User:
    """Change a user's role or name. The last admin stays one."""
    return await users.update(ctx, actor, user_id, data)


@delete("/users/{user_id:str}")
async def delete_user(ctx: Ctx, actor: Who, user_id: FromPath[str]) -> None:
    """Take a user's access away; its tokens are void at once."""
    await users.delete(ctx, actor, user_id)


@put("/users/{user_id:str}/password")
async def set_password(ctx: Ctx, actor: Who, user_id: FromPath[str], data: JSONBody[SetPassword]) -> None:
    """One's own with the current one, anybody's as admin; other sessions of that user end."""
    await users.set_password(ctx, actor, user_id, data)


@get("/tokens")
async def list_tokens(
    ctx: Ctx, actor: Who, limit: Limit = None, cursor: Cursor = None, select_: Select = None
) -> Listing[Token]:
    """One's own tokens; an admin sees the account's."""
    if select_ is not None:
        return selection(*await tokens.select(ctx, actor, select_))
    return listing(await tokens.list_page(ctx, actor, limit, cursor))


@post("/tokens")
async def create_token(ctx: Ctx, actor: Who, data: JSONBody[CreateToken]) -> NewToken:
    """A token with a name, a scope and an expiry. Its text is in this answer and never again."""
    return await tokens.create(ctx, actor, data)


@delete("/tokens/{token_id:str}")
async def revoke_token(ctx: Ctx, actor: Who, token_id: FromPath[str]) -> None:
    """Make a token void."""
    await tokens.revoke(ctx, actor, token_id)


ROUTES = [
    list_users,
    add_user,
    update_user,
    delete_user,
    set_password,
    list_tokens,
    create_token,
    revoke_token,
]
