"""Which backends need a key: their jump host, or a setting that names it."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Connection

from mistserver.domain.key import Key
from mistserver.providers import registry
from mistserver.providers.declare import declared
from mistserver.store import backends
from mistserver.store.backends import StoredBackend


def used_by(connection: Connection, account_id: str, key: Key) -> list[StoredBackend]:
    """The backends that stop working without the key."""
    return [stored for stored in backends.all_of(connection, account_id) if _needs(stored, key)]


def follow_name(connection: Connection, account_id: str, key: Key, name: str) -> None:
    """Have the settings that name the key name it anew."""
    for stored in backends.all_of(connection, account_id):
        fields = [field for field in _key_fields(stored) if stored.backend.settings.get(field) == key.name]
        if fields:
            settings: dict[str, Any] = {**stored.backend.settings, **dict.fromkeys(fields, name)}
            backends.update(connection, stored.id, settings=settings)


def _needs(stored: StoredBackend, key: Key) -> bool:
    jump = stored.backend.jump_host
    named = [stored.backend.settings.get(field) for field in _key_fields(stored)]
    return (jump is not None and jump.key_id == key.id) or key.name in named or key.id in named


def _key_fields(stored: StoredBackend) -> list[str]:
    provider = registry.declaration(stored.backend.provider)
    settings = declared(provider.Settings) if isinstance(provider, type) else provider.settings
    return [item.name for item in settings if item.kind == "key"]
