from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mistclient.config import DEFAULT_URI, Config, clean_uri, is_loopback


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MIST_URI", "MIST_EMAIL", "MIST_PASSWORD", "MIST_TOKEN", "MIST_CA_FILE"):
        monkeypatch.delenv(name, raising=False)


def test_the_documented_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".mist"
    path.write_text("[mist.credentials]\nemail=user@mist.io\npassword=mist_password\n")

    config = Config.read(path)

    assert (config.email, config.password, config.uri) == ("user@mist.io", "mist_password", DEFAULT_URI)


@pytest.mark.parametrize("password", ["a=b", "100%", "#hash", "a # b", "%(home)s", "ünï"])
def test_a_password_is_taken_as_it_stands(password: str, tmp_path: Path) -> None:
    path = tmp_path / ".mist"
    path.write_text(f"[mist.credentials]\nemail = user@mist.io\npassword = {password}\n", encoding="utf-8")

    assert Config.read(path).password == password


@pytest.mark.parametrize("text", ["", "nonsense", "[", "[mist.credentials]", "=x\n[]\na", "\x00\xff"])
def test_a_broken_file_says_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / ".mist"
    path.write_text(text)

    assert Config.read(path).email is None


def test_signing_in_replaces_the_password_by_the_token(tmp_path: Path) -> None:
    path = tmp_path / ".mist"
    path.write_text("[mist.credentials]\nemail=user@mist.io\npassword=secret\n[other]\nkept=1\n")
    path.chmod(0o644)

    Config.read(path).keep_login("https://mist.example", "user@mist.io", "mist_abc")

    text = path.read_text()
    assert "secret" not in text
    assert "kept=1" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Config.read(path)
    assert (again.uri, again.token("https://mist.example")) == ("https://mist.example", "mist_abc")
    assert again.token(DEFAULT_URI) is None


def test_a_token_belongs_to_its_service_and_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(tmp_path / ".mist")
    config.keep_token("http://a:1", "one@mist.io", "t1")
    config.keep_token("http://a:1", "two@mist.io", "t2")

    monkeypatch.setenv("MIST_EMAIL", "one@mist.io")
    assert (config.token("http://a:1"), config.token("http://a:12")) == ("t1", None)
    monkeypatch.setenv("MIST_TOKEN", "given")
    assert config.token("http://b") == "given"


def test_forgetting_leaves_other_services_alone(tmp_path: Path) -> None:
    config = Config(tmp_path / ".mist")
    config.keep_token("http://a:1", "one@mist.io", "t1")
    config.keep_token("http://b:1", "one@mist.io", "t2")

    config.forget_tokens("http://a:1")

    again = Config.read(config.path)
    assert (again.token("http://a:1"), again.token("http://b:1")) == (None, "t2")


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("localhost:9000", "http://localhost:9000"),
        ("mist.example.com", "https://mist.example.com"),
        (" https://mist.example.com/base/ ", "https://mist.example.com/base"),
    ],
)
def test_addresses_are_completed(given: str, cleaned: str) -> None:
    assert clean_uri(given) == cleaned


@pytest.mark.parametrize(
    ("host", "answer"), [("127.0.0.2", True), ("[::1]", True), ("127.evil.com", False), ("x", False)]
)
def test_what_is_this_machine(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer
