"""What providers owe that reach machines without SSH."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mistserver.domain import errors
from mistserver.providers.base import Command, CommandResult, HasExec, Provider
from tests.contract.providers.rig import Rig
from tests.lab.waiting import eventually

pytestmark = pytest.mark.needs("exec")


class Shell:
    """One machine, and what its last command said."""

    def __init__(self, provider: Provider, id: str) -> None:
        assert isinstance(provider, HasExec)
        self.provider: HasExec = provider
        self.id = id
        self.said: dict[str, bytes] = {}

    def run(
        self,
        line: str,
        stdin: bytes = b"",
        timeout_s: float = 30,
        user: str | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> CommandResult:
        said: dict[str, bytes] = {"stdout": b"", "stderr": b""}

        def on_output(stream: str, data: bytes) -> None:
            said[stream] += data

        self.said = said
        return self.provider.exec(self.id, Command(line, timeout_s, on_output, cancelled, stdin=stdin, user=user))


def still_there(shell: Shell, *words: bytes) -> bool:
    """Whether a process with any of these words runs on the machine."""
    shell.run("ps ax 2>/dev/null || ps")
    return any(word in shell.said["stdout"] for word in words)


@pytest.fixture(scope="module")
def shell(rig: Rig) -> Iterator[Shell]:
    with rig.shell() as id, rig.opened() as provider:
        yield Shell(provider, id)


def test_streams_and_exit_code_come_apart(shell: Shell) -> None:
    result = shell.run("echo out; echo err >&2; exit 3")
    assert (result.exit_code, result.timed_out) == (3, False)
    assert shell.said == {"stdout": b"out\n", "stderr": b"err\n"}


def test_a_command_is_a_line_for_the_shell(shell: Shell) -> None:
    assert shell.run("printf '%s' \"a 'b' $((1+1))\" | tr a-z A-Z && cd / && pwd").exit_code == 0
    assert shell.said["stdout"] == b"A 'B' 2/\n"


def test_input_is_passed_whole(shell: Shell) -> None:
    shell.run("wc -c", stdin=b"x" * 1_000_000)
    assert shell.said["stdout"].strip() == b"1000000"


def test_input_that_nobody_reads_is_no_obstacle(shell: Shell) -> None:
    assert shell.run("echo done", stdin=b"x" * 1_000_000).exit_code == 0
    assert shell.said["stdout"] == b"done\n"


def test_nothing_is_read_where_nothing_was_given(shell: Shell) -> None:
    assert shell.run("cat; echo $?").exit_code == 0
    assert shell.said["stdout"] == b"0\n"


def test_output_is_passed_whole(shell: Shell) -> None:
    shell.run("head -c 5000000 /dev/zero")
    assert len(shell.said["stdout"]) == 5_000_000


def test_what_stays_in_the_background_holds_up_nothing(shell: Shell) -> None:
    assert shell.run("sleep 20.25 & echo started", timeout_s=15).exit_code == 0
    shell.run("pkill -f 'slee[p] 20.25'")


@pytest.mark.parametrize("command", ["sleep 31.75 & sleep 32.75", "trap '' TERM HUP; while :; do sleep 33.75; done"])
def test_a_time_out_ends_all_that_was_started(shell: Shell, command: str) -> None:
    result = shell.run(command, timeout_s=0.5)
    assert (result.timed_out, result.exit_code) == (True, None)
    eventually(lambda: not still_there(shell, b"31.75", b"32.75", b"33.75"))


def test_a_cancelled_command_ends(shell: Shell) -> None:
    asked = []
    result = shell.run("sleep 34.75", cancelled=lambda: bool(asked.append(1)) or len(asked) > 2)
    assert (result.exit_code, result.timed_out) == (None, False)
    eventually(lambda: not still_there(shell, b"34.75"))


def test_an_unknown_user_is_an_error(shell: Shell) -> None:
    with pytest.raises(errors.MistError):
        shell.run("true", user="nobody-is-called-that")


def test_a_terminal_is_one(shell: Shell) -> None:
    terminal = shell.provider.open_terminal(shell.id, None, 100, 40, None)
    try:
        terminal.write(b"stty size; echo $((40+2))-\n")
        seen = b""
        while b"\n42-" not in seen:
            more = terminal.read()
            assert more, seen
            seen += more
        assert b"40 100" in seen
        assert terminal.exit_code() is None
    finally:
        terminal.close()
    terminal.close()
    assert terminal.read() == b""


def test_a_terminal_ends_with_its_command(shell: Shell) -> None:
    terminal = shell.provider.open_terminal(shell.id, "echo over; exit 5", 80, 24, None)
    seen = b""
    while data := terminal.read():
        seen += data
    assert seen == b"over\r\n"
    assert terminal.exit_code() == 5
    terminal.close()
