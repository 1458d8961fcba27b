"""Where the master key comes from, and how a file of keys is kept.

A source holds one key, or, while the key is being changed, several: the first seals, the others still unseal.
Each is 32 random bytes in base64, one a line (in the environment also separated by commas).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from mistserver.domain.errors import Conflict, InvalidInput

VARIABLE = "MIST_MASTER_KEY"
CREDENTIAL = "mist-master-key"
FILE = "master.key"
LENGTH = 32


@dataclass(frozen=True)
class MasterKey:
    """`id` is 16 hex digits that tell the key apart and tell nothing about it."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> MasterKey:
        return cls(hmac.new(secret, b"mist master key id", sha256).digest()[:8].hex(), secret)


@dataclass(frozen=True)
class MasterKeys:
    """What one source gave. `path` is the file it may be changed in, None when it is not ours to change."""

    keys: tuple[MasterKey, ...]
    source: str
    path: Path | None = None

    @property
    def current(self) -> MasterKey:
        return self.keys[0]

    def find(self, key_id: str) -> MasterKey | None:
        return next((key for key in self.keys if key.id == key_id), None)


def load_master_keys(data_dir: Path, file: Path | None, env: Mapping[str, str]) -> MasterKeys:
    """The keys of the first source that is there: environment, `file`, systemd credential, `master.key` in `data_dir`.

    Without any, `keys` is empty: `Vault.open` then makes `master.key` if, and only if, the database is new.
    """
    if env.get(VARIABLE):
        source = f"the environment variable {VARIABLE}"
        return MasterKeys(_parse(env[VARIABLE].replace(",", "\n"), source), source)
    if file is not None:
        return _from_file(file, required=True)
    credential = Path(env["CREDENTIALS_DIRECTORY"], CREDENTIAL) if env.get("CREDENTIALS_DIRECTORY") else None
    if credential is not None and credential.exists():
        source = f"the systemd credential {CREDENTIAL}"
        return MasterKeys(_parse(_read(credential), source), source)
    return _from_file(data_dir / FILE, required=False)


def create_default(missing: MasterKeys) -> MasterKeys:
    """Make the key file that `missing` says is not there yet, 0600, and return what it then holds."""
    if missing.path is None:
        raise Conflict(f"There is no master key: {missing.source} is empty.")
    if not missing.path.exists():
        write(missing.path, (MasterKey.of(secrets.token_bytes(LENGTH)),))
    return _from_file(missing.path, required=True)


def write(path: Path, keys: tuple[MasterKey, ...]) -> None:
    """Replace the file by these keys, durably: after a crash it holds the old or the new ones, never less."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = "".join(base64.b64encode(key.secret).decode() + "\n" for key in keys)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _from_file(path: Path, *, required: bool) -> MasterKeys:
    if not path.exists():
        if required:
            raise InvalidInput(f"The master key file {path} does not exist; put it there.", field="master_key_file")
        return MasterKeys((), f"there is no file {path}", path)
    if path.stat().st_mode & 0o077:
        raise Conflict(f"The master key file {path} can be read by others; run: chmod 600 {path}")
    return MasterKeys(_parse(_read(path), f"the file {path}"), f"the file {path}", path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"The master key in {path} cannot be read: {type(error).__name__}.") from None


def _parse(text: str, source: str) -> tuple[MasterKey, ...]:
    try:
        found = tuple(base64.b64decode(line, validate=True) for line in text.split())
    except (binascii.Error, ValueError):
        found = ()
    if not found or any(len(secret) != LENGTH for secret in found):
        raise InvalidInput(
            f"What {source} holds is not a master key: {LENGTH} bytes in base64. Put the right one back.",
            field="master_key",
        )
    return tuple(MasterKey.of(secret) for secret in found)
