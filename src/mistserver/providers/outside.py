"""Providers that other packages bring, as entry points of the group `mist.providers`: `acme = "mist_acme:Acme"`.

One that cannot be loaded says so by name, and is no reason for anything else to fail.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from mistserver.domain.errors import ProviderNotAvailable
from mistserver.domain.names import visible
from mistserver.providers.base import Provider
from mistserver.providers.declare import ProviderSettings, declared

GROUP = "mist.providers"
_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_SHOWN = 300  # characters of another's error
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outside:
    """A provider of another package: its id, where its class stands, and the package's name."""

    id: str
    module: str
    name: str
    package: str


def found(taken: Collection[str]) -> tuple[Outside, ...]:
    """What is installed, by package and id; looked for once. An id that is taken stays with whom it belongs to."""
    return _without(_installed(), frozenset(taken))


@cache
def _without(installed: tuple[Outside, ...], taken: frozenset[str]) -> tuple[Outside, ...]:
    usable: dict[str, Outside] = {}
    for one in installed:
        if not _ID.fullmatch(one.id) or not one.name:
            log.warning("the package %s names a provider %r, which is no id or no class", one.package, one.id[:80])
        elif one.id in taken or one.id in usable:
            log.warning("the package %s brings a provider %r, but there is one already", one.package, one.id)
        else:
            usable[one.id] = one
    return tuple(usable.values())


@cache
def _installed() -> tuple[Outside, ...]:
    from importlib.metadata import entry_points

    points = []
    for point in entry_points(group=GROUP):
        module, _, name = point.value.partition(":")
        package = point.dist.name if point.dist else "unknown"
        points.append(Outside(point.name.strip(), module.strip(), name.strip(), package))
    return tuple(sorted(set(points), key=lambda one: (one.package, one.id)))


def load(id: str, module: str, name: str, package: str) -> type[Provider]:
    """The class; ProviderNotAvailable with the reason when it is not one, which is also written to the log."""
    provider, reason = _loaded(id, module, name, package)
    if provider is None:
        raise ProviderNotAvailable(
            f"The provider {id!r} of the package {package!r} cannot be loaded ({reason}); "
            "repair or remove that package where the service runs.",
            provider=id,
            package=package,
        )
    return provider


@cache
def _loaded(id: str, module: str, name: str, package: str) -> tuple[type[Provider] | None, str]:
    try:
        provider: type[Provider] = getattr(importlib.import_module(module), name)
        _require_provider(provider, id)
    except (Exception, SystemExit) as error:
        reason = visible(f"{type(error).__name__}: {error}"[:_SHOWN])
        log.warning("the provider %s of the package %s cannot be loaded: %s", id, package, reason)
        return None, reason
    return provider, ""


def _require_provider(loaded: object, id: str) -> None:
    if not (isinstance(loaded, type) and issubclass(loaded, Provider)):
        raise TypeError("it is not a class on mistserver.providers.base.Provider")
    unwritten = sorted(getattr(loaded, "__abstractmethods__", ()))
    if unwritten:
        raise TypeError(f"it lacks {', '.join(unwritten)}")
    if getattr(loaded, "id", None) != id or not isinstance(getattr(loaded, "title", None), str):
        raise TypeError(f"its id is not {id!r}, or it has no title")
    settings = getattr(loaded, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, ProviderSettings)):
        raise TypeError("its Settings is not a class on mistserver.providers.declare.ProviderSettings")
    declared(settings)
