"""Where to connect, as whom and with which keys; and where host keys are remembered."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from mistserver.domain.errors import Internal, InvalidInput

if TYPE_CHECKING:
    import asyncssh

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?\Z")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,32}\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,63}\$?\Z")


@dataclass(frozen=True)
class KeyMaterial:
    """A private key (OpenSSH or PEM, without passphrase) for the time of a handshake, or of many at once."""

    id: str
    private: bytes = field(repr=False)

    @cached_property
    def identity(self) -> tuple[str, str]:
        """Equal for the same key under the same id; not a secret."""
        return (self.id, hashlib.sha256(self.private).hexdigest())

    @cached_property
    def parsed(self) -> asyncssh.SSHKey:
        """The key as the SSH library wants it; Internal when it cannot be read."""
        import asyncssh

        try:
            return asyncssh.import_private_key(self.private)
        except (asyncssh.KeyImportError, ValueError):
            raise Internal(f"The stored key {self.id} cannot be read.", key_id=self.id) from None


@dataclass(frozen=True)
class Target:
    """One machine. `owner` is whom its host key is remembered under; users and keys are tried in their order.

    With a single user nobody else is tried; with several, a server that asks to log in as another one is obeyed.
    """

    owner: str
    host: str
    port: int
    users: tuple[str, ...]
    keys: tuple[KeyMaterial, ...]
    jump: Target | None = None

    def __post_init__(self) -> None:
        clean_host(self.host)
        clean_port(self.port)
        for user in self.users:
            clean_user(user)

    @property
    def where(self) -> str:
        """`host:port`, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def place(self) -> Place:
        """What identifies the machine, without users and keys."""
        return (self.owner, self.host, self.port, self.jump.identity if self.jump else None)

    @property
    def identity(self) -> Identity:
        """Equal for targets that would end in the same connection; holds no secret."""
        return (self.place, self.users, tuple(key.identity for key in self.keys))


Place = tuple[str, str, int, object]
Identity = tuple[Place, tuple[str, ...], tuple[tuple[str, str], ...]]


class HostKeys(Protocol):
    """The memory of host keys. Called in the event loop: neither call may block."""

    def known(self, owner: str, host: str, port: int) -> Sequence[str]:
        """The remembered keys as OpenSSH lines; none when the machine was never seen."""
        ...

    def remember(self, owner: str, host: str, port: int, line: str, fingerprint: str) -> None:
        """Add a key: at first sight after a successful login, and when a known server announces and proves another."""
        ...


def clean_host(host: str) -> str:
    """`host` when it is an address or a host name; else InvalidInput. A leading dash never passes."""
    address, _, zone = host.partition("%")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        if _HOST_NAME.match(host):
            return host
    else:
        if "%" not in host or _ZONE.match(zone):
            return host
    raise InvalidInput(f"{host[:80]!a} is neither a host name nor an address.", field="host")


def clean_port(port: int) -> int:
    """`port` when it can be a TCP port; else InvalidInput."""
    if 0 < port < 65536:
        return port
    raise InvalidInput(f"{port} is not a TCP port; ports go from 1 to 65535.", field="port")


def clean_user(user: str) -> str:
    """`user` when it can be the name of a remote user; else InvalidInput."""
    if _USER.match(user):
        return user
    raise InvalidInput(f"{user[:80]!a} cannot be a user name on a machine.", field="user")
