"""The heartbeat of this service, and the fence that keeps one declared dead from touching the outside."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from mistserver.domain.errors import Unavailable
from mistserver.jobs.stops import Fenced
from mistserver.store import services
from mistserver.store.database import Database

log = logging.getLogger(__name__)

BEAT_S = 1.0
FRESH_S = 3.0
DEAD_S = 5.0
EXIT_FENCED = 75


def end_process() -> None:
    """End at once, without drain: everything this process still does may be done twice."""
    os._exit(EXIT_FENCED)


class Heart:
    """Beats each second on a thread of its own. SQLite has one service, which nobody takes over from: no beat there.

    Other services declare this one dead by deleting its row when its beat is `DEAD_S` old; a beat finds that out, as
    both change the same row. So after a pause the fence may trust a beat written now as much as one written in time.
    """

    def __init__(self, database: Database, executor_id: str, on_fenced: Callable[[], None] = end_process) -> None:
        self._database = database
        self._executor_id = executor_id
        self._on_fenced = on_fenced
        self._stop = threading.Event()
        self._beating = threading.Lock()
        self._beat_at = 0.0
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Enter the list of services (blocking)."""
        self._beat_at = _now()
        if not self._database.is_sqlite:
            self._database.write_now(services.register, self._executor_id)
            self._thread.start()

    def stop(self) -> None:
        """Leave the list, so that others take over at once (blocking)."""
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join(timeout=5)
            self._database.write_now(services.remove, self._executor_id)

    def check(self) -> None:
        """Before each call to the outside: return while this service is surely alive for the others, else end it."""
        if self._database.is_sqlite or _now() - self._beat_at < FRESH_S:
            return
        try:
            self.beat()
        except (SQLAlchemyError, Unavailable) as error:
            self._give_up(f"the database did not take a heartbeat ({type(error).__name__})")

    def beat(self) -> None:
        """Write one beat, or end this process when others have declared it dead."""
        with self._beating:
            started = _now()
            alive = self._database.write_now(services.beat, self._executor_id, timedelta(seconds=DEAD_S))
            if alive:
                self._beat_at = started
        if not alive and not self._stop.is_set():
            self._give_up("other services have declared this one dead and took its jobs over")

    def _give_up(self, reason: str) -> None:
        log.critical("this process ends: %s", reason)
        self._on_fenced()
        raise Fenced(reason)

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                self.beat()
            except (SQLAlchemyError, Unavailable) as error:
                log.warning("a heartbeat was not written: %s", type(error).__name__)
            except Fenced:
                return


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the machine sleeps
