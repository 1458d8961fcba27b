"""Changes the master key: a new one, every sealed record under it, and the old one dropped.

Done on the service's host while no service runs on the database: a running one knows only the old key and would go on
sealing by it. The caller holds the data directory's lock, which keeps a second service away; services on other hosts,
which share a PostgreSQL database, are seen by their heartbeats. A service that starts meanwhile is refused by the
check of the master key, unless it finds both keys in the file, and then it works.

The new key is written into the key file, before the old one, and is on the disk before the first record is sealed by
it; the old one leaves the file after the last record has been rewrapped. So at every moment the file opens every
record, and a rekey that was killed goes on with the same new key when it is started again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Conflict, InvalidInput
from mistserver.store import master_keys, sealed, services
from mistserver.store.database import Database
from mistserver.store.master_keys import LENGTH, MasterKey, MasterKeys, load_master_keys
from mistserver.store.secrets import Vault

BATCH = 100
ALIVE = timedelta(seconds=15)


class Rekeyed(msgspec.Struct, frozen=True, kw_only=True):
    """`note` says what is left to do where the key is not kept in a file of ours, else it is empty."""

    records: int
    key_id: str
    note: str = ""


def rekey(database: Database, data_dir: Path, file: Path | None, env: Mapping[str, str]) -> Rekeyed:
    """Change the master key and return how many records were sealed anew (blocking). Safe to be killed and repeated.

    A key from the environment or a systemd credential cannot be changed from here: the operator puts a new one before
    the old one, and this rewraps everything to the first.
    """
    Vault.open(load_master_keys(data_dir, file, env), database)
    given = load_master_keys(data_dir, file, env)  # again: a database that was never used has just got its first key
    _check_no_service(database)
    keys = given if len(given.keys) > 1 else _with_new_key(given)
    records = _rewrap_all(database, keys)
    note = ""
    if keys.path is None:
        note = f"Now take the keys after the first one out of {keys.source}."
    else:
        master_keys.write(keys.path, (keys.current,))
    return Rekeyed(records=records, key_id=keys.current.id, note=note)


def _check_no_service(database: Database) -> None:
    running = database.read_now(services.beating, ALIVE)
    if running:
        raise Conflict(
            f"A service runs on this database ({', '.join(running)}), and would go on using the old key. Stop it, and "
            f"after a crash wait {ALIVE.seconds} seconds, then run rekey again.",
            services=running,
        )


def _with_new_key(given: MasterKeys) -> MasterKeys:
    if given.path is None:
        raise InvalidInput(
            f"The master key comes from {given.source}, which Mist cannot change. Put a new key before the old one "
            "there, on a line of its own (make it with: head -c 32 /dev/urandom | base64), and run rekey again.",
            field="master_key",
        )
    keys = (MasterKey.of(secrets.token_bytes(LENGTH)), *given.keys)
    try:
        master_keys.write(given.path, keys)
    except OSError as error:
        raise InvalidInput(f"The master key file {given.path} cannot be written: {error.strerror}.") from None
    return MasterKeys(keys, given.source, given.path)


def _rewrap_all(database: Database, keys: MasterKeys) -> int:
    # the check of the key goes first, and from then on a service that knows only the old key does not start
    total = 0
    for place in sealed.PLACES:
        while done := database.write_now(_rewrap_some, place, keys):
            total += done
    if left := database.read_now(sealed.count_others, keys.current.id):
        raise Conflict(f"{left} records were sealed by the old key meanwhile; stop every service and run rekey again.")
    return total


def _rewrap_some(connection: Connection, place: sealed.Place, keys: MasterKeys) -> int:
    return sealed.rewrap_some(connection, place, keys, BATCH)
