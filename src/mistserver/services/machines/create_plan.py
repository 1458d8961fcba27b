"""What a create consists of: the machines asked for, what their provider is told, and the steps that a user sees."""

from __future__ import annotations

from typing import Any

import msgspec

from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Provider
from mistserver.store.keys import StoredKey

KIND = "machine.create"
VALIDATE = "validate"
CREATE = "create"
RUNNING = "wait until running"
SSH = "wait for SSH"
SCRIPT = "run script"
TAG = "tag"
MONITOR = "enable monitoring"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One machine of a create. Its provider is told the mark with the create call itself."""

    id: str
    name: str
    mark: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider is told of every machine of one create; sealed with the job, since `extra` may hold secrets."""

    image: str
    size: str | None
    location: str | None
    networks: tuple[str, ...]
    user_data: str | None
    tags: tuple[str, ...]
    extra: dict[str, Any]


def spec(told: Told, name: str, mark: str, key: StoredKey | None) -> MachineSpec:
    return MachineSpec(
        name=name,
        mark=mark,
        image=told.image,
        size=told.size,
        location=told.location,
        networks=told.networks,
        public_key=key.key.public if key else None,
        key_name=key.key.name if key else None,
        user_data=told.user_data,
        tags=told.tags,
        extra=told.extra,
    )


def steps(
    provider: type[Provider], *, ssh: bool, script: bool, tags: bool, monitoring: bool = False
) -> tuple[str, ...]:
    """Tags that Mist keeps are there from the beginning; only native ones are a step."""
    wanted = {
        VALIDATE: True,
        CREATE: True,
        RUNNING: True,
        SSH: ssh or script or monitoring,
        SCRIPT: script,
        TAG: tags and provider.native_tags,
        MONITOR: monitoring,
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)
