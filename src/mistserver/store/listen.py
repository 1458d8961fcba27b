"""Hears what other services changed: a thread on PostgreSQL's LISTEN. SQLite has one service and needs none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mistserver.store.notices import CHANNEL

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

_TICK_S = 0.5
_RETRY_S = 1.0


class Listener:
    """Calls `heard(topic)` for each change, and `heard(None)` after a gap in which changes may have been missed.

    `live` is False while there is no connection, or behind a pooler that does not pass notifications on: then
    followers poll each second.
    """

    def __init__(self, url: sa.URL, heard: Callable[[str | None], None]) -> None:
        self._url = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._heard = heard
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="db-listen", daemon=True)
        self.live = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the thread has ended, at most about a second."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        import psycopg

        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                log.warning("listening for changes was interrupted: %s", type(error).__name__)
            self.live = False
            self._stop.wait(_RETRY_S)

    def _listen(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        connection.execute("SELECT pg_notify(%s, '')", (CHANNEL,))  # its echo proves that notifications arrive
        self._heard(None)
        while not self._stop.is_set():
            for notice in connection.notifies(timeout=_TICK_S):
                self.live = True
                if notice.payload:
                    self._heard(notice.payload)
