"""Bytes a sample: six hours of machines, once all that can be packed is packed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import series
from benchmarks.measure import Figure
from benchmarks.peers import Peer, peers, post
from mistserver.monitoring.embedded import EmbeddedStore

POSTS = 6 * 3600 // series.STEP_S
_TOGETHER = 60  # samples of a series in one post to a peer


def figures(full: bool = False) -> Iterator[Figure]:
    """Rates come with all their digits; counters come as they are, which is how Mist's agent is set up."""
    counted = [series.machine(POSTS, seed) for seed in range(10 if full else 3)]
    rates = [series.as_rates(made) for made in counted]
    with tempfile.TemporaryDirectory() as name:
        here = _bytes(Path(name) / "rates", rates)
        there = _bytes_there(Path(name) / "of rates", rates)
        if "VictoriaMetrics" in there:
            yield Figure(
                "bytes a sample at full precision : VictoriaMetrics'",
                here / there["VictoriaMetrics"],
                1.1,
                f"{here:.2f}",
                _told(there),
            )
        here = _bytes(Path(name) / "counters", counted)
        told = _told(_bytes_there(Path(name) / "of counters", counted))
        yield Figure("bytes a sample, counters as integers", here, 1.1, f"{here:.2f}", "1.1", notes={"peers": told})


def _told(there: dict[str, float]) -> str:
    return ", ".join(f"{name} {size:.2f}" for name, size in there.items())


def _bytes(folder: Path, machines: Sequence[series.Columns]) -> float:
    return asyncio.run(_filled(folder, machines)) / _samples(machines)


def _samples(machines: Sequence[series.Columns]) -> int:
    return len(machines) * POSTS * series.SERIES


async def _filled(folder: Path, machines: Sequence[series.Columns]) -> int:
    """Bytes of the files of a span that is over, with the places of all chunks in them."""
    clock = [float(series.START)]
    store = EmbeddedStore(folder, clock=lambda: clock[0])
    made = [(series.batches(each), series.rows(each)) for each in machines]
    for n in range(POSTS):
        clock[0] = float(series.at(n))
        posts = (store.append(f"m{k}", of(rows[n], series.at(n))) for k, (of, rows) in enumerate(made))
        await asyncio.gather(*posts)
    clock[0] = series.START + 9 * 3600.0
    store.flush_aged()
    store.tidy()
    await store.close()
    return sum(path.stat().st_size for path in folder.glob("raw-*"))


def _bytes_there(folder: Path, machines: Sequence[series.Columns]) -> dict[str, float]:
    folder.mkdir()
    with peers(folder) as servers:
        return {peer.name: _filled_there(peer, machines) / _samples(machines) for peer in servers}


def _filled_there(peer: Peer, machines: Sequence[series.Columns]) -> int:
    """In the order of time, as it comes from machines."""
    made = [(each.names, series.rows(each)) for each in machines]
    for first in range(0, POSTS, _TOGETHER):
        for k, (names, rows) in enumerate(made):
            some = [(series.at(n), rows[n]) for n in range(first, min(first + _TOGETHER, POSTS))]
            peer.exchange.write(post(f"m{k}", names, some))
    return peer.stored_bytes()
