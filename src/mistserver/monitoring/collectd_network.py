"""Packets of collectd's plugin network, signed or encrypted: https://github.com/collectd/collectd/wiki/Binary-protocol

What is neither is not read at all. Signed: HMAC-SHA256 over everything behind it. Encrypted: AES-256 in OFB mode with
the SHA-256 of the password as the key, and a SHA-1 of the content inside.
"""

from __future__ import annotations

import hmac
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1, sha256

from cryptography.hazmat.decrepit.ciphers.modes import OFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from mistserver.domain.errors import InvalidInput, NotSignedIn
from mistserver.monitoring.collectd_json import LARGEST, LONGEST_NAME, MOST_SOURCES, Read, named
from mistserver.monitoring.samples import Kind, batch

LONGEST = 65_535  # of a packet
_SIGNED, _ENCRYPTED, _VALUES = 0x0200, 0x0210, 0x0006
_TEXTS = {0x0002: "plugin", 0x0003: "plugin_instance", 0x0004: "type", 0x0005: "type_instance"}
_TIME, _TIME_FINE = 0x0001, 0x0008
_MAC, _IV, _SHA1 = 32, 16, 20
_NUMBERS = (">Q", "<d", ">q", ">Q")  # counter, gauge, derive, absolute
_KINDS = (Kind.COUNTER, Kind.GAUGE, Kind.COUNTER, Kind.GAUGE)
_IN_OUT, _READ_WRITE = ("rx", "tx"), ("read", "write")
# the packets do not name the sources of a value, collectd's types.db does
_SOURCES = {
    "load": ("shortterm", "midterm", "longterm"),
    **dict.fromkeys(("if_octets", "if_packets", "if_errors", "if_dropped", "io_octets", "io_packets"), _IN_OUT),
    **dict.fromkeys(("node_octets", "mysql_octets", "serial_octets", "pg_xact"), _IN_OUT),
    **dict.fromkeys(("disk_octets", "disk_ops", "disk_merged", "disk_time"), _READ_WRITE),
    **dict.fromkeys(("ps_disk_octets", "ps_disk_ops"), _READ_WRITE),
    "disk_io_time": ("io_time", "weighted_io_time"),
    "ps_count": ("processes", "threads"),
    "ps_cputime": ("user", "syst"),
    "ps_pagefaults": ("minflt", "majflt"),
    "vmpage_faults": ("minflt", "majflt"),
    "vmpage_io": ("in", "out"),
    "dns_octets": ("queries", "responses"),
    "compression": ("uncompressed", "compressed"),
    "df": ("used", "free"),
}


def user_of(packet: bytes) -> str:
    """Who says that it sent the packet. NotSignedIn when it is neither signed nor encrypted."""
    kind, content = _first(packet)
    if kind == _SIGNED and len(content) > _MAC:
        user = content[_MAC:]
    elif kind == _ENCRYPTED and len(content) >= 2:
        (length,) = struct.unpack(">H", content[:2])
        user = content[2 : 2 + length]
    else:
        user = b""
    if not 0 < len(user) <= 255:
        raise NotSignedIn("A packet of collectd that is neither signed nor encrypted is not taken.")
    return user.decode(errors="replace")


def read(packet: bytes, password: str, newest: int) -> Read:
    """Its samples, but for those later than the second `newest`.

    NotSignedIn for another password, InvalidInput for what is no packet of collectd.
    """
    kind, content = _first(packet)
    plain = _verified(packet, content, password) if kind == _SIGNED else _decrypted(content, password)
    found = _Found(newest)
    for part, data in _parts(plain):
        if part in _TEXTS:
            if len(data) > LONGEST_NAME:
                raise _broken()
            found.now[_TEXTS[part]] = data.rstrip(b"\0").decode(errors="replace")
        elif part in (_TIME, _TIME_FINE):
            found.time = _time(data, fine=part == _TIME_FINE)
        elif part == _VALUES:
            found.take(data)
    return Read(batch(found.lines), found.unfit, found.ahead)


@dataclass
class _Found:
    """What has been read, and the names that hold until others come."""

    newest: int
    now: dict[str, str] = field(default_factory=dict)
    time: int = 0
    lines: list[tuple[str, Kind, int, float]] = field(default_factory=list)
    unfit: int = 0
    ahead: int = 0

    def take(self, data: bytes) -> None:
        count = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 0
        if len(data) != 2 + 9 * count or count > MOST_SOURCES:
            raise _broken()
        if not 0 < self.time < 2**32:
            self.unfit += count
            return
        if self.time > self.newest:
            self.ahead += count
            return
        names = named(*(self.now.get(text, "") for text in _TEXTS.values()), self._sources(count))
        for n, name in enumerate(names):
            kind = data[2 + n]
            if kind >= len(_NUMBERS):
                raise _broken()
            at = 2 + count + 8 * n
            value = float(struct.unpack(_NUMBERS[kind], data[at : at + 8])[0])
            if name and math.isfinite(value) and abs(value) <= LARGEST:
                self.lines.append((name, _KINDS[kind], self.time, value))
            else:
                self.unfit += 1

    def _sources(self, count: int) -> tuple[str, ...]:
        known = _SOURCES.get(self.now.get("type", ""), ())
        if count == 1:
            return ("value",)
        return known if len(known) == count else tuple(str(n) for n in range(count))


def _first(packet: bytes) -> tuple[int, bytes]:
    for kind, content in _parts(packet):
        return kind, content
    raise _broken()


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise _broken()
        kind, length = struct.unpack_from(">HH", data, at)
        if length < 4 or at + length > len(data):
            raise _broken()
        yield kind, data[at + 4 : at + length]
        at += length


def _verified(packet: bytes, content: bytes, password: str) -> bytes:
    mac = hmac.new(password.encode(), packet[4 + _MAC :], sha256).digest()
    if not hmac.compare_digest(mac, content[:_MAC]):
        raise NotSignedIn("A packet of collectd is not signed with the machine's password.")
    return packet[4 + len(content) :]


def _decrypted(content: bytes, password: str) -> bytes:
    (length,) = struct.unpack(">H", content[:2])
    iv, rest = content[2 + length : 2 + length + _IV], content[2 + length + _IV :]
    if len(iv) != _IV or len(rest) < _SHA1:
        raise _broken()
    cipher = Cipher(algorithms.AES(sha256(password.encode()).digest()), OFB(iv)).decryptor()
    plain = cipher.update(rest) + cipher.finalize()
    if not hmac.compare_digest(sha1(plain[_SHA1:], usedforsecurity=False).digest(), plain[:_SHA1]):
        raise NotSignedIn("A packet of collectd is not encrypted with the machine's password.")
    return plain[_SHA1:]


def _time(data: bytes, *, fine: bool) -> int:
    if len(data) != 8:
        raise _broken()
    (number,) = struct.unpack(">Q", data)
    return int(number >> 30 if fine else number)


def _broken() -> InvalidInput:
    return InvalidInput("This is no packet of collectd's plugin network.")
