"""What is measured with: the series of a machine as collectd sends them, and senders to the peers.

The machines are made up, since a benchmark has to be the same everywhere; what they do is what real ones do. A load
that comes and goes moves processor time, packets and blocks; many series stand still or tick; sizes are whole pages.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mistserver.monitoring.samples import TIMES, Batch, Kind, Times

Rows = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Row = np.ndarray[tuple[int], np.dtype[np.float64]]

MACHINES, SERIES = 100, 100
START = 1_795_413_600  # where a span of six hours begins
STEP_S = 10
_PAGE = 4096.0


class Columns:
    """Series of one machine as they are made."""

    def __init__(self, posts: int, seed: int) -> None:
        self.posts = posts
        self.dice = np.random.default_rng(seed)
        self.names: list[str] = []
        self.kinds: list[Kind] = []
        self.values: list[Row] = []
        slow = np.convolve(self.dice.normal(0, 1, posts + 59), np.ones(60) / 60, "valid")
        bursts = self.dice.random(posts) < 0.02
        self.busy: Row = np.clip(0.15 + slow + 0.5 * bursts, 0.01, 1.0)

    def gauge(self, name: str, values: Row | float) -> None:
        self._add(name, Kind.GAUGE, np.broadcast_to(np.asarray(values, float), self.posts))

    def counter(self, name: str, grows: Row | float) -> None:
        """`grows`: by how much from one sample to the next."""
        first = float(self.dice.integers(0, 2**36)) if np.any(grows) else 0.0
        self._add(name, Kind.COUNTER, first + np.cumsum(np.broadcast_to(np.asarray(grows, float), self.posts)))

    def often(self, mean: float) -> Row:
        """How often something happens in a step that a busy machine does `mean` times."""
        return self.dice.poisson(mean * self.busy).astype(float)

    def wander(self, level: float, by: float) -> Row:
        """Whole pages around a level."""
        return np.abs(level + np.cumsum(np.round(self.dice.normal(0, by, self.posts)))) * _PAGE

    def _add(self, name: str, kind: Kind, values: Row) -> None:
        self.names.append(name)
        self.kinds.append(kind)
        self.values.append(values)


def machine(posts: int, seed: int = 7) -> Columns:
    """A hundred series: processors, interfaces, disk, memory, load, filesystems, processes, interrupts."""
    made = Columns(posts, seed)
    for each in (_processors, _interfaces, _disk, _memory, _filesystems, _processes, _interrupts):
        each(made)
    assert len(made.names) == SERIES
    return made


def _processors(made: Columns) -> None:
    for cpu in range(2):
        used = {"user": made.often(600), "system": made.often(150), "wait": made.often(12), "softirq": made.often(6)}
        for state, spent in used.items():
            made.counter(f"cpu.{cpu}.cpu.{state}", spent)
        spent = np.minimum(sum(used.values()), 1000)
        made.counter(f"cpu.{cpu}.cpu.idle", 1000 - spent + made.dice.integers(-1, 2, made.posts))
        for state in ("nice", "steal", "interrupt"):
            made.counter(f"cpu.{cpu}.cpu.{state}", 0)


def _interfaces(made: Columns) -> None:
    for name, packets in (("eth0", 6000.0), ("lo", 400.0), ("docker0", 0.0)):
        for way in ("rx", "tx"):
            sent = made.often(packets)
            made.counter(f"interface.{name}.if_packets.{way}", sent)
            made.counter(f"interface.{name}.if_octets.{way}", np.round(sent * made.dice.uniform(300, 500, made.posts)))
            for what in ("errors", "dropped"):
                made.counter(f"interface.{name}.if_{what}.{way}", 0)


def _disk(made: Columns) -> None:
    for way, mean in (("read", 10.0), ("write", 120.0)):
        done = made.often(mean)
        made.counter(f"disk.vda.disk_ops.{way}", done)
        made.counter(f"disk.vda.disk_octets.{way}", done * _PAGE * made.dice.integers(1, 4, made.posts))
        made.counter(f"disk.vda.disk_time.{way}", np.round(done * made.dice.uniform(0, 2, made.posts)))
        made.counter(f"disk.vda.disk_merged.{way}", made.often(mean / 3))
    made.counter("disk.vda.disk_io_time.io_time", made.often(400))
    made.counter("disk.vda.disk_io_time.weighted_io_time", made.often(600))


def _memory(made: Columns) -> None:
    for name, level, by in (("used", 5e5, 900), ("free", 1e6, 900), ("cached", 2e6, 60), ("buffered", 4e4, 2)):
        made.gauge(f"memory.{name}", made.wander(level, by))
    made.gauge("memory.slab_recl", made.wander(8e4, 8))
    made.gauge("memory.slab_unrecl", made.wander(2e4, 4))
    for name, value in (("used", 0.0), ("free", 2e9), ("cached", 0.0)):
        made.gauge(f"swap.{name}", value)
    for way in ("in", "out"):
        made.counter(f"swap.swap_io.{way}", 0)


def _filesystems(made: Columns) -> None:
    for name in ("root", "boot", "dev-shm"):
        writes = made.often(40) * (made.dice.random(made.posts) < 0.3) if name == "root" else np.zeros(made.posts)
        used = (1e6 + np.cumsum(writes)) * _PAGE
        made.gauge(f"df.{name}.df_complex.used", used)
        made.gauge(f"df.{name}.df_complex.free", 9e6 * _PAGE - used)
        made.gauge(f"df.{name}.df_complex.reserved", 1e5 * _PAGE)


def _processes(made: Columns) -> None:
    made.counter("processes.fork_rate", made.often(60))
    made.gauge("processes.ps_state.running", made.often(3))
    made.gauge("processes.ps_state.sleeping", 120 + made.often(4))
    for state in ("zombies", "stopped", "paging", "blocked"):
        made.gauge(f"processes.ps_state.{state}", 0)
    for name, over in (("shortterm", 6), ("midterm", 30), ("longterm", 90)):
        averaged = np.convolve(np.concatenate([np.full(over - 1, 0.15), made.busy]), np.ones(over) / over, "valid")
        made.gauge(f"load.{name}", np.round(4 * averaged, 2))
    made.gauge("users", (made.dice.random(made.posts) < 0.001).cumsum() % 3)
    made.gauge("uptime", 86_400 + STEP_S * np.arange(made.posts, dtype=float))
    made.gauge("entropy", 256)


def _interrupts(made: Columns) -> None:
    made.counter("contextswitch", made.often(40_000))
    for name, mean in (("timer", 2500.0), ("net", 9000.0), ("disk", 140.0), ("resched", 3000.0)):
        made.counter(f"irq.{name}", made.often(mean))
    for n in range(SERIES - len(made.names)):
        made.counter(f"irq.{n}", 0)


def as_rates(made: Columns) -> Columns:
    """The same machine where the agent sends rates: numbers with all their digits, since no step is quite even."""
    found = Columns(made.posts, 1)
    for name, kind, values in zip(made.names, made.kinds, made.values, strict=True):
        if kind is Kind.COUNTER:
            gaps = STEP_S + found.dice.normal(0, 0.001, made.posts)
            values = np.diff(values, prepend=values[0]) / gaps
        found.gauge(name, values)
    return found


def rows(made: Columns) -> Rows:
    return np.column_stack(made.values)


def at(n: int) -> int:
    """The second of a post."""
    return START + STEP_S * n


def batches(made: Columns) -> Callable[[Row, int], Batch]:
    names, kinds = tuple(made.names), tuple(made.kinds)

    def of(row: Row, second: int) -> Batch:
        times: Times = np.full(len(names), second, TIMES)
        return Batch(names, kinds, times, row)

    return of
