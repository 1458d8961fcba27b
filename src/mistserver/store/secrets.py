"""Secrets at rest: each sealed by a random key of its own, and that key by the master key kept outside the database.

A sealed record is: version (1 byte), id of the master key (8), nonce and wrapped record key (12 + 48), nonce and
ciphertext (12 + n + 16). The ciphertext is bound to its purpose, so that a record copied over another is noticed;
the wrapped key is not, so that `rewrap` needs to know nothing of what a record is for.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import Connection

from mistserver.domain.errors import Conflict, Internal
from mistserver.store import meta
from mistserver.store.database import Database
from mistserver.store.master_keys import MasterKey, MasterKeys, create_default

VERSION = b"\x01"
_ID_END = 9
_NONCE = 12
_WRAP_END = _ID_END + _NONCE + 48
_SHORTEST = _WRAP_END + _NONCE + 16

CHECK = "master_key_check"
HASH_KEY = "hash_key"


class Vault:
    """Seals and unseals; one per service."""

    def __init__(self, keys: MasterKeys, hash_key: bytes) -> None:
        self._keys = keys
        self._hash_key = hash_key

    @classmethod
    def open(cls, master_keys: MasterKeys, database: Database) -> Vault:
        """Check the master key against the database (blocking; once, at start).

        A new database takes the key on, and gets a default key file when no key was given. A database that knows
        another key is a Conflict with a sentence for the operator: nothing is written then.
        """
        if database.read_now(meta.get, CHECK) is None:
            keys = master_keys if master_keys.keys else create_default(master_keys)
            database.write_now(_take_on, keys)
        else:
            keys = master_keys
        return database.read_now(_open, keys)

    @property
    def key_id(self) -> str:
        """The id of the master key that seals new records."""
        return self._keys.current.id

    def seal(self, data: bytes, purpose: str) -> bytes:
        """`data` encrypted for one purpose, such as `backend:<id>`."""
        return _seal(self._keys.current, data, purpose)

    def unseal(self, blob: bytes, purpose: str) -> bytes:
        """The reverse of `seal`; a record that was changed, or is meant for another purpose, is Internal."""
        return _unseal(self._keys, blob, purpose)

    def keyed_hash(self, *parts: str) -> str:
        """64 hex digits that nobody without the master key can compute or try out; the same after a rekey."""
        text = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
        return hmac.new(self._hash_key, text, sha256).hexdigest()


def sealed_by(blob: bytes) -> str:
    """The id of the master key that a record was sealed by."""
    return _checked(blob)[1:_ID_END].hex()


def rewrap(keys: MasterKeys, blob: bytes) -> bytes:
    """The same record under the current master key. Its content is neither decrypted nor changed."""
    record_key = _record_key(keys, _checked(blob))
    return _wrap(keys.current, record_key) + blob[_WRAP_END:]


def _take_on(connection: Connection, keys: MasterKeys) -> None:
    # of two services that start at once on a new database the second finds the first one's values, and checks them
    meta.put_first(connection, HASH_KEY, _seal(keys.current, os.urandom(32), f"meta:{HASH_KEY}"))
    meta.put_first(connection, CHECK, _seal(keys.current, b"mist", f"meta:{CHECK}"))


def _open(connection: Connection, keys: MasterKeys) -> Vault:
    check, sealed_hash_key = meta.get(connection, CHECK), meta.get(connection, HASH_KEY)
    if check is None or sealed_hash_key is None:
        raise Internal("The database holds no check of its master key; restore it from a backup.")
    known = sealed_by(check)
    if not keys.keys:
        raise Conflict(
            f"The database's secrets are sealed by the master key {known}, and no master key was found: {keys.source}. "
            "Put back the file that was there, or set MIST_MASTER_KEY; without that key the secrets cannot be read.",
            key_id=known,
        )
    if keys.find(known) is None:
        raise Conflict(
            f"The master key ({keys.current.id}, from {keys.source}) is not the one that seals this database's "
            f"secrets ({known}). Start with that key; nothing was changed.",
            key_id=known,
            given=keys.current.id,
        )
    _unseal(keys, check, f"meta:{CHECK}")
    return Vault(keys, _unseal(keys, sealed_hash_key, f"meta:{HASH_KEY}"))


def _seal(key: MasterKey, data: bytes, purpose: str) -> bytes:
    record_key, nonce = os.urandom(32), os.urandom(_NONCE)
    return _wrap(key, record_key) + nonce + AESGCM(record_key).encrypt(nonce, data, purpose.encode())


def _wrap(key: MasterKey, record_key: bytes) -> bytes:
    head, nonce = VERSION + bytes.fromhex(key.id), os.urandom(_NONCE)
    return head + nonce + AESGCM(key.secret).encrypt(nonce, record_key, head)


def _unseal(keys: MasterKeys, blob: bytes, purpose: str) -> bytes:
    record_key, sealed = _record_key(keys, _checked(blob)), blob[_WRAP_END:]
    try:
        return AESGCM(record_key).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode())
    except InvalidTag:
        raise Internal(f"The sealed record of {purpose} was changed or belongs elsewhere; give it anew.") from None


def _record_key(keys: MasterKeys, blob: bytes) -> bytes:
    key = keys.find(sealed_by(blob))
    if key is None:
        raise Internal(f"A record is sealed by the master key {sealed_by(blob)}, which this service was not given.")
    wrapped = blob[_ID_END:_WRAP_END]
    try:
        return AESGCM(key.secret).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], blob[:_ID_END])
    except InvalidTag:
        raise Internal("A sealed record was changed; give the secret anew.") from None


def _checked(blob: bytes) -> bytes:
    if len(blob) < _SHORTEST or blob[:1] != VERSION:
        raise Internal("A sealed record is not in a format that this version reads.")
    return blob
