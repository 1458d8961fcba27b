"""Commands for the service's own host: backup, restore, verify, rekey, recovery, another account."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mistserver.app import settings_flags
from mistserver.app.lock import DataDirLock
from mistserver.app.parts import METRICS, open_database, open_vault
from mistserver.app.settings_flags import Run
from mistserver.domain.errors import InvalidInput
from mistserver.services import backup, rekey
from mistserver.services.accounts import host
from mistserver.settings import Settings
from mistserver.store.database import Database

WHERE = ("data_dir", "database_url", "master_key_file")


def backup_arguments(parser: argparse.ArgumentParser) -> Run:
    parser.description = "Write everything the service keeps into one file, while it runs or not. Secrets stay sealed."
    parser.add_argument("file", type=Path, help="a file that does not exist yet")
    settings_flags.add(parser, WHERE)
    return run_backup


def run_backup(options: argparse.Namespace) -> int:
    settings = _settings(options)
    with _existing(settings) as database:
        made = backup.backup(database, options.file, settings.data_dir / METRICS)
        vault = open_vault(settings, database)
    print(f"Backed up {made.rows} rows to {options.file}")
    print(f"The master key {vault.key_id} is not in it. Keep a copy elsewhere: {_key_place(settings)}")
    return 0


def restore_arguments(parser: argparse.ArgumentParser) -> Run:
    parser.description = "Fill an empty data directory, or an empty database, from a backup."
    parser.add_argument("file", type=Path, help="what `mist backup` wrote")
    settings_flags.add(parser, WHERE)
    return run_restore


def run_restore(options: argparse.Namespace) -> int:
    settings = _settings(options)
    _private_folder(settings.data_dir)
    lock = DataDirLock(settings.data_dir)
    try:
        database = open_database(settings)
        try:
            made = backup.restore(options.file, database, settings.data_dir / METRICS)
        finally:
            database.close()
    finally:
        lock.release()
    print(f"Restored {made.rows} rows from {options.file}")
    print(f"Put the master key {made.key_id} in place before the first start: {_key_place(settings)}")
    return 0


def verify_arguments(parser: argparse.ArgumentParser) -> Run:
    parser.description = "Read a backup whole and check every part of it; changes nothing."
    parser.add_argument("file", type=Path, help="what `mist backup` wrote")
    return run_verify


def run_verify(options: argparse.Namespace) -> int:
    made = backup.verify(options.file)
    print(
        f"{options.file} is whole: {made.rows} rows of {made.created_at:%Y-%m-%d %H:%M} UTC, master key {made.key_id}"
    )
    return 0


def rekey_arguments(parser: argparse.ArgumentParser) -> Run:
    parser.description = "Replace the master key and seal every secret anew. May be killed and started again."
    settings_flags.add(parser, WHERE)
    return run_rekey


def run_rekey(options: argparse.Namespace) -> int:
    settings = _settings(options)
    lock = DataDirLock(settings.data_dir)
    try:
        with _existing(settings) as database:
            done = rekey.rekey(database, settings.data_dir, _key_file(settings), os.environ)
    finally:
        lock.release()
    print(f"Sealed {done.records} secrets anew; the master key is now {done.key_id}.")
    print(done.note or f"It is in {_key_place(settings)}")
    print("Older backups need the older key: keep it as long as you keep them.")
    return 0


def recover_arguments(parser: argparse.ArgumentParser) -> Run:
    parser.description = "Set a user's password on the service's own host, when nobody can sign in any more."
    parser.add_argument("email")
    settings_flags.add(parser, WHERE)
    return run_recover


def run_recover(options: argparse.Namespace) -> int:
    with _existing(_settings(options)) as database:
        user = host.recover(database, options.email, _password("New password"))
    print(f"The password of {user.email} is set; their sessions have ended.")
    return 0


def account_arguments(parser: argparse.ArgumentParser) -> Run:
    parser.description = "Create another account with its admin. Accounts on one service see nothing of each other."
    parser.add_argument("email", help="of its first user, an admin")
    parser.add_argument("--account-name", help="by default the email")
    settings_flags.add(parser, WHERE)
    return run_account


def run_account(options: argparse.Namespace) -> int:
    with _existing(_settings(options)) as database:
        name = options.account_name or options.email
        user = host.create_account(database, name, options.email, _password("Password"))
    print(f"Created the account {name} with the admin {user.email}")
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    return settings_flags.read(options)[0]


@contextmanager
def _existing(settings: Settings) -> Iterator[Database]:
    """The database of a service that was started before; nothing is created here."""
    if not settings.database_url and not (settings.data_dir / "mist.db").exists():
        raise InvalidInput(f"There is no Mist database in {settings.data_dir}; give --data-dir or --database-url.")
    os.umask(0o077)
    database = open_database(settings)
    try:
        yield database
    finally:
        database.close()


def _private_folder(path: Path) -> None:
    os.umask(0o077)
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise InvalidInput(f"The data directory {path} cannot be used: {error.strerror}.") from None


def _key_file(settings: Settings) -> Path | None:
    return Path(settings.master_key_file) if settings.master_key_file else None


def _key_place(settings: Settings) -> str:
    return str(_key_file(settings) or settings.data_dir / "master.key")


def _password(prompt: str) -> str:
    """From `MIST_ADMIN_PASSWORD`, else asked for; never from the command line, which others can read."""
    if given := os.environ.get("MIST_ADMIN_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        raise InvalidInput("Set MIST_ADMIN_PASSWORD, or run this on a terminal to be asked for the password.")
    password = getpass.getpass(f"{prompt}: ", stream=sys.stderr)
    if getpass.getpass(f"{prompt} again: ", stream=sys.stderr) != password:
        raise InvalidInput("The two passwords differ.")
    return password
