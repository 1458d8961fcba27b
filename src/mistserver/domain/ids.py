"""Identifiers: 128 random bits in base58, 22 characters, safe in URLs, file names and shells."""

from __future__ import annotations

import secrets

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LENGTH = 22


def new_id() -> str:
    """A fresh identifier."""
    number, digits = secrets.randbits(128), ""
    for _ in range(LENGTH):
        number, digit = divmod(number, 58)
        digits += ALPHABET[digit]
    return digits
