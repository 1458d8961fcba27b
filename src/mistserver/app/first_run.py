"""The first start: who may claim the service, and whether it manages its own host."""

from __future__ import annotations

import dataclasses
import getpass
import os
import sys

from mistserver.domain.account import User
from mistserver.domain.errors import InvalidInput, MistError
from mistserver.services.accounts import host, setup
from mistserver.settings import Settings
from mistserver.store.database import Database

TRIES = 3


def prepare(database: Database, settings: Settings) -> tuple[Settings, User | None]:
    """The settings to go on with, and the first user if it was made now.

    From `MIST_ADMIN_EMAIL` and `MIST_ADMIN_PASSWORD`, else asked for on a terminal, else a one-time code is printed.
    """
    if not host.needs_account(database):
        return settings, None
    email, password = os.environ.get("MIST_ADMIN_EMAIL", ""), os.environ.get("MIST_ADMIN_PASSWORD", "")
    if bool(email) != bool(password):
        raise InvalidInput("Give both MIST_ADMIN_EMAIL and MIST_ADMIN_PASSWORD, or neither.")
    if email:
        return settings, host.create_account(database, email, email, password)
    if sys.stdin.isatty() and sys.stderr.isatty():
        return _ask(database, settings)
    _print_code(database, settings)
    return settings, None


def _ask(database: Database, settings: Settings) -> tuple[Settings, User | None]:
    print("Welcome to Mist. The first user of this service is its admin.", file=sys.stderr)
    for _ in range(TRIES):
        try:
            user = _ask_user(database)
            break
        except MistError as error:
            print(f"Error: {error.message}", file=sys.stderr)
        except EOFError:
            _print_code(database, settings)
            return settings, None
    else:
        raise InvalidInput("No user was created; start again, or set MIST_ADMIN_EMAIL and MIST_ADMIN_PASSWORD.")
    if not settings.manage_this_host and _yes("Let Mist manage this machine too, as its first backend? [Y/n]: "):
        _remember(settings)
        settings = dataclasses.replace(settings, manage_this_host=True)
    return settings, user


def _ask_user(database: Database) -> User:
    print("Email: ", end="", file=sys.stderr, flush=True)
    email = input()
    password = getpass.getpass("Password: ", stream=sys.stderr)
    if getpass.getpass("Password again: ", stream=sys.stderr) != password:
        raise InvalidInput("The two passwords differ.")
    return host.create_account(database, email, email, password)


def _yes(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    return input().strip().lower() in ("", "y", "yes")


def _remember(settings: Settings) -> None:
    """Keep the answer in the settings file; a file that says something of it is left alone."""
    path = settings.data_dir / "settings.toml"
    known = path.read_text() if path.exists() else ""
    if "manage_this_host" not in known:
        path.write_text(f"manage_this_host = true\n{known}")


def _print_code(database: Database, settings: Settings) -> None:
    code = setup.new_code(database)
    if code is None:
        return
    print(
        f"This service has no user yet. Claim it with this one-time code:\n\n    mist setup --code {code}\n\n"
        "(or give the code with the first sign-in). Every start prints a new one until it is spent.\n"
        "With --manage-this-host this machine becomes its first backend.",
        file=sys.stderr,
        flush=True,
    )
