"""What is asked of a person at a terminal, and what is not."""

from __future__ import annotations

import io
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mistcli import call, confirm, session
from mistcli.commands import add_backend, keys, login
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

Types = Callable[..., None]


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Types:
    """A person who types these lines, and these secrets when nothing is echoed."""

    def give(*lines: str, secrets: tuple[str, ...] = ()) -> None:
        hidden = iter(secrets)
        for module in (call, confirm, session, login, keys, add_backend):
            monkeypatch.setattr(module, "interactive", lambda: True)
        monkeypatch.setattr("getpass.getpass", lambda prompt, stream: stream.write(prompt) and next(hidden))
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return give


def test_destroying_asks_and_only_yes_counts(mist: Mist, service: RestStub, types: Types) -> None:
    types("")
    refused = mist("destroy", "db-server-1")
    types("yes")
    done = mist("destroy", "db-server-1")
    types()
    forced = mist("destroy", "db-server-1", "--yes")

    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith(
        "Destroy the machine db-server-1 (Icehouse) and everything on it? [y/N]: Nothing was destroyed.\n"
    )
    assert (done.out, forced.out) == ("Destroyed machine db-server-1\n",) * 2
    assert len(service.calls("POST")) == 2


def test_signing_in_offers_to_save(mist: Mist, home: Path, types: Types, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIST_TOKEN")
    types("user@mist.io", "maybe", "", secrets=("mist_password",))

    result = mist("list-keys")

    assert result.err == (
        f"No config file found at: {home}/.mist\nEmail: Password: Save config [Y/n]: Wrong answer!\n"
        f"Save config [Y/n]: Saved config at {home}/.mist\n"
    )
    assert stat.S_IMODE((home / ".mist").stat().st_mode) == 0o600
    assert "mist_password" not in (home / ".mist").read_text()
    assert mist("list-keys").err == ""


def test_not_saving_leaves_no_file(mist: Mist, home: Path, types: Types, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIST_TOKEN")
    types("user@mist.io", "n", secrets=("mist_password",))

    assert mist("list-keys").code == 0
    assert not (home / ".mist").exists()


def test_a_passphrase_is_asked_for_when_it_is_needed(mist: Mist, home: Path, service: RestStub, types: Types) -> None:
    (home / "k").write_text("locked\n")
    types(secrets=("open sesame",))

    result = mist("add-key", "--name", "K", "--key-path", "~/k")

    assert (result.out, result.err) == ("Added key K\n", "Passphrase of ~/k: ")
    assert service.body("POST", "/keys")["passphrase"] == "open sesame"


def test_a_missing_secret_is_asked_for(mist: Mist, service: RestStub, types: Types) -> None:
    types(secrets=("s3cret",))

    result = mist("add-backend", "--provider", "ec2", "--region", "ec2_us_east", "--ec2-api-key", "K")

    assert result.code == 0
    assert service.body("POST", "/backends")["settings"] == {"api_key": "K", "api_secret": "s3cret"}


def test_setting_up_and_a_password_typed_twice(
    mist: Mist, service: RestStub, home: Path, types: Types, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIST_TOKEN")
    service.setup_needed = True
    types("the code", "user@mist.io", secrets=("one", "other", "long enough", "long enough"))

    result = mist("setup")

    assert (result.code, result.out) == (0, f"{service.uri} is set up, and you are signed in as user@mist.io\n")
    assert service.body("POST", "/setup") == {"code": "the code", "email": "user@mist.io", "password": "long enough"}
    assert mist("list-keys").code == 0


def test_adding_a_user_and_changing_ones_own_password(mist: Mist, service: RestStub, types: Types) -> None:
    types(secrets=("new one", "new one"))
    assert mist("add-user", "jo@mist.io", "--role", "viewer").out == "Added user jo@mist.io (viewer)\n"
    types(secrets=("old", "newer", "newer"))
    assert mist("set-password").out == "Changed the password of user@mist.io\n"

    added = service.body("POST", "/users")
    assert added == {"email": "jo@mist.io", "password": "new one", "role": "viewer", "name": ""}
    assert service.body("PUT", "/users/u1/password") == {"password": "newer", "current_password": "old"}
