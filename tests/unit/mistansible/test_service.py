"""Who signs in where: option, then environment, then file, then default."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.mist.mist.plugins.module_utils._service import Given, connect, leave
from mistclient.errors import NotSignedIn
from tests.support.rest_stub import TOKEN, RestStub

EMAIL, PASSWORD = "user@mist.io", "mist_password"


def test_options_are_read_by_their_names() -> None:
    options = {"mist_uri": "https://m", "mist_token": "t", "mist_email": None, "mist_password": "", "mist_timeout": 3.0}

    assert Given.of(options) == Given(uri="https://m", token="t", timeout_s=3.0)


def test_a_token_is_used_as_it_is_and_stays(service: RestStub) -> None:
    client = connect(Given(token=TOKEN, timeout_s=7.0))

    assert client.transport.timeout_s == 7.0
    assert client.me()
    leave(client)
    assert TOKEN in service.tokens
    assert ("POST", "/sessions") not in service.calls()


def test_a_session_that_was_begun_is_ended(service: RestStub) -> None:
    service.tokens.clear()

    client = connect(Given(email=EMAIL, password=PASSWORD))

    assert service.body("POST", "/sessions")["name"] == "ansible"
    assert client.me()
    leave(client)
    assert service.tokens == set()


def test_a_password_given_beats_a_token_of_the_environment(service: RestStub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIST_TOKEN", "another")
    monkeypatch.setenv("MIST_EMAIL", EMAIL)

    assert connect(Given(password=PASSWORD)).me()
    assert service.body("POST", "/sessions")["email"] == EMAIL


def test_the_files_password_is_not_tried_for_somebody_else(service: RestStub) -> None:
    (Path.home() / ".mist").write_text(f"[mist.credentials]\nemail={EMAIL}\npassword={PASSWORD}\n")

    assert connect(Given()).me()
    with pytest.raises(NotSignedIn, match="Nobody is signed in at"):
        connect(Given(email="other@mist.io"))
    assert [seen.body["email"] for seen in service.seen if seen.path == "/sessions"] == [EMAIL]
