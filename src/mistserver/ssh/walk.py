"""Finding a way in: users in turn, two or three keys to a connection, and what the server says about both."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncssh

from mistserver.domain.errors import MachineUnreachable
from mistserver.ssh import trouble
from mistserver.ssh.dial import dial
from mistserver.ssh.handshake import Client, Handshake, Refused, Way, host_key_line, known_keys, named_user
from mistserver.ssh.limits import Limits
from mistserver.ssh.link import Link, Login
from mistserver.ssh.session import Feed
from mistserver.ssh.target import HostKeys, KeyMaterial, Target

KEYS_AT_ONCE = 3  # sshd ends a connection after six refusals (MaxAuthTries), many hardened ones after three
MOST_CONNECTIONS = 32
_TRIAL_S = 5.0


@dataclass(frozen=True)
class Timing:
    connect_timeout_s: float
    keepalive_s: float
    idle_s: float


@dataclass
class Walk:
    """One attempt to log in at one target, used once."""

    target: Target
    host_keys: HostKeys
    limits: Limits
    timing: Timing
    jump: Link | None = None
    _tried: list[str] = field(default_factory=list)
    _seen: asyncssh.SSHKey | None = None
    _connections: int = 0
    _said: str = ""

    async def run(self) -> Link:
        """An open link, its host key remembered; or the error of the last thing tried."""
        users = deque(self.target.users)
        while users:
            user = users.popleft()
            if user in self._tried:
                continue
            self._tried.append(user)
            try:
                link, other = await self._as(user)
            except MachineUnreachable:
                if self._connections > 1:
                    raise trouble.shut_out(self.target, self._tried) from None
                raise
            if link is not None:
                return link
            if other is not None and other not in self._tried and len(self.target.users) > 1:
                users.appendleft(other)
        raise trouble.refused(self.target, self._tried, len(self.target.keys), self._said)

    async def _as(self, user: str) -> tuple[Link | None, str | None]:
        """A link for this user, or the user that the server named instead, or neither."""
        keys, at_once = list(self.target.keys), KEYS_AT_ONCE
        while keys:
            if self._connections >= MOST_CONNECTIONS:
                break
            self._connections += 1
            try:
                connection, client = await self._shake(user, keys[:at_once])
            except Refused as refusal:
                self._said = refusal.banner or self._said
                other = named_user(refusal.banner)
                if other is not None and other != user:
                    return None, other
                at_once = max(1, min(at_once, refusal.tried))
                keys = keys[max(1, refusal.tried) :]
                continue
            link = self._link(connection, client, user, keys[client.offered - 1])
            other = await self._sent_away(link) if user == "root" and len(self.target.users) > 1 else None
            if other is None:
                self._remember(connection, link)
                return link, None
            link.close()
            return None, other
        return None, None

    async def _shake(self, user: str, keys: Sequence[KeyMaterial]) -> tuple[asyncssh.SSHClientConnection, Client]:
        known = known_keys(self._known())
        handshake = Handshake(
            target=self.target,
            user=user,
            keys=keys,
            known=known or ([self._seen] if self._seen else []),
            timeout_s=self.timing.connect_timeout_s,
            keepalive_s=self.timing.keepalive_s,
            on_new_host_keys=self._learn,
        )
        async with self.limits.address(self.target), self._way() as way, self.limits.handshakes.place():
            connection, client = await handshake.shake(way)
        self._seen = connection.get_server_host_key()
        return connection, client

    @asynccontextmanager
    async def _way(self) -> AsyncIterator[Way]:
        if self.jump is not None:
            yield Way(tunnel=self.jump.connection)
            return
        async with self.limits.connects.place():
            sock = await dial(self.target, self.timing.connect_timeout_s)
        try:
            yield Way(sock=sock)
        except BaseException:
            sock.close()
            raise

    def _link(self, connection: asyncssh.SSHClientConnection, client: Client, user: str, key: KeyMaterial) -> Link:
        login = Login(
            place=self.target.place,
            user=user,
            key=key.identity,
            host_key_fingerprint=self._seen.get_fingerprint() if self._seen else "",
            first_sight=not self._known(),
            asked_users=self.target.users,
        )
        link = Link(connection, login, self.timing.idle_s)
        client.on_lost = link.lost
        if self.jump is not None:
            link.on_closed.append(self.jump.hold(session=False))
        return link

    async def _sent_away(self, link: Link) -> str | None:
        """The user named by images that let root in only to say "Please login as the user ..."."""
        word = secrets.token_hex(8)
        feed = Feed()
        await link.connection.create_session(lambda: feed, f"echo {word}", encoding=None)
        heard = b""
        try:
            async with asyncio.timeout(_TRIAL_S):
                while b"\n" not in heard and len(heard) < 1024 and (piece := await feed.read()) is not None:
                    heard += piece[1]
        except TimeoutError:
            return None
        finally:
            feed.close()
        text = heard.decode("utf-8", "replace")
        return None if word in text else named_user(text)

    def _known(self) -> Sequence[str]:
        return self.host_keys.known(self.target.owner, self.target.host, self.target.port)

    def _remember(self, connection: asyncssh.SSHClientConnection, link: Link) -> None:
        key = connection.get_server_host_key()
        if link.login.first_sight and key is not None:
            self._learn([key])

    def _learn(self, keys: Sequence[asyncssh.SSHKey]) -> None:
        target = self.target
        for key in keys:
            line, fingerprint = host_key_line(key), key.get_fingerprint()
            self.host_keys.remember(target.owner, target.host, target.port, line, fingerprint)
