"""The Idempotency-Key header: a create may be sent again when its answer was lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
from litestar.params import HeaderParameter

from mistserver.domain.account import Actor
from mistserver.domain.errors import Conflict, InvalidInput
from mistserver.services import repeats
from mistserver.services.context import Context

T = TypeVar("T")
LONGEST = 255

Repeat = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", description="Any text of yours; the same request with it is done once."),
]


async def once(
    request: tuple[Context, Actor, str | None, msgspec.Struct],
    make: Callable[[Actor], Awaitable[T]],
    load: Callable[[str], Awaitable[T]],
) -> T:
    """`make` what the request asks for; when it was made before under the same key, `load` that instead."""
    ctx, actor, key, body = request
    if not key:
        return await make(actor)
    if len(key) > LONGEST or not key.isprintable():
        raise InvalidInput(f"An Idempotency-Key has at most {LONGEST} printable characters.", field="Idempotency-Key")
    digest = ctx.vault.keyed_hash(type(body).__name__, msgspec.json.encode(body, order="sorted").decode())
    keyed = msgspec.structs.replace(actor, idempotency_key=key, request_hash=digest)
    if (made := await repeats.find(ctx, keyed)) is not None:
        return await load(made)
    try:
        return await make(keyed)
    except Conflict:
        if (made := await repeats.find(ctx, keyed)) is not None:
            return await load(made)
        raise
