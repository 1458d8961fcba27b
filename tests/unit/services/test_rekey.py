"""A new master key: everything opens with it, nothing with the old one, and a kill at any point loses nothing."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from mistserver.domain.account import Account
from mistserver.domain.errors import Conflict, Internal, InvalidInput
from mistserver.services import rekey
from mistserver.store import accounts, sealed, services, tables
from mistserver.store.database import Database
from mistserver.store.master_keys import FILE, MasterKey, load_master_keys, write
from mistserver.store.secrets import Vault

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEYS = 230  # more than two batches
# dies by SIGKILL at the n-th call of what changes the database or the key file, before or after it
DYING = """
import os, signal, sys
from pathlib import Path
from mistserver.services import rekey
from mistserver.store import master_keys, sealed
from mistserver.store.database import Database
url, folder, left = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
def dying(call):
    def wrapped(*args):
        step()
        result = call(*args)
        step()
        return result
    return wrapped
def step():
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
sealed.rewrap = dying(sealed.rewrap)
sealed.rewrap_some = dying(sealed.rewrap_some)
master_keys.write = dying(master_keys.write)
os.replace = dying(os.replace)
Path.replace = dying(Path.replace)
rekey.rekey(Database(url), folder, None, {})
"""


def fill(database: Database, vault: Vault, number: int = KEYS) -> dict[str, bytes]:
    """Sealed private keys, one backend and one job; what is in each, by purpose."""
    content = {f"key:k{position}": secrets.token_bytes(40) for position in range(number)}

    def work(connection: sa.Connection) -> None:
        accounts.insert(connection, Account(id="a", name="Home", created_at=NOW))
        fixed = {"account_id": "a", "algorithm": "x", "bits": 1, "public": "p", "fingerprint": "f", "created_at": NOW}
        rows = [
            fixed | {"id": purpose[4:], "name": purpose, "secret": vault.seal(data, purpose), "is_default": False}
            for purpose, data in content.items()
        ]
        connection.execute(sa.insert(tables.keys), rows)

    database.write_now(work)
    return content


def read(database: Database, vault: Vault) -> dict[str, bytes]:
    rows = database.read_now(
        lambda connection: connection.execute(sa.select(tables.keys.c.name, tables.keys.c.secret)).all()
    )
    return {name: vault.unseal(blob, name) for name, blob in rows}


def open_vault(database: Database, folder: Path) -> Vault:
    return Vault.open(load_master_keys(folder, None, {}), database)


def test_everything_opens_with_the_new_key_and_nothing_with_the_old(database: Database, tmp_path: Path) -> None:
    old = open_vault(database, tmp_path)
    content, hashed = fill(database, old), old.keyed_hash("x")
    kept = (tmp_path / FILE).read_bytes()

    done = rekey.rekey(database, tmp_path, None, {})

    new = open_vault(database, tmp_path)
    assert (done.records, done.key_id, done.note) == (KEYS + 2, new.key_id, "")
    assert read(database, new) == content
    assert new.keyed_hash("x") == hashed
    assert database.read_now(sealed.key_ids) == {new.key_id}
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(Internal):
        read(database, old)
    (tmp_path / FILE).write_bytes(kept)
    with pytest.raises(Conflict, match="not the one"):
        open_vault(database, tmp_path)


def test_a_new_database_can_be_rekeyed(database: Database, tmp_path: Path) -> None:
    assert rekey.rekey(database, tmp_path, None, {}).records == 2


def test_every_sealed_column_is_rewrapped() -> None:
    places = {str(column) for _, column in sealed.PLACES}

    binary = {
        str(column)
        for table in tables.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }

    assert places == binary


def test_a_kill_at_any_point_loses_nothing(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(sqlite_url)
    content = fill(database, open_vault(database, tmp_path))
    steps = 0
    for left in [*range(7), 60, 213, 431, 479, 480, 481, 482]:
        command = [sys.executable, "-c", DYING, sqlite_url, str(tmp_path), str(left)]
        ended = subprocess.run(command, check=False, timeout=60, capture_output=True)

        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
        steps += ended.returncode == -signal.SIGKILL
        assert read(database, open_vault(database, tmp_path)) == content
        if left % 2:
            rekey.rekey(database, tmp_path, None, {})
            assert read(database, open_vault(database, tmp_path)) == content
            assert len((tmp_path / FILE).read_text().splitlines()) == 1
    database.close()
    assert steps > 8


def test_what_is_sealed_between_a_kill_and_the_next_rekey_opens_too(database: Database, tmp_path: Path) -> None:
    old = open_vault(database, tmp_path)
    fill(database, old, 3)
    half = (MasterKey.of(secrets.token_bytes(32)), *load_master_keys(tmp_path, None, {}).keys)
    write(tmp_path / FILE, half)
    between = open_vault(database, tmp_path)
    blob = between.seal(b"canary", "key:k1")
    database.write_now(
        lambda connection: (
            connection.execute(sa.update(tables.keys).where(tables.keys.c.id == "k1").values(secret=blob)).rowcount
        )
    )

    done = rekey.rekey(database, tmp_path, None, {})

    assert done.key_id == half[0].id
    assert read(database, open_vault(database, tmp_path))["key:k1"] == b"canary"


def test_a_running_service_refuses_it(database: Database, tmp_path: Path) -> None:
    open_vault(database, tmp_path)
    database.write_now(services.register, "other-host")

    with pytest.raises(Conflict, match="other-host"):
        rekey.rekey(database, tmp_path, None, {})

    assert len((tmp_path / FILE).read_text().splitlines()) == 1


def test_the_wrong_key_changes_nothing(database: Database, tmp_path: Path) -> None:
    content = fill(database, old := open_vault(database, tmp_path), 3)
    (tmp_path / FILE).write_bytes(b64encode(secrets.token_bytes(32)))
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(Conflict, match="not the one"):
        rekey.rekey(database, tmp_path, None, {})

    assert (tmp_path / FILE).read_bytes() == before
    assert read(database, old) == content


def test_a_key_from_the_environment_is_changed_by_giving_two(database: Database, tmp_path: Path) -> None:
    old, new = (b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    vault = Vault.open(load_master_keys(tmp_path, None, {"MIST_MASTER_KEY": old}), database)
    content = fill(database, vault, 3)

    with pytest.raises(InvalidInput, match="before the old one"):
        rekey.rekey(database, tmp_path, None, {"MIST_MASTER_KEY": old})
    done = rekey.rekey(database, tmp_path, None, {"MIST_MASTER_KEY": f"{new},{old}"})

    assert "MIST_MASTER_KEY" in done.note
    only_new = Vault.open(load_master_keys(tmp_path, None, {"MIST_MASTER_KEY": new}), database)
    assert read(database, only_new) == content
    assert not (tmp_path / FILE).exists()
