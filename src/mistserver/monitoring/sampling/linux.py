"""What Linux counts, as the series that collectd's plugins make of it with Mist's configuration.

Files: https://www.kernel.org/doc/html/latest/filesystems/proc.html
Names: https://www.collectd.org/documentation/manpages/types.db.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from mistserver.monitoring.names import metric_id
from mistserver.monitoring.samples import Kind
from mistserver.monitoring.sampling import containers
from mistserver.monitoring.sampling.frames import Frame
from mistserver.monitoring.sampling.numbers import fields, number, pairs

Line: TypeAlias = tuple[str, Kind, float]
_CPU = ("user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal")  # in the order of /proc/stat
_STATES = {
    **dict.fromkeys("R", "running"),
    **dict.fromkeys("SI", "sleeping"),
    **dict.fromkeys("DK", "blocked"),
    **dict.fromkeys("ZX", "zombies"),
    **dict.fromkeys("Tt", "stopped"),
    **dict.fromkeys("W", "paging"),
}
_SECTOR = 512  # bytes, whatever the disk's own sectors are
_KIB = 1024


class Reader:
    """Makes lines of the frames of one machine, in their order. Percentages need the frame before."""

    def __init__(self) -> None:
        self._cpu: dict[str, float] = {}
        self._group = containers.Before()

    def lines(self, frame: Frame) -> list[Line]:
        """Everything that could be read; a section that cannot be understood is left out."""
        inside = "inside" in frame
        parts: tuple[Callable[[Frame], Iterable[Line]], ...] = (
            self._group.cpu if inside else self._of_cpu,
            containers.memory if inside else _memory,
            containers.disks if inside else _disks,
            containers.uptime if inside else _uptime,
            *(_load, _interfaces, _filesystems, _processes, _users, _entropy),
            *(() if inside else (_swap,)),
        )
        found: dict[str, Line] = {}
        for part in parts:
            try:
                found |= {line[0]: line for line in part(frame)}
            except (ValueError, IndexError, KeyError, ZeroDivisionError):
                continue
        return [line for line in found.values() if math.isfinite(line[2])]

    def _of_cpu(self, frame: Frame) -> Iterator[Line]:
        now = dict(zip(_CPU, fields(frame["/proc/stat"])["cpu"], strict=False))
        before, self._cpu = self._cpu, now
        spent = {name: now[name] - before[name] for name in now if name in before}
        whole = sum(spent.values())
        if spent and whole > 0 and min(spent.values()) >= 0:
            for name, ticks in spent.items():
                yield metric_id("cpu", "percent", name), Kind.GAUGE, 100.0 * ticks / whole


def _memory(frame: Frame) -> Iterator[Line]:
    kib = pairs(frame["/proc/meminfo"])
    reclaimable, kept = kib.get("SReclaimable", 0.0), kib.get("SUnreclaim", 0.0)
    parts = {
        "free": kib["MemFree"],
        "buffered": kib.get("Buffers", 0.0),
        "cached": kib["Cached"],
        "slab_recl": reclaimable,
        "slab_unrecl": kept,
    }
    parts["used"] = max(0.0, kib["MemTotal"] - sum(parts.values()))
    for name, value in parts.items():
        yield metric_id("memory", name), Kind.GAUGE, value * _KIB


def _swap(frame: Frame) -> Iterator[Line]:
    kib = pairs(frame["/proc/meminfo"])
    total, free, cached = kib["SwapTotal"], kib["SwapFree"], kib.get("SwapCached", 0.0)
    for name, value in (("free", free), ("cached", cached), ("used", max(0.0, total - free - cached))):
        yield metric_id("swap", name), Kind.GAUGE, value * _KIB
    counted = pairs(frame.get("/proc/vmstat", ""))
    for name, source in (("in", "pswpin"), ("out", "pswpout")):
        if source in counted:
            yield metric_id("swap", "swap_io", name), Kind.COUNTER, counted[source]


def _load(frame: Frame) -> Iterator[Line]:
    names = ("shortterm", "midterm", "longterm")
    for name, value in zip(names, frame["/proc/loadavg"].split(), strict=False):
        yield metric_id("load", name), Kind.GAUGE, number(value)


def _uptime(frame: Frame) -> Iterator[Line]:
    yield "uptime", Kind.GAUGE, math.floor(number(frame["/proc/uptime"].split()[0]))


def _interfaces(frame: Frame) -> Iterator[Line]:
    for line in frame["/proc/net/dev"].splitlines():
        name, colon, rest = line.rpartition(":")
        counts = rest.split()
        if not colon or len(counts) < 12:
            continue
        for at, kind in enumerate(("if_octets", "if_packets", "if_errors", "if_dropped")):
            yield metric_id("interface", name, kind, "rx"), Kind.COUNTER, number(counts[at])
            yield metric_id("interface", name, kind, "tx"), Kind.COUNTER, number(counts[at + 8])


def _disks(frame: Frame) -> Iterator[Line]:
    """Those that were ever used."""
    for line in frame["/proc/diskstats"].splitlines():
        words = line.split()
        if len(words) < 14 or (words[3] == "0" and words[7] == "0"):
            continue
        name, counts = words[2], [number(word) for word in words[3:14]]
        for at, side in ((0, "read"), (4, "write")):
            yield metric_id("disk", name, "disk_ops", side), Kind.COUNTER, counts[at]
            yield metric_id("disk", name, "disk_merged", side), Kind.COUNTER, counts[at + 1]
            yield metric_id("disk", name, "disk_octets", side), Kind.COUNTER, counts[at + 2] * _SECTOR
            yield metric_id("disk", name, "disk_time", side), Kind.COUNTER, counts[at + 3]
        yield metric_id("disk", name, "pending_operations"), Kind.GAUGE, counts[8]
        yield metric_id("disk", name, "disk_io_time", "io_time"), Kind.COUNTER, counts[9]
        yield metric_id("disk", name, "disk_io_time", "weighted_io_time"), Kind.COUNTER, counts[10]


def _filesystems(frame: Frame) -> Iterator[Line]:
    """Each device once, under the first place where it is mounted."""
    seen = set()
    for line in frame["filesystems"].splitlines()[1:]:
        words = line.split(maxsplit=5)
        if len(words) < 6 or not words[5].startswith("/") or words[0] in seen:
            continue
        seen.add(words[0])
        total, used, free = (number(word) * _KIB for word in words[1:4])
        name = words[5].strip("/").replace("/", "-") or "root"
        for kind, value in (("used", used), ("free", free), ("reserved", max(0.0, total - used - free))):
            yield metric_id("df", name, "df_complex", kind), Kind.GAUGE, value


def _processes(frame: Frame) -> Iterator[Line]:
    counts = dict.fromkeys(_STATES.values(), 0)
    for letter in frame["processes"].strip():
        if letter in _STATES:
            counts[_STATES[letter]] += 1
    for name, count in counts.items():
        yield metric_id("processes", "ps_state", name), Kind.GAUGE, float(count)
    forks = fields(frame.get("/proc/stat", "")).get("processes")
    if forks and "inside" not in frame:
        yield metric_id("processes", "fork_rate"), Kind.COUNTER, forks[0]


def _users(frame: Frame) -> Iterator[Line]:
    yield "users", Kind.GAUGE, number(frame["users"].strip())


def _entropy(frame: Frame) -> Iterator[Line]:
    yield "entropy", Kind.GAUGE, number(frame["/proc/sys/kernel/random/entropy_avail"].strip())
