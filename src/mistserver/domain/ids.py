"""Identifiers: 128 random bits in base58, 22 characters, safe in URLs, file names and shells."""

from __future__ import annotations

import secrets

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LENGTH = 22


def new_id() -> str:
    """A fresh identifier."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_id(text: str) -> bool:
    """Whether `text` has the shape of one of our identifiers."""
    return len(text) == LENGTH and all(char in ALPHABET for char in text)
