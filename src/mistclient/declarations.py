"""What each provider wants to know, from the file that came with the client, or from a service that knows more."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mistclient.errors import InvalidInput

_GENERIC = ("region", "endpoint", "ca_pem", "jump_host", "address_use")
_REPLACEABLE = ("region", "endpoint", "ca_pem")


def bundled() -> list[dict[str, Any]]:
    """The declarations that came with this client."""
    path = Path(__file__).with_name("providers.json")
    return list(json.loads(path.read_text(encoding="utf-8"))["items"])


class Declarations:
    """Checks what a caller gives against what a provider declares.

    The bundled declarations answer first; what they do not know is looked for once in the service's, which may be
    newer.
    """

    def __init__(self, ask_service: Callable[[], list[dict[str, Any]]]) -> None:
        self._ask_service = ask_service
        self._items: list[dict[str, Any]] | None = None
        self._asked = False

    def backend_body(self, provider: str, name: str | None, given: dict[str, Any]) -> dict[str, Any]:
        """The body of POST /backends; InvalidInput names an unknown provider or argument."""
        declared, region = self._provider(provider, given)
        settings, generic = self._split(declared, given, _GENERIC)
        if region is not None:
            other = generic.get("region")
            if other not in (None, region):
                raise InvalidInput(f"{provider!r} means the region {region!r}, and region={other!r} was given.")
            generic["region"] = region
        body = {"provider": declared["id"], "name": name, **generic, "settings": settings}
        return {key: value for key, value in body.items() if value is not None}

    def credentials_body(self, provider: str, given: dict[str, Any]) -> dict[str, Any]:
        """The body of PUT /backends/{id}/credentials."""
        declared, _ = self._provider(provider, given)
        settings, generic = self._split(declared, given, _REPLACEABLE)
        return {**generic, "settings": settings}

    def _provider(self, provider: str, given: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        found = find(self._known(), provider)
        unknown = found and [name for name in given if name not in _GENERIC and not _setting(found[0], name)]
        if (found is None or unknown) and not self._asked:
            self._asked = True
            self._items = self._ask_service()
            found = find(self._items, provider)
        if found is None:
            known = ", ".join(item["id"] for item in self._known())
            raise InvalidInput(f"There is no provider {provider!r}; the providers are {known}.")
        return found

    def _known(self) -> list[dict[str, Any]]:
        if self._items is None:
            self._items = bundled()
        return self._items

    @staticmethod
    def _split(
        declared: dict[str, Any], given: dict[str, Any], generic: tuple[str, ...]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        settings: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, value in given.items():
            setting = _setting(declared, name)
            if setting is not None:
                if value is not None:
                    settings[setting["name"]] = _as_declared(setting, value)
            elif name in generic:
                others[name] = value
            else:
                takes = ", ".join([*(item["name"] for item in declared["settings"]), *generic])
                raise InvalidInput(f"{declared['title']} takes no {name!r}; it takes {takes}.")
        return settings, {name: value for name, value in others.items() if value is not None}


def find(items: list[dict[str, Any]], provider: str) -> tuple[dict[str, Any], str | None] | None:
    """The declaration of a provider, and the region when a shorthand such as `rackspace:dfw` names one."""
    for item in items:
        if item["id"] == provider:
            return item, None
    for item in items:
        shorthands = item.get("supported_as") or {}
        if provider in shorthands:
            return item, str(shorthands[provider])
    return None


def _setting(declared: dict[str, Any], name: str) -> dict[str, Any] | None:
    for setting in declared["settings"]:
        if name == setting["name"] or name in setting.get("aliases", []):
            return dict(setting)
    return None


def _as_declared(setting: dict[str, Any], value: Any) -> Any:
    """Ports become numbers (a string of digits is what command lines give), everything else text."""
    if setting["kind"] == "port":
        try:
            return int(value)
        except (TypeError, ValueError):
            raise InvalidInput(f"{setting['name']} is a port number, and {value!r} is not.") from None
    if setting["kind"] == "key":
        return str(getattr(value, "name", value))
    is_number = isinstance(value, bool | int | float) and isinstance(setting.get("default"), bool | int | float)
    return value if is_number else str(value)
