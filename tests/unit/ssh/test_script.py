from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistserver.domain.errors import InvalidInput, TooLarge
from mistserver.ssh.script import MAX_STDIN_BYTES, wrap

SAFE_IN_EVERY_SHELL = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 '\"$()[]{}#=&/-;")


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), st.binary(max_size=200))
def test_nothing_of_the_command_or_its_input_reaches_the_login_shell(command: str, stdin: bytes) -> None:
    script = wrap(command, stdin=stdin)

    assert set(script.line) <= SAFE_IN_EVERY_SHELL
    assert script.line == wrap("true").line or len(script.payload) > 16_000
    assert script.payload.count(b"\n") == 1
    assert script.payload.isascii()


def test_sudo_never_asks() -> None:
    assert wrap("id", sudo=True).line.startswith("exec sudo -n /bin/sh -c ")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TooLarge):
        wrap("x" * 1_200_000)
    with pytest.raises(TooLarge):
        wrap("cat", stdin=b"x" * (MAX_STDIN_BYTES + 1))
    with pytest.raises(InvalidInput):
        wrap("a\0b")
    with pytest.raises(InvalidInput):
        wrap("\ud800")
