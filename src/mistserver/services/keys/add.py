"""Adding a key: a private key that somebody brings, or a fresh one."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor, Scope
from mistserver.domain.errors import AlreadyExists, InvalidInput
from mistserver.domain.ids import new_id
from mistserver.domain.key import Key
from mistserver.domain.names import clean_name
from mistserver.services import repeats
from mistserver.services.context import Context
from mistserver.services.keys.generate_pair import GeneratePair
from mistserver.services.keys.material import fresh, parsed
from mistserver.ssh.keys import ParsedKey
from mistserver.store import events, keys
from mistserver.store.keys import StoredKey
from mistserver.store.locks import lock_account


class AddKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either `private` (a PEM, with its `passphrase` if it has one) or `generate`."""

    name: str
    private: str | None = None
    passphrase: str | None = None
    generate: GeneratePair | None = None

    def __repr__(self) -> str:
        return f"AddKey(name={self.name!r}, generate={self.generate!r})"


async def add(ctx: Context, actor: Actor, request: AddKey) -> Key:
    """Keep a key without its passphrase, sealed. The account's first key becomes its default."""
    actor.require(Scope.ADMIN)
    name = clean_name(request.name, "key")
    await ctx.database.read(require_free_name, actor.account_id, name)
    pair = await _pair(request, name)
    key = Key(
        id=new_id(),
        name=name,
        algorithm=pair.algorithm,
        bits=pair.bits,
        public=pair.public,
        fingerprint=pair.fingerprint,
        is_default=False,
        created_at=ctx.now(),
    )
    secret = ctx.vault.seal(pair.private_openssh, f"key:{key.id}")
    stored = StoredKey(account_id=actor.account_id, key=key, secret=secret)
    how = "generated" if request.generate else "uploaded"
    return await ctx.database.write(_keep, actor, stored, how, key.created_at)


def require_free_name(connection: Connection, account_id: str, name: str, key_id: str | None = None) -> None:
    """AlreadyExists when another key of the account has this name."""
    same = keys.by_name(connection, account_id, name)
    if same is not None and same.id != key_id:
        raise AlreadyExists(
            f"There is a key called {name!r} already; choose another name.", noun="key", id=same.id, name=name
        )


async def _pair(request: AddKey, name: str) -> ParsedKey:
    if (request.private is None) == (request.generate is None):
        raise InvalidInput("Give either a private key or `generate`, one of them.", field="private")
    if request.generate is not None:
        return await fresh(request.generate.algorithm, name)
    return await parsed(request.private or "", request.passphrase)


def _keep(connection: Connection, actor: Actor, stored: StoredKey, how: str, at: datetime) -> Key:
    lock_account(connection, actor.account_id)
    require_free_name(connection, actor.account_id, stored.key.name)
    first = keys.default(connection, actor.account_id) is None
    stored = msgspec.structs.replace(stored, key=msgspec.structs.replace(stored.key, is_default=first))
    keys.insert(connection, stored)
    repeats.keep(connection, actor, stored.id, at)
    subject = ("key", stored.id, stored.key.name)
    details = {"fingerprint": stored.key.fingerprint, "algorithm": stored.key.algorithm}
    events.record(connection, actor, "key.added", subject=subject, message=how, details=details, at=at)
    return stored.key
