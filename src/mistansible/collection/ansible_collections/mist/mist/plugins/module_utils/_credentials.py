# SPDX-License-Identifier: Apache-2.0
"""What a backend is signed in with: options as the providers declare them, files as their content."""

from __future__ import annotations

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils._base import read_text
from ansible_collections.mist.mist.plugins.module_utils._settings import SETTINGS

_GENERIC: dict[str, dict[str, Any]] = {
    "region": {"type": "str"},
    "endpoint": {"type": "str"},
    "ca_file": {"type": "path"},
    "settings": {"type": "dict", "no_log": True},
}
OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"type": kind, "no_log": secret} for name, (kind, secret, _told) in SETTINGS.items()},
    **_GENERIC,
}


def credentials(params: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `MistClient.add_backend` that a task gives."""
    given = {name: params[name] for name in OPTIONS if name != "settings" and params[name] is not None}
    for name in given:
        if OPTIONS[name]["type"] == "path":
            given[name] = read_text(given[name], name)
    if "ca_file" in given and not _declares(params["provider"], "ca_file"):
        given["ca_pem"] = given.pop("ca_file")
    return {**given, **(params["settings"] or {})}


def _declares(provider: str | None, name: str) -> bool:
    """Whether the provider has a setting of this name."""
    from mistclient.declarations import bundled, find

    found = find(bundled(), provider or "")
    return found is not None and any(setting["name"] == name for setting in found[0]["settings"])
