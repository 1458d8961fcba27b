"""Backends: accounts at providers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class JumpHost(msgspec.Struct, frozen=True, kw_only=True):
    """An SSH host through which everything of a backend is reached."""

    host: str
    user: str = "root"
    port: int = 22
    key_id: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last reading of a backend failed.

    `failures` is how many have failed in a row, `since` when the first of them did. With `next_try_at` the service
    leaves the backend alone until then, unless somebody asks for a refresh; without, it is read in its usual turn.
    """

    code: str
    message: str
    at: datetime
    failures: int = 1
    since: datetime | None = None
    next_try_at: datetime | None = None


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """A backend without its secrets.

    `state` is `online` (enabled, last reading good or none yet), `offline` (disabled) or `error`.
    `provider_label` is what tables show as provider: the region's id where a provider's regions are as good as
    providers of their own (seed: list-backends), else the provider's id.
    """

    id: str
    name: str
    provider: str
    provider_label: str
    region: str | None
    endpoint: str | None
    settings: dict[str, Any]  # without secret ones
    enabled: bool
    state: str
    address_use: str  # "public" or "private": which address of a machine to talk to
    jump_host: JumpHost | None
    created_at: datetime
    read_at: datetime | None  # the last good reading of its machines
    trouble: Trouble | None
