"""Who one is: user, account, and the two tables that `user-info` shows."""

from __future__ import annotations

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Account, Actor, Scope, User
from mistserver.domain.errors import NotSignedIn
from mistserver.services.context import Context
from mistserver.store import accounts, users

NEVER = 865_401_478_895  # Mon Jun 24 19:41:35 29393, which the hosted service showed for plans without an end


class AccountName(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class UserDetails(msgspec.Struct, frozen=True, kw_only=True):
    country: str
    company_name: str
    number_of_servers: int
    name: str
    number_of_people: int


class CurrentPlan(msgspec.Struct, frozen=True, kw_only=True):
    """`machine_limit` None: unlimited. `started` and `expiration` are seconds since 1970."""

    machine_limit: int | None
    promo_code: str
    title: str
    started: int
    isTrial: bool
    has_expired: bool
    expiration: int


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """`token_id`: the session or token that the request came with."""

    user: User
    account: AccountName
    scope: Scope
    token_id: str
    user_details: UserDetails
    current_plan: CurrentPlan


async def describe(ctx: Context, actor: Actor) -> Me:
    """The user behind the request, with what this token may do."""
    actor.require(Scope.READ)
    return await ctx.database.read(_describe, actor)


def _describe(connection: Connection, actor: Actor) -> Me:
    user = users.get(connection, actor.account_id, actor.user_id)
    account = accounts.get(connection, actor.account_id)
    if user is None or account is None:
        raise NotSignedIn("Your user was deleted a moment ago.")
    return Me(
        user=user,
        account=AccountName(id=account.id, name=account.name),
        scope=actor.scope,
        token_id=actor.token_id,
        user_details=UserDetails(
            country="",
            company_name=account.name,
            number_of_servers=accounts.count_machines(connection, account.id),
            name=user.name,
            number_of_people=users.count(connection, account.id),
        ),
        current_plan=_plan(account),
    )


def _plan(account: Account) -> CurrentPlan:
    return CurrentPlan(
        machine_limit=None,
        promo_code="",
        title="Self-hosted",
        started=int(account.created_at.timestamp()),
        isTrial=False,
        has_expired=False,
        expiration=NEVER,
    )
