"""Who uses Mist: accounts, their users, tokens, and the actor behind one request."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from mistserver.domain.errors import Forbidden


class Role(StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Scope(StrEnum):
    """What a token, and therefore a request, may do. Each includes the ones before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


_RANK = {Scope.READ: 0, Scope.OPERATE: 1, Scope.ADMIN: 2}
ROLE_SCOPE = {Role.VIEWER: Scope.READ, Role.OPERATOR: Scope.OPERATE, Role.ADMIN: Scope.ADMIN}


def narrower(first: Scope, second: Scope) -> Scope:
    """The smaller of two scopes: a token never does more than its user's role."""
    return min(first, second, key=_RANK.__getitem__)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant. Nothing of one account is visible to another."""

    id: str
    name: str
    created_at: datetime


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    account_id: str
    email: str
    name: str
    role: Role
    created_at: datetime


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without its text, which is shown once and kept as a hash."""

    id: str
    user_id: str
    name: str
    scope: Scope
    kind: str  # "session" (made by signing in) or "token"
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks: handed to every operation as its second argument.

    `idempotency_key` and `request_hash` come with a create that may be sent twice and is done once.
    """

    account_id: str
    user_id: str
    email: str
    role: Role
    scope: Scope
    token_id: str = ""
    address: str = ""
    request_id: str = ""
    idempotency_key: str = ""
    request_hash: str = ""

    def require(self, scope: Scope) -> None:
        """Raise `Forbidden` unless this request may do what `scope` names."""
        if _RANK[self.scope] < _RANK[scope]:
            raise Forbidden(
                f"This needs the scope '{scope}', and you act with '{self.scope}' (role {self.role}). "
                "Ask an admin for a wider role, or use a token with that scope.",
                required=scope,
                scope=self.scope,
            )
