"""Whatever a command, a path or a user is called: a POSIX shell gets exactly that text, and runs nothing else."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mistserver.domain.errors import InvalidInput
from mistserver.services.machines import authorized_keys, command_line, copy
from mistserver.ssh.script import wrap
from mistserver.ssh.target import clean_user

SHELLS = [shell for shell in (["/bin/sh"], ["bash"], ["busybox", "sh"]) if shutil.which(shell[0])]
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostile hostile"
HOSTILE = [
    "$(touch canary)", "`touch canary`", "'; touch canary; '", '"; touch canary; "', "\n touch canary\n", "-n", "--",
    "\\", "\\n%s%n", "$HOME", "*", "~root", "#", "\x1b[2J", "\u202e", "é😀", "a\tb  c", "!x", "&", "|touch canary",
]  # fmt: skip

anything = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60) | st.sampled_from(HOSTILE)
shells = st.sampled_from(SHELLS)
bounded = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home; what a hostile text would make appears in it."""
    return tmp_path


def output(shell: list[str], line: str, home: Path, stdin: bytes = b"", keep_open: bool = False) -> bytes:
    """What the shell says to `line`. Nothing may have been made in its home.

    Its input stays open until it has ended, as a channel's does; a session of its own, because the end of the input
    ends the process group.
    """
    environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TMPDIR": str(home)}
    process = subprocess.Popen(
        [*shell, "-c", line], stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=home, env=environment, start_new_session=True
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(stdin)
        process.stdin.flush()
        if not keep_open:
            process.stdin.close()
        said = process.stdout.read()
        process.wait(30)
    assert list(home.iterdir()) == []
    return said


@given(shells, anything)
@example(["/bin/sh"], "ends with line ends\n\n")
@bounded
def test_a_command_over_ssh(home: Path, shell: list[str], text: str) -> None:
    script = wrap(f"printf '%s.' {shlex.quote(text)}")

    assert output(shell, script.line, home, script.payload, keep_open=True) == f"{text}.".encode()


@given(shells, st.binary(max_size=60))
@bounded
def test_the_input_of_a_command_over_ssh(home: Path, shell: list[str], data: bytes) -> None:
    script = wrap("cat", stdin=data + b".")

    assert output(shell, script.line, home, script.payload, keep_open=True) == data + b"."


@given(shells, anything, st.booleans())
@bounded
def test_a_command_through_a_provider(home: Path, shell: list[str], text: str, sudo: bool) -> None:
    assume(not sudo or os.geteuid() == 0)
    line = command_line.of_command(f"printf '%s.' {shlex.quote(text)}")

    assert output(shell, command_line.as_root(line) if sudo else line, home) == f"{text}.".encode()


@given(shells, anything)
@bounded
def test_a_script(home: Path, shell: list[str], text: str) -> None:
    line, stdin = command_line.of_script(f"printf '%s.' {shlex.quote(text)}")

    assert output(shell, line, home, stdin) == f"{text}.".encode()


@given(shells, anything)
@bounded
def test_the_words_of_an_interpreter(home: Path, shell: list[str], text: str) -> None:
    first = text.replace("\n", " ")
    assume(first.split() and not first.lstrip().startswith("-") and "\\" not in first)

    said = output(shell, command_line.of_script(f"#!/bin/echo {first}\n")[0], home, b"").decode()

    words, _, path = said.rstrip("\n").rpartition(" ")
    assert words.split(" ") == first.split()
    assert Path(path).parent == home


@given(shells, anything)
@bounded
def test_the_path_of_a_file(home: Path, shell: list[str], path: str) -> None:
    assume(path)
    if path.startswith("/"):
        expected = path
    elif path in ("~", "~/"):
        expected = str(home)
    else:
        expected = f"{home}/{path[2:]}" if path.startswith("~/") else f"./{path}"

    assert output(shell, f"printf '%s.' {copy._word(path)}", home) == f"{expected}.".encode()


@given(shells, anything)
@example(["/bin/sh"], "a\\")
@bounded
def test_a_user_whose_keys_are_asked_for(home: Path, shell: list[str], user: str) -> None:
    assume(user.strip() and not user.strip().isdecimal() and user not in {one.pw_name for one in pwd.getpwall()})

    for line in (authorized_keys.adding(PUBLIC, user), authorized_keys.removing(PUBLIC, user)):
        assert output(shell, line, home) == f"there is no home directory of {user}\n".encode()


@given(anything)
def test_a_user_s_name_that_a_shell_would_read_is_refused(user: str) -> None:
    try:
        clean_user(user)
    except InvalidInput:
        return
    assert not set(user[:-1]) & set(" \t\n\r'\"`$();&|<>*?[]#~!{}")
    assert not user.startswith("-")
