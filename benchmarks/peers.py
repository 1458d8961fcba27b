"""VictoriaMetrics and Prometheus beside the store of metrics: each a server of its own, written to and asked alike."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.series import Row
from mistserver.monitoring.victoria.exchange import NAME, Exchange
from tests.lab import prometheus, victoria
from tests.lab.prometheus import Prometheus
from tests.lab.victoria import Victoria

Series = tuple[dict[str, str], list[tuple[int, float]]]


@dataclass
class Peer:
    """One server, and what it was given."""

    name: str
    server: Victoria | Prometheus
    folder: Path
    exchange: Exchange

    def cpu_s(self) -> float:
        return float(sum(psutil.Process(self.server.pid).cpu_times()[:2]))

    def stored_bytes(self) -> int:
        """What its samples take on the disk, packed as far as they will be."""
        if isinstance(self.server, Victoria):
            self.server.merge()
            return self.server.stored_bytes()
        return sum(path.stat().st_size for path in self.server.snapshot().rglob("*") if path.is_file())


@contextmanager
def peers(folder: Path) -> Iterator[list[Peer]]:
    """Those that are installed, VictoriaMetrics first; why another is not there is printed."""
    with ExitStack() as stack:
        found = []
        for name, module, kind in (("VictoriaMetrics", victoria, Victoria), ("Prometheus", prometheus, Prometheus)):
            if reason := module.missing():
                print(reason)
                continue
            own = folder / name
            own.mkdir(parents=True)
            server: Victoria | Prometheus = kind(own)
            stack.callback(server.stop)
            exchange = Exchange(server.url)
            stack.callback(exchange.close)
            found.append(Peer(name, server, own, exchange))
        yield found


def labels(machine: str, metric: str) -> dict[str, str]:
    return {"__name__": NAME, "machine": machine, "metric": metric}


def post(machine: str, names: Sequence[str], rows: Sequence[tuple[int, Row]]) -> list[Series]:
    """Some samples of all series of a machine, as (second, values)."""
    return [(labels(machine, name), [(second, float(row[n])) for second, row in rows]) for n, name in enumerate(names)]


def cpu_of_posts(peer: Peer, posts: Sequence[list[Series]]) -> float:
    """Seconds of the server's processors for these posts, until it has come to rest."""
    before = peer.cpu_s()
    for each in posts:
        peer.exchange.write(each)
    after, last = peer.cpu_s(), -1.0
    while after > last:  # it works on when the last is answered
        last = after
        time.sleep(0.2)
        after = peer.cpu_s()
    return after - before
