"""What happens on the wire is named."""

from __future__ import annotations

import socket
import ssl

import pytest

from mistserver.domain import errors
from mistserver.providers.http_errors import bad_answer, network_error, understood, vendors_words


class Wrapped(Exception):
    """As libraries do it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("wrapped")
        self.kwargs = {"error": error}


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("cause", "kind", "says"),
    [
        (ConnectionRefusedError(), errors.ProviderUnreachable, "refused the connection"),
        (socket.gaierror(-2, "x"), errors.ProviderUnreachable, "cannot be resolved"),
        (TimeoutError(), errors.ProviderTimeout, "in time"),
        (ConnectionResetError(), errors.ProviderUnreachable, "broke the connection"),
        (OSError(113, "x"), errors.ProviderUnreachable, "no way to"),
        (FileNotFoundError(), errors.ProviderUnreachable, "is missing"),
        (untrusted(), errors.ProviderUnreachable, "not trusted .self-signed certificate"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), errors.ProviderUnreachable, "No TLS"),
        (RuntimeError("secret"), errors.ProviderUnreachable, "RuntimeError|Wrapped"),
    ],
)
def test_the_cause_is_found_however_deep(cause: BaseException, kind: type[errors.MistError], says: str) -> None:
    for error in (cause, Wrapped(cause), Wrapped(Wrapped(cause))):
        found = network_error(error, "https://api.test")
        assert type(found) is kind
        with pytest.raises(kind, match=says):
            raise found
        assert "secret" not in found.message


def test_a_web_page_is_called_one() -> None:
    assert "web page" in bad_answer("https://api.test", b"<!DOCTYPE HTML><html>").message
    assert "web page" not in bad_answer("https://api.test", b"{}").message


def test_an_answer_of_another_shape_is_a_bad_answer() -> None:
    with pytest.raises(errors.ProviderBadAnswer), understood("https://api.test"):
        {}["Id"]


def test_words_of_others_fit_on_a_line() -> None:
    assert vendors_words(" a\n\x1b[2Jb ") == "a ?[2Jb"
