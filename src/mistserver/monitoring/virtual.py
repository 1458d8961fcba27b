"""Metrics that no machine sends: what Mist makes of those that it does (percentages, sums over devices)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mistserver.monitoring.samples import Values

Columns = Mapping[str, Values]


@dataclass(frozen=True)
class Builtin:
    """`needs` is a pattern of the ids it is made from; `make` gets those that are there, never none."""

    id: str
    name: str
    unit: str
    needs: re.Pattern[str]
    make: Callable[[Columns], Values]
    max_value: float | None = None

    def sources(self, known: Iterable[str]) -> list[str]:
        return [name for name in known if self.needs.fullmatch(name)]


def _sum(columns: Columns) -> Values:
    """What is missing of some counts nothing; what is missing of all is missing."""
    stacked = np.vstack(list(columns.values()))
    total: Values = np.nansum(stacked, axis=0)
    total[np.isnan(stacked).all(axis=0)] = np.nan
    return total


def _alone(columns: Columns) -> Values:
    return next(iter(columns.values()))


def _busy(columns: Columns) -> Values:
    """Percent: from percentages where the agent sends them, else from the time spent in each state."""
    if "cpu.percent.idle" in columns:
        return 100.0 - columns["cpu.percent.idle"]
    idle = _sum({name: values for name, values in columns.items() if name.endswith(".idle")})
    with np.errstate(divide="ignore", invalid="ignore"):
        return 100.0 * (1.0 - idle / _sum(columns))


def _used(columns: Columns) -> Values:
    total = _sum(columns)
    free = columns.get("memory.free", np.full(len(total), np.nan))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 100.0 * (total - free) / total


_MEMORY = re.compile(r"memory\.(used|buffered|cached|free|slab_recl|slab_unrecl)")
# whole disks: their partitions would count everything twice, and what lies on top of them likewise
_DISK = r"disk\.(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+|hd[a-z]+|nvme\d+n\d+|mmcblk\d+)\.disk_octets\."
_NETWORK = r"interface\.(?!lo\.)[^.]+\.if_octets\."

BUILTINS = (
    Builtin("cpu.total.nonidle", "CPU", "%", re.compile(r"cpu\.percent\.idle|cpu\.\d+\.cpu\.\w+"), _busy, 100.0),
    Builtin("load.shortterm", "Load", "", re.compile(r"load\.shortterm"), _alone, 64.0),
    Builtin("load.midterm", "Load (5 mins)", "", re.compile(r"load\.midterm"), _alone, 64.0),
    Builtin("load.longterm", "Load (15 mins)", "", re.compile(r"load\.longterm"), _alone, 64.0),
    Builtin("memory.nonfree_percent", "RAM", "%", _MEMORY, _used, 100.0),
    Builtin("disk.total.disk_octets.read", "Disks Read", "B/s", re.compile(_DISK + "read"), _sum, 750_000_000.0),
    Builtin("disk.total.disk_octets.write", "Disks Write", "B/s", re.compile(_DISK + "write"), _sum, 750_000_000.0),
    Builtin("interface.total.if_octets.rx", "Ifaces Rx", "B/s", re.compile(_NETWORK + "rx"), _sum, 1_250_000_000.0),
    Builtin("interface.total.if_octets.tx", "Ifaces Tx", "B/s", re.compile(_NETWORK + "tx"), _sum, 1_250_000_000.0),
)
BY_ID = MappingProxyType({builtin.id: builtin for builtin in BUILTINS})
# what they were called in Mist's first API
EARLIER = MappingProxyType(
    {
        "cpu": "cpu.total.nonidle",
        "load": "load.shortterm",
        "ram": "memory.nonfree_percent",
        "disk-read": "disk.total.disk_octets.read",
        "disk-write": "disk.total.disk_octets.write",
        "network-rx": "interface.total.if_octets.rx",
        "network-tx": "interface.total.if_octets.tx",
    }
)


def meant(id: str) -> str:
    """The id of today for one of Mist's first API."""
    return EARLIER.get(id, id)


def sources_of(ids: Sequence[str], known: Sequence[str]) -> list[str]:
    """The series to read for these metrics."""
    wanted: dict[str, None] = {}
    for id in ids:
        builtin = BY_ID.get(id)
        wanted |= dict.fromkeys(builtin.sources(known) if builtin else [id])
    return [name for name in wanted if name in set(known)]


def computed(id: str, columns: Columns) -> Values | None:
    """The metric from the series that were read for it; None when none of them is there."""
    builtin = BY_ID.get(id)
    if builtin is None:
        return columns.get(id)
    found = {name: columns[name] for name in builtin.sources(columns)}
    return builtin.make(found) if found else None
