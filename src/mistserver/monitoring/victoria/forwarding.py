"""The log as the queue before VictoriaMetrics: what is in it is sent, and again when the server may have lost it."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded.hot import sound_posts
from mistserver.monitoring.embedded.series import Post, post_of
from mistserver.monitoring.embedded.state import State
from mistserver.monitoring.victoria.exchange import NAME, Exchange

log = logging.getLogger(__name__)

SAFE_S = 60.0  # a server that has run this long since it took samples has them on its disk
_PAUSE_S = 0.2
_AGAIN_S = 2.0
_AT_ONCE = 500


class Forwarder:
    """A thread of its own. A server that was started anew is sent everything once more that it may have lost."""

    def __init__(self, state: State, exchange: Exchange, log_file: Path, clock: Callable[[], float] = time.monotonic):
        self._state = state
        self._exchange = exchange
        self._file = log_file
        self._clock = clock
        self._sent: deque[tuple[float, int]] = deque()  # when, and up to which post
        self._safe = 0
        self._last = 0
        self._started_at: float | None = None
        self._failing = False
        self.still = threading.Lock()  # nothing is sent while somebody has it
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics-forward", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()

    def safe(self) -> int:
        """The last post that the server surely has on its disk."""
        return self._safe

    def _work(self) -> None:
        pause_s = 0.0
        while not self._ended.wait(pause_s):
            try:
                pause_s = 0.0 if self._step() else _PAUSE_S
                self._failing = False
            except (Unavailable, sqlite3.Error) as error:
                if not self._failing:
                    log.warning("metrics wait in the log: %s", error)
                self._failing, pause_s = True, _AGAIN_S
            except Exception:
                log.exception("metrics wait in the log")
                pause_s = _AGAIN_S

    def _step(self) -> bool:
        """Send what is next; whether there may be more."""
        old = self._clock() - SAFE_S
        if not self._next(1) and not (self._sent and self._sent[0][0] < old):
            return False
        started_at = self._exchange.started_at()
        if started_at != self._started_at:
            self._started_at, self._last = started_at, self._safe
            self._sent.clear()
        while self._sent and self._sent[0][0] < old:
            self._safe = self._sent.popleft()[1]
        with self.still:
            return self._send(self._next(_AT_ONCE))

    def _send(self, posts: list[tuple[int, Post]]) -> bool:
        if not posts:
            return False
        series: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for _, post in posts:
            for slot, second, value in zip(*(column.tolist() for column in post[:3]), strict=True):
                series[slot].append((second, value))
        named = self._state.named(series)
        labels = {
            slot: {"__name__": NAME, "machine": each.machine, "metric": each.name, "kind": each.kind.name.lower()}
            for slot, each in named.items()
        }
        self._exchange.write((labels[slot], samples) for slot, samples in series.items() if slot in labels)
        self._last = posts[-1][0]
        self._sent.append((self._clock(), self._last))
        return len(posts) == _AT_ONCE

    def _next(self, count: int) -> list[tuple[int, Post]]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as database:
            query = "SELECT seq, body, checksum FROM posts WHERE seq > ? ORDER BY seq LIMIT ?"
            return [(seq, post_of(body)) for seq, body in sound_posts(database.execute(query, (self._last, count)))]
