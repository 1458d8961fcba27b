"""How a provider declares its settings, once: validation, flags, forms, docs, redaction and encryption come from it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Kind = Literal["text", "host", "port", "url", "file", "key"]


def setting(
    help: str, *, flag: str, secret: bool = False, kind: Kind = "text", aliases: tuple[str, ...] = ()
) -> msgspec.Meta:
    """Metadata of one field of a `Settings` struct; the field's default makes it optional.

    `flag` is the command line's spelling without dashes. `kind`: `file` means that faces take a path and send the
    content; `key` that the value names a key kept by Mist.
    """
    extra = {"flag": flag, "secret": secret, "kind": kind, "aliases": list(aliases)}
    return msgspec.Meta(description=help, extra=extra)


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every provider's settings."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One declared setting, as faces see it."""

    name: str
    help: str
    flag: str
    kind: str
    secret: bool
    required: bool
    default: Any = None
    aliases: list[str] = []


def declared(settings: type[ProviderSettings]) -> list[Declared]:
    """The settings of a provider in the order in which they were written."""
    found = []
    for field in msgspec.structs.fields(settings):
        meta = _meta(field.type)
        extra = meta.extra or {}
        found.append(
            Declared(
                name=field.name,
                help=meta.description or "",
                flag=extra["flag"],
                kind=extra["kind"],
                secret=extra["secret"],
                required=field.required,
                default=None if field.default is msgspec.NODEFAULT else field.default,
                aliases=extra["aliases"],
            )
        )
    return found


def _meta(annotation: Any) -> msgspec.Meta:
    for item in getattr(annotation, "__metadata__", ()):
        if isinstance(item, msgspec.Meta):
            return item
    raise TypeError(f"{annotation!r} has no setting(...): every field of a Settings struct needs one")
