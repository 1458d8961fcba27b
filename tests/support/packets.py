"""Packets as collectd's plugin network sends them, signed or encrypted, and posts as Prometheus sends them."""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Sequence
from hashlib import sha1, sha256

from cryptography.hazmat.decrepit.ciphers.modes import OFB
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

COUNTER, GAUGE, DERIVE, ABSOLUTE = range(4)
_PACKING = (">Q", "<d", ">q", ">Q")


def part(kind: int, content: bytes) -> bytes:
    return struct.pack(">HH", kind, 4 + len(content)) + content


def text(kind: int, value: str) -> bytes:
    return part(kind, value.encode() + b"\0")


def values(*pairs: tuple[int, float]) -> bytes:
    """Each with its kind."""
    packed = b"".join(struct.pack(_PACKING[kind], value) for kind, value in pairs)
    return part(6, struct.pack(">H", len(pairs)) + bytes(kind for kind, _ in pairs) + packed)


def value_list(names: Sequence[str], second: int, *pairs: tuple[int, float]) -> bytes:
    """`names`: plugin, its instance, type, its instance."""
    named = b"".join(text(2 + n, name) for n, name in enumerate(names))
    return text(0, "web1") + part(8, struct.pack(">Q", second << 30)) + named + values(*pairs)


def signed(content: bytes, user: str, password: str) -> bytes:
    mac = hmac.new(password.encode(), user.encode() + content, sha256).digest()
    return part(0x0200, mac + user.encode()) + content


def encrypted(content: bytes, user: str, password: str) -> bytes:
    iv = os.urandom(16)
    cipher = Cipher(algorithms.AES(sha256(password.encode()).digest()), OFB(iv)).encryptor()
    sealed = cipher.update(sha1(content).digest() + content) + cipher.finalize()
    return part(0x0210, struct.pack(">H", len(user)) + user.encode() + iv + sealed)
