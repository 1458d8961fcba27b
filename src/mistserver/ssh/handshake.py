"""One SSH handshake: host key first, then one user with a few keys. Only here are the library's options set."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import asyncssh

from mistserver.ssh import trouble
from mistserver.ssh.target import KeyMaterial, Target, clean_user

_BANNER_LIMIT = 4096
_NAME = r"[\"'`]?(?P<{}>[A-Za-z_][A-Za-z0-9_.-]{{0,31}}?)[\"'`]?"
_ANOTHER_USER = re.compile(
    rf"[Pp]lease log ?in as (?:(?:the )?user {_NAME.format('after')}\.?(?:\s|$)|the {_NAME.format('before')} user)"
)

# its messages at lower levels carry commands
logging.getLogger("asyncssh").setLevel(logging.ERROR)


class Refused(Exception):
    """The server took none of the keys. `tried` counts those that it refused before it ended the connection."""

    def __init__(self, tried: int, banner: str) -> None:
        super().__init__()
        self.tried = tried
        self.banner = banner


@dataclass(frozen=True)
class Way:
    """How the bytes go: over a socket that is connected, or through another connection."""

    sock: socket.socket | None = None
    tunnel: asyncssh.SSHClientConnection | None = None


class Client(asyncssh.SSHClient):
    """What the server is told and asked during one handshake."""

    def __init__(self, keys: Sequence[asyncssh.SSHKey], trusted: bool) -> None:
        self.offered = 0
        self.banner = ""
        self.shown: asyncssh.SSHKey | None = None
        self.on_lost: Callable[[Exception | None], None] | None = None
        self._keys = keys
        self._trusted = trusted

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Called for a key that is not among the remembered ones: accepted at first sight only."""
        self.shown = key
        return not self._trusted

    def public_key_auth_requested(self) -> asyncssh.SSHKey | None:
        if self.offered == len(self._keys):
            return None
        self.offered += 1
        return self._keys[self.offered - 1]

    def auth_banner_received(self, msg: str, lang: str) -> None:
        self.banner = (self.banner + msg)[:_BANNER_LIMIT]

    def connection_lost(self, exc: Exception | None) -> None:
        if self.on_lost is not None:
            self.on_lost(exc)


@dataclass(frozen=True)
class Handshake:
    """A login with some of a target's keys under one user name."""

    target: Target
    user: str
    keys: Sequence[KeyMaterial]
    known: Sequence[asyncssh.SSHKey]
    timeout_s: float
    keepalive_s: float
    on_new_host_keys: Callable[[Sequence[asyncssh.SSHKey]], None]

    async def shake(self, way: Way) -> tuple[asyncssh.SSHClientConnection, Client]:
        """An authenticated connection; Refused, HostKeyChanged, MachineUnreachable or MachineTimeout."""
        target, client = self.target, Client([key.parsed for key in self.keys], bool(self.known))
        try:
            async with asyncio.timeout(self.timeout_s):
                connection = await asyncssh.connect(
                    target.host, target.port, sock=way.sock, tunnel=way.tunnel or (), config=None,
                    options=None, client_factory=lambda: client, **self._options(),
                )  # fmt: skip
        except TimeoutError:
            raise trouble.no_login(target, self.timeout_s) from None
        except asyncssh.HostKeyNotVerifiable:
            known = [key.get_fingerprint() for key in self.known]
            shown = client.shown.get_fingerprint() if client.shown else "a certificate"
            raise trouble.key_changed(target, known, shown) from None
        except asyncssh.PermissionDenied:
            raise Refused(client.offered, client.banner) from None
        except asyncssh.ChannelOpenError as error:
            raise trouble.unreachable(target, f"the jump host says: {error.reason}") from None
        except (asyncssh.Error, OSError, ValueError) as error:
            if "authentication failures" in str(error):
                raise Refused(client.offered, client.banner) from None
            raise trouble.broken_handshake(target, str(error) or type(error).__name__) from None
        return connection, client

    def _options(self) -> dict[str, object]:
        return {
            "username": self.user,
            "known_hosts": (list(self.known), [], []),
            "server_host_key_algs": _host_key_algorithms(self.known),
            "server_host_keys_handler": self._announced if self.known else None,
            "client_keys": None,
            "client_version": "Mist",
            "preferred_auth": ["publickey"],
            "agent_path": None,
            "agent_forwarding": False,
            "gss_host": None,
            "x509_trusted_certs": None,
            "compression_algs": ["none"],
            "encryption_algs": _CIPHERS,
            "env": {},
            "send_env": [],
            "utf8_decode_errors": "replace",
            "encoding": None,
            "login_timeout": self.timeout_s,
            "keepalive_interval": self.keepalive_s,
            "keepalive_count_max": 3,
        }

    def _announced(self, added: Sequence[asyncssh.SSHKey], removed: object, retained: object, revoked: object) -> None:
        """A server that showed a remembered key has proven others: it may use them from now on."""
        if added:
            self.on_new_host_keys(added)


def known_keys(lines: Sequence[str]) -> list[asyncssh.SSHKey]:
    """The remembered lines as keys."""
    return [asyncssh.import_public_key(line) for line in lines]


def named_user(text: str) -> str | None:
    """The user as whom a server asks to log in, if `text` (of a banner or a forced command) says so."""
    found = _ANOTHER_USER.search(text)
    return clean_user(found["after"] or found["before"]) if found else None


def host_key_line(key: asyncssh.SSHKey) -> str:
    """Algorithm and key, without comment."""
    return " ".join(key.export_public_key().decode().split()[:2])


def _host_key_algorithms(known: Sequence[asyncssh.SSHKey]) -> list[str]:
    """The remembered types first, then all: a server that changed its type must still get to show its key."""
    first = [algorithm.decode() for key in known for algorithm in key.sig_algorithms]
    return list(dict.fromkeys([*first, *_ALL_HOST_KEY_ALGORITHMS]))


# the first costs a third of the processor time of ChaCha20, which the library puts together in Python
_CIPHERS = (
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr"
)
_ALL_HOST_KEY_ALGORITHMS = [
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    "ssh-rsa",
]  # fmt: skip
