"""SSH keys and their association with machines."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair without its private half."""

    id: str
    name: str
    algorithm: str  # as in the public key: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 ...
    bits: int
    public: str  # one OpenSSH line
    fingerprint: str  # SHA256:...
    is_default: bool
    created_at: datetime


class Association(msgspec.Struct, frozen=True, kw_only=True):
    """That a key opens a machine. `user` and `port` are the ones that last worked, or were given.

    An empty user and a port of 0: not known yet. `host` is set where it is not the machine's own address.
    """

    key_id: str
    key_name: str
    machine_id: str
    host: str | None = None
    user: str
    port: int
    sudo: bool
    last_success_at: datetime | None


class HostKey(msgspec.Struct, frozen=True, kw_only=True):
    """The key that a machine (or hypervisor, or jump host) showed when it was first seen."""

    host: str
    port: int
    algorithm: str
    public: str  # one OpenSSH line, without comment
    fingerprint: str
    first_seen_at: datetime
