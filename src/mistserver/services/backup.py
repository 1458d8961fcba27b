"""Backup and restore: all product tables and metrics in one file, from SQLite or PostgreSQL into either.

Secrets stay sealed in it, and the master key that opens them is not in it. What has its meaning only in the moment
(leases, heartbeats, tickets) is left out, and so is the job engine's own state: a job that was under way is shown as
failed after a restore, since nobody can tell how far it got.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec
from sqlalchemy.engine import Connection

from mistserver import __version__
from mistserver.domain.errors import Conflict, JobFailed, Unavailable, to_record
from mistserver.services.archive import FORMAT, ArchiveReader, ArchiveWriter, Manifest, create, damaged, open_archive
from mistserver.store import dump, meta, migrate, sealed
from mistserver.store.database import Database
from mistserver.store.secrets import CHECK, sealed_by

BATCH = 500
METRICS = "metrics_"  # how the names of the parts begin that come from the store of metrics
KEY_NOTE = (
    "The secrets in here are sealed. To use them, put the master key with this id in place: the file master.key of the "
    "data directory where the backup was made, or what MIST_MASTER_KEY, master_key_file or the systemd credential held."
)


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `key_id` names the master key that it needs ("" when nothing is sealed yet).

    `failed_jobs` is how many jobs a restore ended because they were under way when the backup was made.
    """

    rows: int
    created_at: datetime
    key_id: str
    key_note: str
    revision: str
    version: str
    failed_jobs: int = 0


def backup(database: Database, file: Path, metrics: Path | None = None) -> Summary:
    """Write everything as it stands at one moment into `file`, which must not exist yet (blocking).

    The service may go on writing meanwhile. The file is readable by its owner only and appears when it is whole.
    Of `metrics`, the folder of the embedded store, there is what was taken before that moment, and some of after it.
    """
    with create(file) as archive:
        manifest = database.read_now(_write_all, archive, datetime.now(UTC))
        if metrics is not None and metrics.exists():
            _write_metrics(archive, metrics)
        archive.manifest(manifest)
    return _summary(manifest)


def _write_metrics(archive: ArchiveWriter, metrics: Path) -> None:
    from mistserver.monitoring.embedded import copying

    for part, rows in copying.parts(metrics):
        archive.part(part, copying.COLUMNS[part], rows)


def verify(file: Path) -> Summary:
    """Read a backup whole and check every part against its manifest; InvalidInput says what is wrong."""
    with open_archive(file) as archive:
        _check_tables(file, archive.manifest)
        for part in archive.manifest.parts:
            for row in archive.rows(part):
                if len(row) != len(part.columns):
                    raise damaged(file, f"a row of its part {part.table} has {len(row)} values")
        return _summary(archive.manifest)


def restore(file: Path, database: Database, metrics: Path | None = None) -> Summary:
    """Fill an empty database, which has this version's tables, from a backup: all of it or nothing (blocking).

    The file is verified before anything is written. A database with rows, or a folder `metrics` with any, is a
    Conflict. The master key is not restored: the summary names it, and the service refuses to start until it is in
    place.
    """
    verify(file)
    with open_archive(file) as archive, _metrics_restored(archive, metrics):
        failed = database.write_now(_read_all, archive, datetime.now(UTC))
        return _summary(archive.manifest, failed)


@contextmanager
def _metrics_restored(archive: ArchiveReader, metrics: Path | None) -> Iterator[None]:
    """Beside the place where they belong, to which they move when the rest is restored."""
    parts = [part for part in archive.manifest.parts if part.table.startswith(METRICS)]
    if metrics is None or not parts:
        yield
        return
    from mistserver.monitoring.embedded import copying

    if metrics.exists() and any(metrics.iterdir()):
        raise Conflict(f"There are metrics in {metrics} already; restore into another --data-dir.")
    new = metrics.with_name(f"{metrics.name}.restored")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(mode=0o700)
        try:
            for part in parts:
                copying.fill(new, part.table, archive.rows(part))
        except (ValueError, TypeError, OverflowError, sqlite3.Error, OSError) as error:
            raise Unavailable(f"The metrics could not be restored ({error}).") from None
        yield
        metrics.mkdir(exist_ok=True)
        new.replace(metrics)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_all(connection: Connection, archive: ArchiveWriter, at: datetime) -> Manifest:
    for table in dump.TABLES:
        archive.part(table, dump.columns(table), dump.rows(connection, table))
    check = meta.get(connection, CHECK)
    present = [] if check is None else [sealed_by(check)]
    return Manifest(
        format=FORMAT,
        version=__version__,
        revision=migrate.revision(connection) or "",
        database=connection.dialect.name,
        created_at=at,
        key_ids=[*present, *sorted(sealed.key_ids(connection) - set(present))],
        key_note=KEY_NOTE,
        parts=archive.parts,
    )


def _read_all(connection: Connection, archive: ArchiveReader, at: datetime) -> int:
    if filled := dump.first_filled(connection):
        raise Conflict(
            f"The database is not empty (there are {filled}); a backup is only restored into an empty one. "
            "Give another --data-dir or --database-url.",
            table=filled,
        )
    by_table = {part.table: part for part in archive.manifest.parts}
    for table in dump.TABLES:  # in the order that foreign keys ask for
        rows = archive.rows(by_table[table])
        while batch := list(islice(rows, BATCH)):
            dump.load(connection, table, batch)
    dump.continue_sequences(connection)
    made = archive.manifest.created_at
    error = JobFailed(
        f"This job was under way when the backup of {made:%Y-%m-%d %H:%M} UTC was made, and is not resumed."
    )
    return dump.fail_unfinished_jobs(connection, to_record(error), at)


def _check_tables(file: Path, manifest: Manifest) -> None:
    if manifest.revision != migrate.HEAD:
        raise Conflict(
            f"{file} was made by Mist {manifest.version} (tables of revision {manifest.revision}); this one has "
            f"revision {migrate.HEAD}. Restore it with that version, then upgrade.",
            revision=manifest.revision,
        )
    columns = {part.table: part.columns for part in manifest.parts}
    promised = {table: dump.columns(table) for table in dump.TABLES}
    if any(part.table.startswith(METRICS) for part in manifest.parts):
        from mistserver.monitoring.embedded import copying

        promised |= copying.COLUMNS
    if len(columns) != len(manifest.parts) or columns != promised:
        raise damaged(file, "its tables are not those of its revision")


def _summary(manifest: Manifest, failed_jobs: int = 0) -> Summary:
    return Summary(
        rows=sum(part.rows for part in manifest.parts),
        created_at=manifest.created_at,
        key_id=manifest.key_ids[0] if manifest.key_ids else "",
        key_note=manifest.key_note,
        revision=manifest.revision,
        version=manifest.version,
        failed_jobs=failed_jobs,
    )
