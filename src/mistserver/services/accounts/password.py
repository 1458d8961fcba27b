"""Passwords: what is accepted, and Argon2id in a few threads of its own, since each takes 50 ms or more and 32 MiB."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from mistserver.domain.errors import InvalidInput, TooManyAttempts

P = ParamSpec("P")
R = TypeVar("R")

SHORTEST = 8
LONGEST = 1024
SLOTS = 2
MOST_WAITING = 40

_hasher = PasswordHasher(time_cost=4, memory_cost=32 * 1024, parallelism=1, type=Type.ID)
_threads = ThreadPoolExecutor(SLOTS, "password")
_waiting = 0


def clean_password(password: str) -> str:
    """The password as it is; InvalidInput when it is too short or too long."""
    if len(password) < SHORTEST:
        raise InvalidInput(f"The password is too short; give at least {SHORTEST} characters.", field="password")
    if len(password) > LONGEST:
        raise InvalidInput(f"The password is too long; give at most {LONGEST} characters.", field="password")
    return password


async def hash_password(password: str) -> str:
    """The Argon2id hash to keep."""
    return await _in_slot(hash_now, password)


async def verify_password(known: str | None, password: str) -> bool:
    """Whether it is the password; without a hash (no such user) the answer is no and takes as long."""
    return await _in_slot(_verify_now, known, password)


def hash_now(password: str) -> str:
    """`hash_password` for a thread that is not the event loop's."""
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def is_outdated(known: str) -> bool:
    """Whether the hash was made with other costs than today's."""
    return _hasher.check_needs_rehash(known)


def _verify_now(known: str | None, password: str) -> bool:
    if known is None:
        hash_now(password)
        return False
    try:
        return _hasher.verify(known, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False


async def _in_slot(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    global _waiting
    if _waiting >= MOST_WAITING:
        raise TooManyAttempts("Too many people sign in at this moment; try again in some seconds.", retry_after_s=5)
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, partial(work, *args, **kwargs))
    finally:
        _waiting -= 1
