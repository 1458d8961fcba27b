"""Nova's servers as machines, and tags in both directions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.http_errors import vendors_words
from mistserver.providers.rest import Json

MARK = "mist-mark"
# https://docs.openstack.org/api-guide/compute/server_concepts.html#server-status
STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "ACTIVE": MachineState.RUNNING,
        "BUILD": MachineState.PENDING,
        "DELETED": MachineState.TERMINATED,
        "ERROR": MachineState.ERROR,
        "HARD_REBOOT": MachineState.REBOOTING,
        "MIGRATING": MachineState.RUNNING,
        "PASSWORD": MachineState.RUNNING,
        "PAUSED": MachineState.PAUSED,
        "REBOOT": MachineState.REBOOTING,
        "REBUILD": MachineState.PENDING,
        "RESCUE": MachineState.RUNNING,
        "RESIZE": MachineState.PENDING,
        "REVERT_RESIZE": MachineState.PENDING,
        "SHELVED": MachineState.STOPPED,
        "SHELVED_OFFLOADED": MachineState.STOPPED,
        "SHUTOFF": MachineState.STOPPED,
        "SOFT_DELETED": MachineState.TERMINATED,
        "SUSPENDED": MachineState.SUSPENDED,
        "VERIFY_RESIZE": MachineState.RUNNING,
    }
)
# what brings a server to run, by the status it is in
STARTS: Mapping[str, str] = MappingProxyType(
    {
        "PAUSED": "unpause",
        "RESCUE": "unrescue",
        "SHELVED": "unshelve",
        "SHELVED_OFFLOADED": "unshelve",
        "SHUTOFF": "os-start",
        "SUSPENDED": "resume",
    }
)
_OFFERED: Mapping[str, tuple[Action, ...]] = MappingProxyType(
    {
        "ACTIVE": (Action.STOP, Action.REBOOT, Action.RESIZE, Action.DESTROY),
        "ERROR": (Action.REBOOT, Action.DESTROY),
        "PAUSED": (Action.START, Action.DESTROY),
        "RESCUE": (Action.START, Action.DESTROY),
        "SHELVED": (Action.START, Action.DESTROY),
        "SHELVED_OFFLOADED": (Action.START, Action.DESTROY),
        "SHUTOFF": (Action.START, Action.RESIZE, Action.DESTROY),
        "SUSPENDED": (Action.START, Action.DESTROY),
        "VERIFY_RESIZE": (Action.RESIZE, Action.DESTROY),
    }
)
RESIZED = "VERIFY_RESIZE"
# https://docs.openstack.org/nova/latest/reference/vm-states.html: what a server is at, whatever its status says
REBOOTING = (
    *("rebooting", "reboot_pending", "reboot_started"),
    *("rebooting_hard", "reboot_pending_hard", "reboot_started_hard"),
)
STARTING = ("powering-on", "resuming", "unpausing", "unrescuing", "unshelving", "spawning")
_KEY = re.compile(r"[a-zA-Z0-9\-_:. ]{1,255}", re.ASCII)
_RULE = "letters, digits, blanks, dots, colons, dashes and underscores, and a value behind = of at most 255 characters"


def reading(server: Json) -> MachineReading:
    """One server as `GET /servers/detail` shows it."""
    status = str(server["status"])
    metadata = {str(key): str(value) for key, value in (server.get("metadata") or {}).items()}
    public, private = _addresses(server)
    state = _state(server)
    image = server.get("image") or {}
    return MachineReading(
        external_id=str(server["id"]),
        name=str(server["name"]),
        state=state,
        public_ips=public,
        private_ips=private,
        size=_text((server.get("flavor") or {}).get("id")),
        image=_text(image.get("id")),
        location=_text(server.get("OS-EXT-AZ:availability_zone")),
        tags=tuple(sorted(as_tag(key, value) for key, value in metadata.items() if key != MARK)),
        actions=() if state is MachineState.TERMINATED else _OFFERED.get(status, (Action.DESTROY,)),
        created_at=_utc(server.get("created")),
        mark=metadata.get(MARK),
        extra=_extra(server),
    )


def as_tag(key: str, value: str) -> str:
    """Nova keeps pairs, Mist words: `key=value`, or the key alone when the value is empty."""
    return f"{key}={value}" if value else key


def as_pair(tag: str) -> tuple[str, str]:
    """The reverse of `as_tag`. InvalidInput for what Nova cannot hold as a key of metadata."""
    key, _, value = tag.partition("=")
    if not _KEY.fullmatch(key) or len(value) > 255 or key == MARK:
        raise InvalidInput(f"A tag here takes {_RULE}; {tag[:80]!a} does not fit.", field="tag")
    return key, value


def _state(server: Json) -> MachineState:
    """By the status, except where it lags behind the task that Nova is at."""
    task = server.get("OS-EXT-STS:task_state")
    if task in ("deleting", "soft-deleting"):
        return MachineState.TERMINATED
    if task in REBOOTING:
        return MachineState.REBOOTING
    return STATES.get(str(server["status"]), MachineState.UNKNOWN)


def _addresses(server: Json) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Floating addresses are public, those of a network called `private` private; the others as their numbers say."""
    assigned = [(name, each) for name, several in (server.get("addresses") or {}).items() for each in several]
    floating = [each["addr"] for _, each in assigned if each.get("OS-EXT-IPS:type") == "floating"]
    inner = [each["addr"] for name, each in assigned if name == "private" and each["addr"] not in floating]
    others = [each["addr"] for _, each in assigned if each["addr"] not in (*floating, *inner)]
    public, private = addresses.split([*others, server.get("accessIPv4"), server.get("accessIPv6")])
    every = dict.fromkeys([*floating, *public])
    return tuple(every), tuple(each for each in dict.fromkeys([*inner, *private]) if each not in every)


def _extra(server: Json) -> dict[str, Any]:
    found = {
        "status": server["status"],
        "task": server.get("OS-EXT-STS:task_state"),
        "key": server.get("key_name"),
        "project": server.get("tenant_id"),
        "host": server.get("hostId"),
        "security_groups": [str(group["name"]) for group in server.get("security_groups") or []],
        "volumes": [str(each["id"]) for each in server.get("os-extended-volumes:volumes_attached") or []],
        "networks": sorted(server.get("addresses") or {}),
        "reason": _reason(server),
    }
    return {name: value for name, value in found.items() if value}


def _reason(server: Json) -> str | None:
    if server["status"] == RESIZED:
        return "the resize waits to be confirmed: resize it to the same size again"
    fault = server.get("fault") if server["status"] == "ERROR" else None
    return vendors_words(str(fault["message"])) if fault else None


def _utc(moment: Any) -> datetime | None:
    if not moment:
        return None
    found = datetime.fromisoformat(str(moment))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
