from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mistserver.services.machines import command_line

SHELLS = [["dash"], ["bash"], ["busybox", "ash"]]


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    found: list[str] = request.param
    if shutil.which(found[0]) is None:
        pytest.skip(f"{found[0]} is not installed")
    return found


def run(shell: list[str], text: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environment}
    return subprocess.run([*shell, "-c", text], input=stdin, capture_output=True, env=path, timeout=30, check=False)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo one | cat; echo two | tr o 0", b"one\ntw0\n"),
        ("""echo 'single' "double" \\$HOME""", b"single double $HOME\n"),
        ("echo line; echo '$(touch /nowhere/at/all)'", b"line\n$(touch /nowhere/at/all)\n"),
        ("[[ abc == a* ]] && echo bash", b"bash\n"),
        ("echo first\necho second", b"first\nsecond\n"),
        ("-x 2>/dev/null || echo dashes", b"dashes\n"),
    ],
)
def test_a_command_means_what_it_means_in_bash(shell: list[str], command: str, output: bytes) -> None:
    assert run(shell, command_line.of_command(command)).stdout == output


def test_the_exit_code_is_passed_on(shell: list[str]) -> None:
    assert run(shell, command_line.of_command("exit 42")).returncode == 42
    text, stdin = command_line.of_script("exit 43")
    assert run(shell, text, stdin).returncode == 43


def test_a_script_runs_by_its_interpreter_with_an_empty_stdin_and_leaves_nothing(
    shell: list[str], tmp_path: Path
) -> None:
    text, stdin = command_line.of_script("#!/usr/bin/env python3\nimport sys\nprint(repr(sys.stdin.read()))\n")

    done = run(shell, text, stdin, TMPDIR=str(tmp_path))

    assert (done.returncode, done.stdout) == (0, b"''\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ['read x; echo "got $x"', '#!/bin/sh\nread x; echo "got $x"'])
def test_a_script_cannot_read_itself(shell: list[str], script: str) -> None:
    text, stdin = command_line.of_script(script)

    assert run(shell, text, stdin).stdout == b"got \n"


def test_a_script_from_windows_runs(shell: list[str]) -> None:
    text, stdin = command_line.of_script("#!/bin/sh\r\necho fine\r\n")

    assert run(shell, text, stdin).stdout == b"fine\n"


def test_files_made_by_a_script_have_the_usual_mode(shell: list[str], tmp_path: Path) -> None:
    text, stdin = command_line.of_script(f"touch {tmp_path}/made")

    run(shell, f"umask 022; {text}", stdin)

    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644


def test_root_needs_no_sudo(shell: list[str]) -> None:
    done = run(shell, command_line.as_root("id -u; echo it"))

    assert b"sudo" not in done.stdout
