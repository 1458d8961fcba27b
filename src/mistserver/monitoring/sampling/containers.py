"""What a container uses, from its control group: /proc shows its host.

Version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html, version 1: https://docs.kernel.org/admin-guide/cgroup-v1/
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from mistserver.monitoring.names import metric_id
from mistserver.monitoring.samples import Kind
from mistserver.monitoring.sampling.frames import Frame
from mistserver.monitoring.sampling.numbers import number, pairs

Line = tuple[str, Kind, float]
_GROUP = "/sys/fs/cgroup/"
_TICKS = 100.0  # a second, in every file that the kernel shows to users


@dataclass(frozen=True)
class _Spent:
    """Seconds: of the clock, and of processors."""

    at_s: float
    user_s: float
    system_s: float


class Before:
    """The processor time of the frame before."""

    def __init__(self) -> None:
        self._spent: _Spent | None = None

    def cpu(self, frame: Frame) -> Iterator[Line]:
        """Percent of what the container may use: its quota, else all processors of the host."""
        before, now = self._spent, _spent(frame)
        self._spent = now
        if before is None or now.at_s <= before.at_s:
            return
        room_s = (now.at_s - before.at_s) * _processors(frame)
        user, system = (now.user_s - before.user_s) / room_s, (now.system_s - before.system_s) / room_s
        if user < 0 or system < 0:
            return
        for name, share in (("user", user), ("system", system), ("idle", max(0.0, 1.0 - user - system))):
            yield metric_id("cpu", "percent", name), Kind.GAUGE, min(100.0, 100.0 * share)


def _spent(frame: Frame) -> _Spent:
    at_s = number(frame["/proc/uptime"].split()[0])
    if (text := frame.get(f"{_GROUP}cpu.stat")) and "user_usec" in (counted := pairs(text)):
        return _Spent(at_s, counted["user_usec"] / 1e6, counted["system_usec"] / 1e6)
    counted = pairs(frame[f"{_GROUP}cpuacct/cpuacct.stat"])
    return _Spent(at_s, counted["user"] / _TICKS, counted["system"] / _TICKS)


def _processors(frame: Frame) -> float:
    if (text := frame.get(f"{_GROUP}cpu.max")) and not text.startswith("max"):
        quota, period = (number(word) for word in text.split()[:2])
        return quota / period
    quota = number(frame.get(f"{_GROUP}cpu/cpu.cfs_quota_us", "-1").strip())
    if quota > 0:
        return quota / number(frame[f"{_GROUP}cpu/cpu.cfs_period_us"].strip())
    return float(sum(line[:3] == "cpu" and line[3:4].isdigit() for line in frame["/proc/stat"].splitlines()))


def memory(frame: Frame) -> Iterator[Line]:
    """Bytes of its limit, which is the host's memory where it has none."""
    host = pairs(frame["/proc/meminfo"])["MemTotal"] * 1024.0
    if f"{_GROUP}memory.current" in frame:
        usage, limit, name = "memory.current", "memory.max", "memory.stat"
    else:
        usage, limit, name = "memory/memory.usage_in_bytes", "memory/memory.limit_in_bytes", "memory/memory.stat"
    whole = number(frame[_GROUP + usage].strip())
    text = frame.get(_GROUP + limit, "max").strip()
    room = host if text == "max" else min(host, number(text))
    counted = pairs(frame.get(_GROUP + name, ""))
    cached = min(whole, counted.get("file", counted.get("cache", 0.0)))
    for part, value in (("used", whole - cached), ("cached", cached), ("free", max(0.0, room - whole))):
        yield metric_id("memory", part), Kind.GAUGE, value


def disks(frame: Frame) -> Iterator[Line]:
    """Bytes that it read from and wrote to the host's disks."""
    words = [line.split() for line in frame["/proc/diskstats"].splitlines()]
    names = {f"{each[0]}:{each[1]}": each[2] for each in words if len(each) > 3}
    for line in frame.get(f"{_GROUP}io.stat", "").splitlines():
        device, *given = line.split()
        counted = dict(pair.split("=", 1) for pair in given if "=" in pair)
        for side, key in (("read", "rbytes"), ("write", "wbytes")):
            if device in names and key in counted:
                yield metric_id("disk", names[device], "disk_octets", side), Kind.COUNTER, number(counted[key])
    for line in frame.get(f"{_GROUP}blkio/blkio.throttle.io_service_bytes", "").splitlines():
        device, *rest = line.split()
        if device in names and len(rest) == 2 and rest[0] in ("Read", "Write"):
            yield metric_id("disk", names[device], "disk_octets", rest[0].lower()), Kind.COUNTER, number(rest[1])


def uptime(frame: Frame) -> Iterator[Line]:
    """Since its first process began."""
    began = number(frame["/proc/1/stat"].rpartition(")")[2].split()[19]) / _TICKS
    yield "uptime", Kind.GAUGE, math.floor(max(0.0, number(frame["/proc/uptime"].split()[0]) - began))
