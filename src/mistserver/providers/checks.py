"""What providers check of settings and creates before any call, each with its own rules."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import urlsplit

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.ssh.target import clean_host

Extra = Mapping[str, type | tuple[type, ...]]  # the extra options that a provider takes, with the types of their values


def needs(title: str, spec: MachineSpec, *fields: str) -> None:
    """InvalidInput for the first of these fields (size, location ...) that is not given."""
    for field in fields:
        if not getattr(spec, field):
            option = "network-id" if field == "networks" else field
            raise InvalidInput(f"{title} needs a {field.removesuffix('s')} (--{option}).", field=field)


def name(title: str, spec: MachineSpec, pattern: re.Pattern[str], rule: str) -> None:
    """InvalidInput, with the vendor's rule, for a name that the vendor would refuse."""
    if not pattern.fullmatch(spec.name):
        raise InvalidInput(f"{title} takes {rule}.", field="name")


def networks(title: str, spec: MachineSpec, most: int, what: str) -> None:
    """InvalidInput for more networks than the vendor takes; `what` is its word for one."""
    if len(spec.networks) > most:
        count = "one network" if most == 1 else f"at most {most} networks"
        raise InvalidInput(f"{title} takes {count}: {what}.", field="networks")


def options(title: str, spec: MachineSpec, known: Extra) -> None:
    """InvalidInput for an extra option that the provider does not have, or whose value is of another type."""
    for option, value in spec.extra.items():
        kind = known.get(option)
        if kind is None or not isinstance(value, kind) or (isinstance(value, bool) and not _takes_bool(kind)):
            takes = ", ".join(f"{each} ({_named(kinds)})" for each, kinds in known.items()) or "no extra options"
            raise InvalidInput(f"{title} takes {takes}; {option[:80]!a} is none of them.", field="extra")


def https_url(title: str, what: str, host: str, port: int, paths: Container[str] = ("",)) -> str:
    """Of an API on `what`, whose `host` the user gave as a name, an address or an https:// URL with one of `paths`."""
    given = host
    if "://" not in given:
        given = f"https://[{given}]" if given.count(":") > 1 and not given.startswith("[") else f"https://{given}"
    try:
        parts = urlsplit(given)
        name, port = clean_host(parts.hostname or ""), parts.port or port
    except (ValueError, InvalidInput):
        raise InvalidInput(f"{host[:80]!a} is not the address of a {what}.", field="host") from None
    if parts.scheme != "https" or parts.path.rstrip("/") not in paths or parts.query or parts.username:
        raise InvalidInput(f"{title} is reached at a name, an address or https://host:port.", field="host")
    return f"https://[{name}]:{port}" if ":" in name else f"https://{name}:{port}"


def _takes_bool(kind: type | tuple[type, ...]) -> bool:
    return kind is bool or (isinstance(kind, tuple) and bool in kind)


def _named(kinds: Any) -> str:
    return " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
