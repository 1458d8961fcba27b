"""How a provider declares its settings, once: validation, flags, forms, docs, redaction and encryption come from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeVar

import msgspec

from mistserver.domain.errors import InvalidInput

Kind = Literal["text", "host", "port", "url", "file", "key"]

Liveness = Literal["live", "unknown"]

MAX_SETTING = 65536


@dataclass(frozen=True, kw_only=True)
class Guide:
    """What a person has to know of a provider beside its declarations; the provider's page is made from it.

    Sentences in Markdown, each field one paragraph (`limits`: a list item each). `credentials`: where the vendor's
    console gives them. `permissions`: the least that they need. `limits`: what the vendor or Mist cannot do there.
    `through`: by which library or API Mist talks to the vendor. `source`: the URL of the vendor's API documentation.
    """

    credentials: str = ""
    permissions: str = ""
    limits: tuple[str, ...] = ()
    through: str = ""
    source: str = ""


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
    """Base of every provider's settings. Secret ones stay out of its repr."""

    def __repr__(self) -> str:
        shown = (f"{item.name}={getattr(self, item.name)!r}" for item in declared(type(self)) if not item.secret)
        return f"{type(self).__name__}({', '.join(shown)})"


SomeSettings = TypeVar("SomeSettings", bound=ProviderSettings)


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
    return list(_declared(settings))


@cache
def _declared(settings: type[ProviderSettings]) -> tuple[Declared, ...]:
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
    return tuple(found)


def read(settings: type[SomeSettings], given: Mapping[str, Any], provider: str) -> SomeSettings:
    """Settings from what a user sent; blanks around values are cut, an empty value counts as none.

    InvalidInput names the field and its flag, never a value.
    """
    known = {item.name: item for item in declared(settings)}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidInput(
            f"{provider} has no setting called {unknown[0]!r}; it takes {', '.join(known)}.", field=unknown[0]
        )
    cleaned = {name: _cleaned(item, given[name]) for name, item in known.items() if name in given}
    cleaned = {name: value for name, value in cleaned.items() if value is not None}
    for item in known.values():
        if item.required and item.name not in cleaned:
            raise InvalidInput(f"{provider} needs {item.name} (--{item.flag}).", field=item.name)
    return msgspec.convert(cleaned, settings)


def _cleaned(item: Declared, value: Any) -> Any:
    if value is None:
        return None
    if item.kind == "port":
        return _port(item, value)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise InvalidInput(f"The setting {item.name} (--{item.flag}) has to be text.", field=item.name)
    text = text.strip()
    if len(text) > MAX_SETTING:
        raise InvalidInput(f"The setting {item.name} (--{item.flag}) is longer than 64 KiB.", field=item.name)
    if item.kind != "file" and any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise InvalidInput(f"The setting {item.name} (--{item.flag}) holds a control character.", field=item.name)
    return text or None


def _port(item: Declared, value: Any) -> int | None:
    if isinstance(value, str) and not value.strip():
        return None
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if isinstance(value, bool) or not 0 < number < 65536:
        raise InvalidInput(f"The setting {item.name} (--{item.flag}) has to be a port (1 to 65535).", field=item.name)
    return number


def _meta(annotation: Any) -> msgspec.Meta:
    for item in getattr(annotation, "__metadata__", ()):
        if isinstance(item, msgspec.Meta):
            return item
    raise TypeError(f"{annotation!r} has no setting(...): every field of a Settings struct needs one")
