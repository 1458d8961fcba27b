from __future__ import annotations

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.ssh.target import KeyMaterial, Target, clean_host, clean_user

KEY = KeyMaterial("k", b"secret words")


@pytest.mark.parametrize(
    "host", ["web1", "web-1.example.com", "10.0.0.1", "::1", "fe80::1%eth0", "2001:db8::1", "a_b.local", "x.example."]
)
def test_hosts_that_pass(host: str) -> None:
    assert clean_host(host) == host


WRONG_HOSTS = """
-oProxyCommand=x|a b|a/b|a;b|$(id)|web..x|.web|é|::1%a b|user@host|a.-b|host:22
"""


@pytest.mark.parametrize("host", [*WRONG_HOSTS.strip().split("|"), "", "a\nb", "x" * 300, "a\x1b[0m", "\u202eweb"])
def test_hosts_that_are_refused(host: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Target("o", host, 22, ("root",), (KEY,))

    assert caught.value.facts == {"field": "host"}
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_ports_that_are_refused(port: int) -> None:
    with pytest.raises(InvalidInput, match="is not a TCP port"):
        Target("o", "h", port, ("root",), (KEY,))


@pytest.mark.parametrize("user", ["root", "ec2-user", "DOMAIN\\me", "me@example.com", "machine$", "_apt"])
def test_users_that_pass(user: str) -> None:
    assert clean_user(user) == user


@pytest.mark.parametrize("user", ["", "-l", "a b", "a\n", "$(id)", "x" * 80, "a'b", "ü"])
def test_users_that_are_refused(user: str) -> None:
    with pytest.raises(InvalidInput):
        Target("o", "h", 22, (user,), (KEY,))


def test_no_secret_is_shown() -> None:
    target = Target("o", "::1", 22, ("root",), (KEY,))

    assert "secret" not in repr(target) + repr(target.identity)
    assert target.where == "[::1]:22"


def test_another_key_under_the_same_id_is_another_target() -> None:
    one = Target("o", "h", 22, ("root",), (KEY,))
    other = Target("o", "h", 22, ("root",), (KeyMaterial("k", b"other"),))

    assert one.identity != other.identity
    assert one.place == other.place
