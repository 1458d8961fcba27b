"""Private keys that people bring, and fresh ones: read, checked, and put into one form."""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mistserver.domain.errors import InvalidInput

if TYPE_CHECKING:
    import asyncssh

_MAX_PEM = 64 * 1024
_MAX_ROUNDS = 1024  # of bcrypt; ssh-keygen's default is 16 or 24, and each costs about 10 ms
_SMALLEST_RSA = 1024
_FIRST = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----\s*\Z")  # the library makes a pattern of this line
_CURVE = re.compile(r"\A-----BEGIN EC PARAMETERS-----\n[A-Za-z0-9+/=\n]*-----END EC PARAMETERS-----\n")
_BITS = {"ssh-ed25519": 256, "ssh-ed448": 456}


@dataclass(frozen=True)
class ParsedKey:
    """A usable key pair: `private_openssh` is a PEM without passphrase, `public` one line."""

    private_openssh: bytes = field(repr=False)
    public: str
    algorithm: str
    bits: int
    fingerprint: str


def parse_private(pem: str, passphrase: str | None = None) -> ParsedKey:
    """A private key in OpenSSH, PKCS#1, PKCS#8 or SEC1 form. InvalidInput names the field `private` or `passphrase`."""
    import asyncssh

    text = _CURVE.sub("", pem.strip().replace("\r\n", "\n") + "\n", count=1)
    _refuse_other_things(text)
    try:
        key = asyncssh.import_private_key(text, passphrase or None)
    except asyncssh.KeyEncryptionError:
        raise InvalidInput("The passphrase does not open this key.", field="passphrase") from None
    except asyncssh.KeyImportError as error:
        if passphrase and "ENCRYPTED" in text:
            raise InvalidInput("The passphrase does not open this key.", field="passphrase") from None
        if "assphrase" in str(error):
            raise InvalidInput("This key is protected: give its passphrase.", field="passphrase") from None
        raise _unreadable() from None
    except (ValueError, UnicodeError, struct.error, OverflowError):
        raise _unreadable() from None
    return _parsed(key)


def generate(algorithm: str = "ed25519", comment: str = "") -> ParsedKey:
    """A fresh pair: `ed25519`, or `rsa` with 3072 bits (which takes up to a second of CPU)."""
    import asyncssh

    if algorithm == "ed25519":
        key = asyncssh.generate_private_key("ssh-ed25519", comment=comment or None)
    elif algorithm == "rsa":
        key = asyncssh.generate_private_key("ssh-rsa", comment=comment or None, key_size=3072)
    else:
        raise InvalidInput(f"Keys are made as ed25519 or rsa, not as {algorithm[:40]!a}.", field="algorithm")
    return _parsed(key)


def _parsed(key: asyncssh.SSHKey) -> ParsedKey:
    algorithm = key.get_algorithm()
    if algorithm == "ssh-dss":
        raise InvalidInput("DSA keys are refused by today's servers; bring an Ed25519 or RSA key.", field="private")
    if algorithm.startswith(("sk-", "webauthn-")):
        raise InvalidInput("This key lives in a security token and cannot be used from here.", field="private")
    bits = _bits(key, algorithm)
    if algorithm == "ssh-rsa" and bits < _SMALLEST_RSA:
        raise InvalidInput(f"An RSA key of {bits} bits is too weak; bring one of 2048 or more.", field="private")
    return ParsedKey(
        private_openssh=key.export_private_key("openssh"),
        public=key.export_public_key("openssh").decode("utf-8", "replace").strip(),
        algorithm=algorithm,
        bits=bits,
        fingerprint=key.get_fingerprint(),
    )


def _bits(key: asyncssh.SSHKey, algorithm: str) -> int:
    if algorithm.startswith("ecdsa-"):
        return int(algorithm.rpartition("nistp")[2] or 256)
    if algorithm != "ssh-rsa":
        return _BITS.get(algorithm, 256)
    data = key.public_data
    for _ in range(2):
        data = data[4 + int.from_bytes(data[:4], "big") :]
    return int.from_bytes(data[4 : 4 + int.from_bytes(data[:4], "big")], "big").bit_length()


def _refuse_other_things(text: str) -> None:
    """What people paste by mistake, and what would keep the machine busy, told before it is parsed."""
    if len(text) > _MAX_PEM:
        raise InvalidInput(f"A private key has at most {_MAX_PEM} characters.", field="private")
    first = text.split("\n", 1)[0]
    if first.startswith(("ssh-", "ecdsa-", "sk-", "---- BEGIN SSH2 PUBLIC", "-----BEGIN PUBLIC")):
        raise InvalidInput("This is a public key; the private half is needed.", field="private")
    if first.startswith("PuTTY-User-Key-File"):
        raise InvalidInput("This is a PuTTY key; export it as OpenSSH key with puttygen first.", field="private")
    if not _FIRST.match(first):
        raise _unreadable()
    if "OPENSSH" in first and _rounds(text) > _MAX_ROUNDS:
        raise InvalidInput(f"This key asks for more than {_MAX_ROUNDS} rounds of bcrypt; lower them.", field="private")


def _rounds(text: str) -> int:
    """The bcrypt rounds of a protected OpenSSH key; 0 for any other."""
    body = "".join(line for line in text.splitlines() if not line.startswith("-"))
    try:
        data = base64.b64decode(body)[len(b"openssh-key-v1\0") :]
        parts = []
        for _ in range(3):
            size = int.from_bytes(data[:4], "big")
            parts.append(data[4 : 4 + size])
            data = data[4 + size :]
    except ValueError:
        return 0
    return int.from_bytes(parts[2][-4:], "big") if parts[1] == b"bcrypt" else 0


def _unreadable() -> InvalidInput:
    return InvalidInput(
        "This is not a private key that can be read; bring an OpenSSH or PEM file (RSA, ECDSA or Ed25519).",
        field="private",
    )
