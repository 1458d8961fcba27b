"""One open connection of the pool, and how much it is in use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mistserver.ssh.target import Place, Target

if TYPE_CHECKING:
    import asyncssh

_SESSIONS = 10  # sshd's default MaxSessions; lowered when a server refuses earlier


@dataclass(frozen=True)
class Login:
    """Who and what opened a connection, and whom it leads to."""

    place: Place
    user: str
    key: tuple[str, str]  # its identity
    host_key_fingerprint: str
    first_sight: bool
    asked_users: tuple[str, ...]


class Link:
    """Shared by all who talk to one machine. Closes itself after `idle_s` without use."""

    def __init__(self, connection: asyncssh.SSHClientConnection, login: Login, idle_s: float) -> None:
        self.connection = connection
        self.login = login
        self.closed = asyncio.Event()
        self.on_closed: list[Callable[[], None]] = []
        self.sessions = 0
        self.session_limit = _SESSIONS
        self._holds = 0
        self._idle_s = idle_s
        self._timer: asyncio.TimerHandle | None = None
        self._rest()

    @property
    def alive(self) -> bool:
        return not self.closed.is_set() and not self.connection.is_closed()

    @property
    def has_room(self) -> bool:
        return self.sessions < self.session_limit

    def serves(self, target: Target) -> bool:
        """Whether `target` would accept this connection as its own: its place, one of its users, one of its keys."""
        login = self.login
        return (
            login.place == target.place
            and (login.user in target.users or login.asked_users == target.users)
            and any(key.identity == login.key for key in target.keys)
        )

    def hold(self, *, session: bool) -> Callable[[], None]:
        """Count one more use; the returned function, called any number of times, ends it."""
        self._holds += 1
        self.sessions += session
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                self._holds -= 1
                self.sessions -= session
                self._rest()

        return release

    def refused_session(self) -> bool:
        """The server refused one more session. Whether another connection may help: not when this one has none."""
        others = self.sessions - 1
        if others > 0:
            self.session_limit = others
        return others > 0

    def lost(self, exc: Exception | None) -> None:
        """The connection is gone, whoever ended it."""
        self.closed.set()
        if self._timer is not None:
            self._timer.cancel()
        for callback in self.on_closed:
            callback()
        self.on_closed.clear()

    def close(self) -> None:
        """Close in good order; does not wait."""
        if not self.closed.is_set():
            self.connection.close()

    def abort(self) -> None:
        """Cut: nobody answers at the other end."""
        if not self.closed.is_set():
            self.connection.abort()

    def _rest(self) -> None:
        if self._holds == 0 and not self.closed.is_set() and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._idle_s, self.close)
