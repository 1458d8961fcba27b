"""Sealed records: what opens them and what does not."""

from __future__ import annotations

import secrets
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mistserver.domain.errors import Conflict, Internal
from mistserver.store import meta
from mistserver.store.database import Database
from mistserver.store.master_keys import MasterKey, MasterKeys, load_master_keys
from mistserver.store.secrets import CHECK, Vault, rewrap, sealed_by


def make_keys(*keys: MasterKey) -> MasterKeys:
    return MasterKeys(keys or (MasterKey.of(secrets.token_bytes(32)),), "a test")


def test_a_sealed_record_opens_for_its_purpose_only(database: Database) -> None:
    vault = Vault.open(make_keys(), database)

    blob = vault.seal(b"canary", "backend:1")

    assert vault.unseal(blob, "backend:1") == b"canary"
    assert b"canary" not in blob
    with pytest.raises(Internal, match="backend:2"):
        vault.unseal(blob, "backend:2")


def test_the_same_data_is_never_sealed_alike(database: Database) -> None:
    vault = Vault.open(make_keys(), database)

    assert vault.seal(b"x", "p") != vault.seal(b"x", "p")


def test_every_changed_byte_is_noticed(sqlite_url: str) -> None:
    vault = Vault.open(make_keys(), Database(sqlite_url))
    blob = vault.seal(b"canary", "p")

    for position in range(len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 1
        with pytest.raises(Internal):
            vault.unseal(bytes(changed), "p")


def test_every_truncation_is_noticed(sqlite_url: str) -> None:
    vault = Vault.open(make_keys(), Database(sqlite_url))
    blob = vault.seal(b"canary", "p")

    for length in range(len(blob)):
        with pytest.raises(Internal):
            vault.unseal(blob[:length], "p")


def test_an_empty_record_can_be_sealed(sqlite_url: str) -> None:
    vault = Vault.open(make_keys(), Database(sqlite_url))

    assert vault.unseal(vault.seal(b"", "p"), "p") == b""


def test_another_master_key_is_refused_and_nothing_is_written(database: Database) -> None:
    right = make_keys()
    Vault.open(right, database)
    before = database.read_now(meta.get, CHECK)

    with pytest.raises(Conflict, match="is not the one") as caught:
        Vault.open(make_keys(), database)

    assert caught.value.facts["key_id"] == right.current.id
    assert database.read_now(meta.get, CHECK) == before


def test_a_missing_master_key_is_refused_when_the_database_has_one(database: Database, tmp_path: Path) -> None:
    Vault.open(make_keys(), database)

    with pytest.raises(Conflict, match=r"no master key was found: there is no file .*master\.key"):
        Vault.open(load_master_keys(tmp_path, None, {}), database)

    assert not (tmp_path / "master.key").exists()


def test_a_new_database_gets_a_key_file_that_only_the_owner_reads(database: Database, tmp_path: Path) -> None:
    vault = Vault.open(load_master_keys(tmp_path, None, {}), database)
    blob = vault.seal(b"canary", "p")

    assert (tmp_path / "master.key").stat().st_mode & 0o777 == 0o600
    assert Vault.open(load_master_keys(tmp_path, None, {}), database).unseal(blob, "p") == b"canary"


def test_a_rewrapped_record_opens_with_the_new_key_and_not_with_the_old(database: Database) -> None:
    old, new = MasterKey.of(secrets.token_bytes(32)), MasterKey.of(secrets.token_bytes(32))
    vault = Vault.open(make_keys(old), database)
    blob = vault.seal(b"canary", "p")

    again = rewrap(make_keys(new, old), blob)

    assert sealed_by(again) == new.id
    assert Vault(make_keys(new), b"").unseal(again, "p") == b"canary"
    with pytest.raises(Internal):
        vault.unseal(again, "p")


def test_the_keyed_hash_depends_on_each_part_and_on_the_database(sqlite_url: str, tmp_path: Path) -> None:
    keys = make_keys()
    vault = Vault.open(keys, Database(sqlite_url))

    assert vault.keyed_hash("a", "b") == Vault.open(keys, Database(sqlite_url)).keyed_hash("a", "b")
    assert vault.keyed_hash("a", "b") != vault.keyed_hash("ab", "")
    assert vault.keyed_hash("a", "b") != Vault(keys, b"another").keyed_hash("a", "b")
    assert len(vault.keyed_hash()) == 64


def test_keys_are_not_shown() -> None:
    secret = secrets.token_bytes(32)

    assert repr(secret) not in repr(make_keys(MasterKey.of(secret)))
    assert secret.hex() not in repr(make_keys(MasterKey.of(secret)))


def test_a_sealed_secret_stands_nowhere_in_the_files(sqlite_url: str, tmp_path: Path) -> None:
    database, canary = Database(sqlite_url), secrets.token_hex(16).encode()
    vault = Vault.open(load_master_keys(tmp_path, None, {}), database)

    for number in range(50):
        database.write_now(meta.put, "secret", vault.seal(canary, f"test:{number}"))

    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    forms = [canary, canary.hex().encode(), b64encode(canary)[:-4], bytes.fromhex(canary.decode())]
    assert "mist.db-wal" in written
    assert [name for name, data in written.items() for form in forms if form in data] == []
    database.close()


def test_of_two_services_with_different_keys_one_starts(database: Database) -> None:
    both = [make_keys(), make_keys()]

    def start(keys: MasterKeys) -> str:
        try:
            return Vault.open(keys, database).key_id
        except Conflict as error:
            return str(error.facts["given"])

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(start, both))

    kept = database.read_now(meta.get, CHECK)
    assert answers == [keys.current.id for keys in both]
    assert kept is not None
    assert sealed_by(kept) in answers
