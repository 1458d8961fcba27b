"""Commands on a real machine: what they leave behind, and that nothing of them is left when we stop waiting."""

from __future__ import annotations

import asyncio
import gc
import getpass
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mistserver.domain.errors import InvalidInput, MachineLost, TooLarge
from mistserver.ssh.command import run
from mistserver.ssh.pool import Pool
from mistserver.ssh.script import wrap
from tests.integration.ssh.kit import eventually, running, target
from tests.lab.sshd import Sshd, sudo_allowed

NASTY = "a'b\"c\\d$(echo no)`echo no`!e\tf\ng é \U0001f600 %s -n *"


@pytest.fixture
def marks() -> Iterator[Path]:
    """A folder where commands of the lab's user may write."""
    folder = Path(tempfile.mkdtemp(prefix="mist-marks-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def pids(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in folder.glob("*.pid") if path.read_text().strip()]


async def started(folder: Path, count: int) -> list[int]:
    await eventually(lambda: len(pids(folder)) == count)
    return pids(folder)


async def test_exit_code_and_both_streams(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), "echo out; echo err >&2; exit 7", timeout_s=5)

    assert (result.exit_code, result.signal, result.timed_out) == (7, None, False)
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")
    assert (result.stdout_bytes, result.stderr_bytes) == (4, 4)


async def test_the_signal_that_ended_a_command(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), "kill -SEGV $$", timeout_s=5)

    assert (result.exit_code, result.signal) == (None, "SEGV")


@pytest.mark.parametrize("stdin", [b"", b"plain\n", bytes(range(256)), b"\\c%s\\0" * 9000], ids=len)
async def test_input_arrives_byte_for_byte(server: Sshd, pool: Pool, stdin: bytes) -> None:
    result = await run(await pool.connect(target(server)), "cat", stdin=stdin, timeout_s=20)

    assert result.stdout == stdin


async def test_a_command_that_reads_none_of_its_input(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), "echo ok", stdin=b"x" * 300_000, timeout_s=20)

    assert (result.stdout, result.exit_code) == (b"ok\n", 0)


async def test_any_text_can_be_an_argument(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), f"printf %s '{NASTY.replace(chr(39), '')}'", timeout_s=5)

    assert result.stdout.decode() == NASTY.replace("'", "")


async def test_output_that_is_not_text(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), r"printf '\377\000\n'", timeout_s=5)

    assert result.stdout == b"\xff\x00\n"


async def test_a_large_command_and_one_that_is_too_large(server: Sshd, pool: Pool) -> None:
    connection = await pool.connect(target(server))

    result = await run(connection, f"echo {'x' * 900_000} | wc -c", timeout_s=10)

    assert result.stdout.strip() == b"900001"
    with pytest.raises(TooLarge):
        await run(connection, "x" * 1_200_000, timeout_s=5)
    with pytest.raises(InvalidInput):
        await run(connection, "a\0b", timeout_s=5)


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "tcsh", "fish", "busybox"])
def test_every_login_shell_runs_it_alike(shell: str) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    script = wrap(f"printf %s {_quoted(NASTY)}; cat; exit 3", stdin=b"in\0put")
    argv = [path, *(["sh"] if shell == "busybox" else []), "-c", script.line]

    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(script.payload)
    process.stdin.flush()
    output = process.stdout.read()

    assert process.wait() == 3
    assert output == NASTY.encode() + b"in\0put"
    process.stdin.close()
    process.stdout.close()


async def test_output_is_kept_up_to_a_limit_and_counted_beyond(server: Sshd, pool: Pool) -> None:
    seen = 0

    def count(stream: str, data: bytes) -> None:
        nonlocal seen
        seen += len(data)

    connection = await pool.connect(target(server))
    result = await run(connection, "head -c 5000000 /dev/zero", timeout_s=20, on_output=count, output_limit=1000)

    assert (len(result.stdout), result.stdout_bytes, seen) == (1000, 5_000_000, 5_000_000)


async def test_output_comes_while_the_command_runs(server: Sshd, pool: Pool, marks: Path) -> None:
    async def answer(stream: str, data: bytes) -> None:
        (marks / "seen").touch()

    command = f"echo first; while ! test -e {marks}/seen; do sleep 0.05; done; echo second"
    result = await run(await pool.connect(target(server)), command, timeout_s=10, on_output=answer)

    assert result.stdout == b"first\nsecond\n"


async def test_slow_readers_of_a_flood_cost_little_memory(server: Sshd, pool: Pool) -> None:
    process, peak = psutil.Process(), 0

    async def slow(stream: str, data: bytes) -> None:
        nonlocal peak
        await asyncio.sleep(0.0005)
        peak = max(peak, process.memory_info().rss)

    connections = [await pool.connect(target(server, owner=f"flood{n}")) for n in range(5)]
    await run(connections[0], "true", timeout_s=5)
    gc.collect()
    peak = before = process.memory_info().rss

    flood = "head -c 30000000 /dev/zero"
    results = await asyncio.gather(
        *(run(one, flood, timeout_s=60, on_output=slow, output_limit=0) for one in connections)
    )

    assert [result.stdout_bytes for result in results] == [30_000_000] * 5
    assert peak - before < 40_000_000


async def test_a_command_waits_on_an_open_session_for_what_must_come_first(
    server: Sshd, pool: Pool, marks: Path
) -> None:
    first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    connection = await pool.connect(target(server))
    task = asyncio.create_task(run(connection, f"touch {marks}/ran", timeout_s=20, after=first))
    await eventually(lambda: connection.link.sessions == 1)
    assert not (marks / "ran").exists()

    first.set_result(None)

    assert (await task).exit_code == 0
    assert (marks / "ran").exists()


async def test_a_command_is_never_sent_when_what_must_come_first_fails(server: Sshd, pool: Pool, marks: Path) -> None:
    first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    connection = await pool.connect(target(server))
    task = asyncio.create_task(run(connection, f"touch {marks}/ran", timeout_s=20, after=first))
    await eventually(lambda: connection.link.sessions == 1)

    first.set_exception(InvalidInput("not written"))

    with pytest.raises(InvalidInput, match="not written"):
        await task
    await eventually(lambda: connection.link.sessions == 0)
    assert not (marks / "ran").exists()


STUBBORN = "trap '' TERM; echo $$ > {0}/a.pid; (trap '' TERM; sh -c 'echo $$ > {0}/b.pid; sleep 300'); true"
MEEK = "echo $$ > {0}/a.pid; sh -c 'echo $$ > {0}/b.pid; sleep 300'; true"


@pytest.mark.parametrize("command", [MEEK, STUBBORN], ids=["meek", "stubborn"])
async def test_a_time_out_ends_the_whole_process_group(server: Sshd, pool: Pool, marks: Path, command: str) -> None:
    result = await run(await pool.connect(target(server)), command.format(marks), timeout_s=1.0)

    assert result.timed_out
    assert result.exit_code is None
    for pid in await started(marks, 2):
        await eventually(lambda pid=pid: not running(pid))  # type: ignore[misc]


async def test_what_was_said_before_the_time_out_is_kept(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), "echo early; sleep 60", timeout_s=0.5)

    assert (result.timed_out, result.stdout) == (True, b"early\n")


async def test_cancelling_ends_the_whole_process_group(server: Sshd, pool: Pool, marks: Path) -> None:
    connection = await pool.connect(target(server))
    task = asyncio.create_task(run(connection, MEEK.format(marks), timeout_s=60))
    found = await started(marks, 2)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    for pid in found:
        await eventually(lambda pid=pid: not running(pid))  # type: ignore[misc]
    await eventually(lambda: connection.link.sessions == 0)


async def test_a_lost_connection_ends_the_whole_process_group(server: Sshd, pool: Pool, marks: Path) -> None:
    connection = await pool.connect(target(server))
    task = asyncio.create_task(run(connection, MEEK.format(marks), timeout_s=60))
    found = await started(marks, 2)

    connection.link.abort()

    with pytest.raises(MachineLost, match=f"{server.host}:{server.port}"):
        await task
    for pid in found:
        await eventually(lambda pid=pid: not running(pid))  # type: ignore[misc]


async def test_a_service_started_by_a_command_lives_on(server: Sshd, pool: Pool, marks: Path) -> None:
    command = f"(echo $BASHPID; exec sleep 30) >/dev/null 2>&1 & echo $! > {marks}/a.pid; echo up"
    connection = await pool.connect(target(server))

    result = await run(connection, command, timeout_s=10)
    await eventually(lambda: connection.link.sessions == 0)

    (pid,) = pids(marks)
    assert (result.stdout, running(pid)) == (b"up\n", True)
    await run(connection, f"kill {pid}", timeout_s=5)


async def test_a_child_that_keeps_the_output_open_does_not_hold_the_result(
    server: Sshd, pool: Pool, marks: Path
) -> None:
    connection = await pool.connect(target(server))

    result = await run(connection, f"sleep 30 & echo $! > {marks}/a.pid; echo up", timeout_s=20)

    assert (result.stdout, result.exit_code, result.timed_out) == (b"up\n", 0, False)
    await run(connection, f"kill {pids(marks)[0]}", timeout_s=5)


async def test_waiting_for_children_sees_none_of_ours(server: Sshd, pool: Pool) -> None:
    result = await run(await pool.connect(target(server)), "true & wait; echo waited", timeout_s=5)

    assert result.stdout == b"waited\n"


async def test_sudo_runs_as_root_and_ends_as_root(server: Sshd, pool: Pool, marks: Path) -> None:
    with sudo_allowed(server.user):
        connection = await pool.connect(target(server))
        who = await run(connection, "id -u; cat", sudo=True, stdin=b"said", timeout_s=10)
        ended = await run(connection, MEEK.format(marks), sudo=True, timeout_s=1.5)

        assert who.stdout == b"0\nsaid"
        assert ended.timed_out
        for pid in await started(marks, 2):
            await eventually(lambda pid=pid: not running(pid))  # type: ignore[misc]


async def test_sudo_that_would_ask_for_a_password_fails_at_once(server: Sshd, pool: Pool) -> None:
    if shutil.which("sudo") is None or server.user == getpass.getuser():
        pytest.skip("needs sudo (apt-get install sudo) and another user than this one")

    result = await run(await pool.connect(target(server)), "id -u", sudo=True, timeout_s=10)

    assert result.exit_code == 1
    assert b"password" in result.stderr


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
