"""Which host keys are known, for the SSH pool: read from memory within the event loop, kept in the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from mistserver.domain.errors import Internal
from mistserver.domain.key import HostKey
from mistserver.services.context import Context
from mistserver.store import events, host_keys
from mistserver.store.database import Database
from mistserver.store.host_keys import Remembered

log = logging.getLogger(__name__)

_HOMELESS = 1000
_BATCH = 500
_TOGETHER_S = 0.1  # keys that are seen within this time are written at once


class HostKeyBook:
    """Implements `ssh.target.HostKeys`. An owner has to be loaded before anything of it is connected to.

    A machine keeps its key when its address changes, so a machine's keys count for each address on the same port;
    those of hypervisors and jump hosts count for one address only, because a backend may be pointed elsewhere.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._accounts: dict[str, str] = {}
        self._keys: dict[str, list[HostKey]] = {}
        self._backing: dict[str, str] = {}
        self._unwritten: list[Remembered] = []
        self._homeless: list[Remembered] = []  # of a backend that is being tried before it is kept
        self._writing: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    async def load(self, account_id: str, owners: Iterable[str], backing: Mapping[str, str] | None = None) -> None:
        """Read what is kept of these owners; another service may have seen, or been told to accept, new keys.

        An owner that has shown nothing yet is known by the keys of the one it maps to in `backing` at the same
        address: a server is already known when its backend was added.
        """
        self._backing.update(backing or {})
        wanted = list(dict.fromkeys([*owners, *(backing or {}).values()]))
        await self.settle(wanted)
        found = await self._database.read(host_keys.of_owners, account_id, wanted)
        for owner in wanted:
            self._accounts[owner] = account_id
            self._keys[owner] = [item.key for item in found if item.owner == owner]
        for item in [*self._unwritten, *self._homeless]:  # seen while the database was read
            if item.owner in wanted and item.key not in self._keys[item.owner]:
                self._keys[item.owner].append(item.key)

    async def settle(self, owners: Sequence[str]) -> None:
        """Write what these owners showed while they were not kept yet, now that they are."""
        await self.flush()
        self._unwritten += [item for item in self._homeless if item.owner in owners]
        self._homeless = [item for item in self._homeless if item.owner not in owners]
        self._write_soon()
        await self.flush()

    def known(self, owner: str, host: str, port: int) -> Sequence[str]:
        """The remembered keys as OpenSSH lines; none means that the next one shown will be remembered."""
        if owner not in self._keys:
            raise Internal(f"The host keys of {owner} were not loaded before connecting.")
        keys = [key for key in self._keys[owner] if key.port == port and (":" not in owner or key.host == host)]
        if not keys and owner in self._backing:
            keys = [key for key in self._keys.get(self._backing[owner], []) if (key.host, key.port) == (host, port)]
        return [key.public for key in keys]

    def remember(self, owner: str, host: str, port: int, line: str, fingerprint: str) -> None:
        """Keep a key shown for the first time: from now on in memory, in the database a moment later."""
        algorithm, blob = line.split()[:2]
        key = HostKey(
            host=host,
            port=port,
            algorithm=algorithm,
            public=f"{algorithm} {blob}",
            fingerprint=fingerprint,
            first_seen_at=datetime.now(UTC),
        )
        kept = self._keys.setdefault(owner, [])
        if any(other.public == key.public and (other.host, other.port) == (host, port) for other in kept):
            return
        kept.append(key)
        self._unwritten.append(Remembered(account_id=self._accounts[owner], owner=owner, key=key))
        self._write_soon()

    def drop(self, owner: str) -> None:
        """Forget an owner in memory; the store's rows are the caller's to remove."""
        self._keys.pop(owner, None)
        self._unwritten = [item for item in self._unwritten if item.owner != owner]
        self._homeless = [item for item in self._homeless if item.owner != owner]

    async def flush(self) -> None:
        """Wait until everything remembered so far is in the database."""
        while self._writing is not None and not self._writing.done():
            self._hurry.set()
            await asyncio.shield(self._writing)

    def _write_soon(self) -> None:
        if self._unwritten and (self._writing is None or self._writing.done()):
            self._writing = asyncio.get_running_loop().create_task(self._write(), name="write host keys")

    async def _write(self) -> None:
        while self._unwritten:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), _TOGETHER_S)
            self._hurry.clear()
            batch = self._unwritten[:_BATCH]
            try:
                homeless = await self._database.write(_keep, batch)
            except Exception as error:  # it stays in memory; the next first sight tries again
                log.warning("host keys could not be written: %s", type(error).__name__)
                return
            self._unwritten = [item for item in self._unwritten if item not in batch]
            self._homeless = [*self._homeless, *homeless][-_HOMELESS:]


def _keep(connection: Connection, batch: Sequence[Remembered]) -> list[Remembered]:
    """Write keys with their events; those whose owner is not there (yet) come back."""
    subjects = host_keys.subjects(connection, {item.owner for item in batch})
    for account_id in sorted({item.account_id for item in batch}):
        mine = [item for item in batch if item.account_id == account_id and item.owner in subjects]
        new = host_keys.remember_all(connection, mine) if mine else []
        if new:
            told = [_told(item, subjects[item.owner]) for item in new]
            events.record_all(connection, None, "host_key.remembered", told)
    return [item for item in batch if item.owner not in subjects]


def _told(item: Remembered, subject: events.Subject) -> events.Facts:
    key = item.key
    return {
        "account_id": item.account_id,
        "subject": subject,
        "message": f"{subject[2]} showed its {key.algorithm} host key for the first time: {key.fingerprint}",
        "details": {"host": key.host, "port": key.port, "fingerprint": key.fingerprint},
        "at": key.first_seen_at,
    }


def book_of(ctx: Context) -> HostKeyBook:
    """The book that the running service's pool asks."""
    book = ctx.ssh.host_keys
    if not isinstance(book, HostKeyBook):
        raise Internal("The SSH pool was made without a book of host keys.")
    return book
