"""What a probe asks of a machine, in words that dash, bash and busybox share, and how the answer is read."""

from __future__ import annotations

import re
import secrets
from typing import Any

import msgspec

from mistserver.domain.errors import MachineError
from mistserver.domain.names import visible

_ASKED = {
    "uptime": "cat /proc/uptime 2>/dev/null || sysctl -n kern.boottime",
    "now": "date +%s",
    "load": "cat /proc/loadavg 2>/dev/null || sysctl -n vm.loadavg",
    "cores": "nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo 2>/dev/null || sysctl -n hw.ncpu",
    "users": "who 2>/dev/null | wc -l",
    "disks": "df -Pkl 2>/dev/null || df -Pk",
    "kernel": "uname -sr",
    "distribution": "cat /etc/os-release 2>/dev/null",
    "user": "id -un 2>/dev/null || id -u",
}
_DISK = re.compile(r"(?P<source>\S.*?)\s+(?P<size>\d+)\s+(?P<used>\d+)\s+-?\d+\s+(?:\d+%|-)\s+(?P<mount>/.*)\Z")
_NOT_DISKS = {"tmpfs", "devtmpfs", "udev", "none", "shm", "efivarfs", "devfs", "map", "ramfs", "rootfs", "cgroup"}
_BOOTED = re.compile(r"sec\s*=\s*(\d+)")
_LONGEST = 200
_MOST = 2**50  # bytes, times 1024, still fit into 64 bits


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a machine answered. Sizes in bytes."""

    uptime_s: float
    load: tuple[float, float, float]
    cores: int
    users: int
    disks: tuple[dict[str, Any], ...]
    kernel: str
    distribution: str
    user: str


def new_mark() -> str:
    """A line that no machine can have in its answer by chance."""
    return f"--{secrets.token_hex(12)}"


def command(mark: str) -> str:
    """One command whose answer `read` understands; each part is preceded by the mark and its name."""
    parts = [f"echo; echo '{mark} {name}'; {{ {asked}; }} 2>/dev/null" for name, asked in _ASKED.items()]
    return "; ".join(["LC_ALL=C; export LC_ALL", *parts, f"echo; echo '{mark} end'"])


def read(answer: str, mark: str, machine: str) -> Facts:
    """The facts in an answer; MachineError that names the part which cannot be understood."""
    parts = _parts(answer, mark)
    if "end" not in parts:
        raise MachineError(f"{machine} did not answer the probe in full; it said: {_short(answer)!r}.")
    name = ""
    try:
        found: dict[str, Any] = {}
        for name, parse in _PARSERS.items():
            found[name] = parse(parts)
        return Facts(**found)
    except (ValueError, IndexError, KeyError):
        text = _short(parts.get(_PART_OF.get(name, name), ""))
        raise MachineError(f"{machine} answered the probe, but its {name} cannot be understood: {text!r}.") from None


def _parts(answer: str, mark: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for piece in answer.split(f"\n{mark} ")[1:]:
        name, _, text = piece.partition("\n")
        parts[name.strip()] = text.strip("\n")
    return parts


def _whole(text: str) -> int:
    """A number that every reader of JSON takes; ValueError for another."""
    value = int(text)
    if not 0 <= value <= _MOST:
        raise ValueError(text)
    return value


def _number(text: str) -> float:
    value = float(text)
    if not 0 <= value <= _MOST:
        raise ValueError(text)
    return value


def _uptime(parts: dict[str, str]) -> float:
    booted = _BOOTED.search(parts["uptime"])
    if booted:
        return float(max(0, _whole(parts["now"]) - _whole(booted[1])))
    return _number(parts["uptime"].split()[0])


def _load(parts: dict[str, str]) -> tuple[float, float, float]:
    first, second, third = (_number(word) for word in parts["load"].strip("{} ").split()[:3])
    return first, second, third


def _disks(parts: dict[str, str]) -> tuple[dict[str, Any], ...]:
    lines = parts["disks"].splitlines()[1:]
    by_source: dict[str, dict[str, Any]] = {}
    for line in lines:
        match = _DISK.match(line.strip())
        if match is None:
            raise ValueError(line)
        source, size = match["source"], _whole(match["size"]) * 1024
        if source.split()[0] in _NOT_DISKS or size == 0:
            continue
        mount = visible(match["mount"])
        known = by_source.get(source)
        if known is None or len(mount) < len(known["mount"]):
            by_source[source] = {"mount": mount, "size_bytes": size, "used_bytes": _whole(match["used"]) * 1024}
    return tuple(by_source.values())


def _distribution(parts: dict[str, str]) -> str:
    fields = dict(line.split("=", 1) for line in parts["distribution"].splitlines() if "=" in line)
    named = fields.get("PRETTY_NAME") or fields.get("NAME") or ""
    return visible(named.strip().strip("\"'"))[:_LONGEST]


def _line(name: str) -> Any:
    return lambda parts: visible(parts[name].strip())[:_LONGEST]


_PARSERS: dict[str, Any] = {
    "uptime_s": _uptime,
    "load": _load,
    "cores": lambda parts: _whole(parts["cores"]),
    "users": lambda parts: _whole(parts["users"]),
    "disks": _disks,
    "kernel": _line("kernel"),
    "distribution": _distribution,
    "user": _line("user"),
}
_PART_OF = {"uptime_s": "uptime"}


def _short(text: str) -> str:
    return visible(text.strip()[-_LONGEST:])
