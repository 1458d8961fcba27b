"""Machines: what Mist knows of each, what a provider reads, and what a create asks for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class MachineState(StrEnum):
    RUNNING = "running"
    PENDING = "pending"
    REBOOTING = "rebooting"
    STOPPED = "stopped"
    PAUSED = "paused"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"
    ERROR = "error"
    UNKNOWN = "unknown"


class Action(StrEnum):
    START = "start"
    STOP = "stop"
    REBOOT = "reboot"
    DESTROY = "destroy"
    RESIZE = "resize"


class MachineReading(msgspec.Struct, frozen=True, kw_only=True):
    """One machine as a provider shows it.

    `actions` is what is possible now. `ssh_host`/`ssh_port` override the address when SSH is reached elsewhere than
    at the machine's own address on port 22 (a published container port). `mark` is the create mark it carries.
    """

    external_id: str
    name: str
    state: MachineState
    public_ips: tuple[str, ...] = ()
    private_ips: tuple[str, ...] = ()
    size: str | None = None
    image: str | None = None
    location: str | None = None
    tags: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    created_at: datetime | None = None
    ssh_host: str | None = None
    ssh_port: int | None = None
    mark: str | None = None
    extra: dict[str, Any] = {}


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A machine of one backend. `id` is ours and stable; `external_id` is the provider's.

    `seen_at` is the reading that last showed it; `stale` says that the newest reading of its backend failed, so that
    what stands here may be out of date.
    """

    id: str
    backend_id: str
    backend_name: str
    provider: str
    external_id: str
    name: str
    state: MachineState
    public_ips: tuple[str, ...]
    private_ips: tuple[str, ...]
    size: str | None
    image: str | None
    location: str | None
    tags: tuple[str, ...]
    actions: tuple[Action, ...]
    created_at: datetime | None
    seen_at: datetime | None
    stale: bool
    ssh_host: str | None
    ssh_port: int | None
    extra: dict[str, Any]


class MachineSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is asked to create.

    `mark` goes into the create call itself (client token where there is one, and a tag, label or name), so that a
    create whose answer was lost can be looked for instead of being repeated. `extra` holds what only some providers
    take, validated by the provider (`Provider.check_spec`).
    """

    name: str
    mark: str
    image: str
    size: str | None = None
    location: str | None = None
    networks: tuple[str, ...] = ()
    public_key: str | None = None
    key_name: str | None = None
    user_data: str | None = None
    tags: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine says of itself over SSH. Sizes in bytes, `uptime_s` in seconds."""

    machine_id: str
    uptime_s: float
    load: tuple[float, float, float]
    cores: int
    users: int
    disks: tuple[dict[str, Any], ...]  # {"mount", "size_bytes", "used_bytes"}
    kernel: str
    distribution: str
    user: str
    key_id: str | None
    host_key_fingerprint: str | None
    took_s: float
