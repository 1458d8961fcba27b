"""No error repeats a secret, in whatever form a careless or hostile server sent it back."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from mistserver.domain.errors import ProviderRejected
from mistserver.services.blotting import blotted

SECRET = 'p@ss/w\u00f6rd+with "quotes"'
PEM = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIGhh\nb2JzZXJ2ZWQtbm90LWhlcmU=\n-----END KEY-----\n"


def basic(user: str) -> str:
    return base64.b64encode(f"{user}:{SECRET}".encode()).decode()


@pytest.mark.parametrize(
    "said",
    [SECRET, quote(SECRET), quote(SECRET, safe=""), json.dumps(SECRET), basic("u"), basic("us"), basic("use"),
     basic("root").replace("+", "-").replace("/", "_")],
)  # fmt: skip
def test_a_secret_is_blotted_out_in_every_form(said: str) -> None:
    error = blotted(ProviderRejected(f"You sent {said}.", said=said, more=[{"said": said}]), [SECRET])

    shown = f"{error} {error.message} {error.facts}"
    assert "***" in error.message
    assert SECRET not in shown
    assert said not in shown
    # what is left of a longer text gives nothing of the secret away but a letter at its edges
    assert "w\u00f6rd" not in shown
    assert base64.b64encode("w\u00f6rd".encode()).decode()[:4] not in shown


def test_a_line_of_a_key_is_a_secret_too() -> None:
    error = blotted(ProviderRejected(f"Cannot read {PEM.splitlines()[1]} in KEY."), [PEM])

    assert error.message == "Cannot read *** in KEY."


def test_words_that_are_no_secret_stay() -> None:
    error = blotted(ProviderRejected("The region eu is not there.", region="eu"), ["", "eu", "other"])

    assert (error.message, error.facts) == ("The region eu is not there.", {"region": "eu"})
