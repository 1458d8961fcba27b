"""How many passwords may be tried: by user and by address, so that neither one target nor one source goes on for long.

After 10 failures the next try waits a minute, then two, four, up to 15; 15 more quiet minutes forget them. An address
from which a user signed in before is not held up by what others do to that user from elsewhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from mistserver.domain.errors import TooManyAttempts
from mistserver.store import attempts
from mistserver.store.attempts import Count

FREE = 10
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)
QUIET = timedelta(minutes=15)
KNOWN_FOR = timedelta(days=90)


def count_try(connection: Connection, email: str, address: str, at: datetime) -> bool:
    """Count a try as failed before it is made; TooManyAttempts, with `retry_after_s`, when it may not be made now.

    True says that this was the last one before tries at this user have to wait.
    """
    attempts.trim(connection, at - LONGEST_DELAY - QUIET, at - KNOWN_FOR)
    counted = attempts.advance(connection, _subjects(connection, email, address, at), at, _step(at))
    mine = counted.get(_user(email))
    return mine is not None and mine.failures == FREE


def take_back(connection: Connection, email: str, address: str, at: datetime) -> None:
    """The try turned out to be right: it is no failure, and its address is known from now on."""
    attempts.forgive(connection, _subjects(connection, email, address, at))
    attempts.remember(connection, _known(email, address), at)


def delay(failures: int) -> timedelta:
    """How long the next try waits after so many failures."""
    if failures < FREE:
        return timedelta(0)
    doublings: int = min(failures - FREE, 10)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


def _step(at: datetime) -> Callable[[Count | None], Count]:
    def step(count: Count | None) -> Count:
        if count is None or at - count.last_at > delay(count.failures) + QUIET:
            return Count(failures=1, last_at=at)
        wait_s = (count.last_at + delay(count.failures) - at).total_seconds()
        if wait_s > 0:
            raise TooManyAttempts(
                f"There were too many failed sign-ins; try again in {_words(wait_s)}.", retry_after_s=int(wait_s) + 1
            )
        return Count(failures=count.failures + 1, last_at=at)

    return step


def _subjects(connection: Connection, email: str, address: str, at: datetime) -> list[str]:
    seen = attempts.get(connection, _known(email, address))
    if seen is not None and at - seen.last_at < KNOWN_FOR:
        return [f"address:{_network(address)}"]
    return [f"address:{_network(address)}", _user(email)]


def _user(email: str) -> str:
    return f"user:{email}"


def _known(email: str, address: str) -> str:
    return f"known:{email} {_network(address)}"


def _network(address: str) -> str:
    """An IPv6 host has a whole /64 to come from."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip.packed[:8] + bytes(8), 64)))


def _words(seconds: float) -> str:
    return f"{int(seconds) + 1} seconds" if seconds < 90 else f"{int(seconds / 60) + 1} minutes"
