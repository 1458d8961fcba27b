"""Servers whose certificate nobody signed: one is trusted by its fingerprint, and no other."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import replace

import pytest

from mistserver.domain.errors import InvalidInput, ProviderTimeout, ProviderUnreachable
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.tls import fingerprint
from tests.lab.certificates import Authority, Pair
from tests.lab.faults import answering, silence

ACCOUNT = Account(settings=None, timeout_s=5.0)


def sha256(pair: Pair) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.certificate)).hexdigest()


def test_the_certificate_is_trusted_whatever_name_it_holds() -> None:
    pair = Authority().server("another.example")
    with answering(200, b"{}", tls=pair) as port:
        http = Http(ACCOUNT, f"https://127.0.0.1:{port}", fingerprint=sha256(pair))
        assert http.exchange("GET", "/").content == b"{}"
        with http.stream() as stream:
            stream.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert stream.recv(12).startswith(b"HTTP/1.")
        http.close()


def test_another_certificate_is_not() -> None:
    expected = sha256(Authority().server("127.0.0.1"))
    with (
        answering(200, b"{}", tls=Authority().server("127.0.0.1")) as port,
        pytest.raises(ProviderUnreachable, match="not trusted"),
    ):
        Http(ACCOUNT, f"https://127.0.0.1:{port}", fingerprint=expected)


def test_one_that_comes_later_is_not_either() -> None:
    authority = Authority()
    first, second = authority.server("127.0.0.1"), authority.server("127.0.0.1")
    with answering(200, b"{}", tls=first) as port:
        http = Http(ACCOUNT, f"https://127.0.0.1:{port}", fingerprint=sha256(first))
    with answering(200, b"{}", tls=second) as other:
        http.url = f"https://127.0.0.1:{other}"
        with pytest.raises(ProviderUnreachable, match="not trusted"):
            http.exchange("GET", "/")
    http.close()


def test_a_server_that_says_nothing_is_not_waited_for() -> None:
    with silence() as port, pytest.raises(ProviderTimeout):
        Http(replace(ACCOUNT, timeout_s=0.2), f"https://127.0.0.1:{port}", fingerprint="0" * 64)


def test_a_fingerprint_is_taken_as_tools_print_it() -> None:
    plain = "ab" * 32
    for given in (plain, plain.upper(), ":".join(["AB"] * 32), f"SHA256:{plain}", f" sha256 Fingerprint={plain}"[-64:]):
        assert fingerprint(given) == plain
    for given in ("", "ab" * 20, "zz" * 32):
        with pytest.raises(InvalidInput, match="SHA-256"):
            fingerprint(given)
