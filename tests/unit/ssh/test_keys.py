from __future__ import annotations

import base64
from typing import Any

import asyncssh
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from mistserver.domain.errors import InvalidInput
from mistserver.ssh.keys import generate, parse_private

RSA = rsa.generate_private_key(65537, 2048)
KEYS = {
    "ssh-rsa": (RSA, 2048),
    "ssh-ed25519": (ed25519.Ed25519PrivateKey.generate(), 256),
    "ecdsa-sha2-nistp256": (ec.generate_private_key(ec.SECP256R1()), 256),
    "ecdsa-sha2-nistp521": (ec.generate_private_key(ec.SECP521R1()), 521),
}
FORMATS = {
    "openssh": serialization.PrivateFormat.OpenSSH,
    "pkcs8": serialization.PrivateFormat.PKCS8,
    "traditional": serialization.PrivateFormat.TraditionalOpenSSL,
}


def _pem(key: Any, form: str, passphrase: str | None = None) -> str:
    lock = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, FORMATS[form], lock)
    return pem.decode()


@pytest.mark.parametrize(
    ("algorithm", "form"),
    # there is no traditional form of Ed25519
    [(a, f) for a in KEYS for f in FORMATS if (a, f) != ("ssh-ed25519", "traditional")],
)
@pytest.mark.parametrize("passphrase", [None, "open sesame é"])
def test_every_form_of_key_is_read(algorithm: str, form: str, passphrase: str | None) -> None:
    key, bits = KEYS[algorithm]

    parsed = parse_private("\r\n " + _pem(key, form, passphrase).replace("\n", "\r\n"), passphrase)

    assert (parsed.algorithm, parsed.bits) == (algorithm, bits)
    assert parsed.public.split()[0] == algorithm
    assert parsed.fingerprint.startswith("SHA256:")
    assert parsed.private_openssh.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    assert parse_private(parsed.private_openssh.decode()).fingerprint == parsed.fingerprint
    assert "PRIVATE" not in repr(parsed)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("given", "words"), [("", "give its passphrase"), ("wrong", "does not open")])
def test_a_protected_key_needs_its_passphrase(form: str, given: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        parse_private(_pem(RSA, form, "right"), given)

    assert caught.value.facts == {"field": "passphrase"}


def _rounds(pem: str) -> str:
    body = bytearray(base64.b64decode("".join(pem.splitlines()[1:-1])))
    at = body.index(b"bcrypt") + 6 + 4 + 4 + 16
    body[at : at + 4] = (2**31).to_bytes(4, "big")
    head, *_, tail = pem.splitlines()
    return "\n".join([head, base64.b64encode(bytes(body)).decode(), tail])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a private key"),
        ("hello", "not a private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "not a private key"),
        ("-----BEGIN RSA PRIVATE KEY-----\n!!!!\n-----END RSA PRIVATE KEY-----", "not a private key"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n", "not a private key"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "not a private key"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me", "public key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "PuTTY"),
        ("-----BEGIN PRIVATE KEY-----\n" + "A" * 70_000, "at most"),
        (_rounds(_pem(RSA, "openssh", "x")), "rounds"),
        (_pem(rsa.generate_private_key(65537, 1024), "openssh").replace("OPENSSH", "RSA"), "not a private key"),
        (_pem(dsa.generate_private_key(1024), "traditional"), "DSA"),
    ],
    ids=range(12),
)
def test_what_is_no_usable_key(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        parse_private(text, "x")

    assert caught.value.facts == {"field": "private"}
    assert "AAAA" not in caught.value.message


@pytest.mark.parametrize(("algorithm", "name", "bits"), [("ed25519", "ssh-ed25519", 256), ("rsa", "ssh-rsa", 3072)])
def test_fresh_keys(algorithm: str, name: str, bits: int) -> None:
    made = generate(algorithm, "mist")

    assert (made.algorithm, made.bits) == (name, bits)
    assert made.public.endswith(" mist")
    assert asyncssh.import_private_key(made.private_openssh).get_fingerprint() == made.fingerprint


def test_an_algorithm_that_is_not_offered() -> None:
    with pytest.raises(InvalidInput):
        generate("dsa")


def test_a_key_that_stands_behind_its_curve_is_read() -> None:
    private = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    curve = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

    assert parse_private(curve + private.decode()).algorithm == "ecdsa-sha2-nistp256"
