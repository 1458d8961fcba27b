"""A fresh key pair for somebody who keeps it elsewhere."""

from __future__ import annotations

from typing import Literal

import msgspec

from mistserver.domain.account import Actor, Scope
from mistserver.services.context import Context
from mistserver.services.keys.material import fresh

Algorithm = Literal["ed25519", "rsa"]


class GeneratePair(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which kind of key; RSA ones have 3072 bits."""

    algorithm: Algorithm = "ed25519"


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    """Both halves, as PEM and as one line."""

    private: str
    public: str

    def __repr__(self) -> str:
        return f"KeyPair(public={self.public!r})"


async def generate_pair(ctx: Context, actor: Actor, request: GeneratePair) -> KeyPair:
    """A pair that is stored nowhere."""
    actor.require(Scope.READ)
    pair = await fresh(request.algorithm, "")
    return KeyPair(private=pair.private_openssh.decode(), public=pair.public)
