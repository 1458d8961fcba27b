"""Shells, files and forwarded sockets on a real machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat as modes
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from mistserver.domain.errors import InvalidInput, MachineError, MachineLost, NotFound, NotSupported
from mistserver.ssh import files
from mistserver.ssh.connection import Connection
from mistserver.ssh.forward import forward_tcp, forward_unix
from mistserver.ssh.pool import Pool
from mistserver.ssh.shell import Shell, open_shell
from tests.integration.ssh.kit import Bench, eventually, running, target
from tests.lab.sshd import Sshd, sshd


@pytest.fixture
async def connection(server: Sshd, pool: Pool) -> Connection:
    return await pool.connect(target(server))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder where the lab's user may write."""
    made = Path(tempfile.mkdtemp(prefix="mist-files-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def until(shell: Shell, word: bytes) -> bytes:
    seen = b""
    while word not in seen:
        piece = await asyncio.wait_for(shell.read(), 10)
        assert piece, seen
        seen += piece
    return seen


async def test_a_shell_on_a_terminal(connection: Connection) -> None:
    shell = await open_shell(connection, term="xterm", cols=91, rows=17)
    await shell.write(b"echo $TERM; stty size\n")
    await until(shell, b"xterm\r\n17 91\r\n")

    shell.resize(133, 44)
    await shell.write(b"stty size\n")
    await until(shell, b"44 133")
    await shell.write(b"exit 9\n")
    while await shell.read():
        pass

    assert await shell.wait() == 9


async def test_a_command_without_terminal_keeps_its_streams_apart(connection: Connection) -> None:
    shell = await open_shell(connection, "tr a-z A-Z; echo err >&2; exit 4", pty=False)
    await shell.write(b"loud")
    shell.write_eof()

    pieces = [piece async for piece in _pieces(shell)]

    assert b"".join(data for stream, data in pieces if stream == "stdout") == b"LOUD"
    assert b"".join(data for stream, data in pieces if stream == "stderr") == b"err\n"
    assert await shell.wait() == 4


@pytest.mark.parametrize("pty", [True, False])
async def test_closing_a_shell_ends_what_runs_in_it(connection: Connection, folder: Path, pty: bool) -> None:
    shell = await open_shell(connection, f"echo $$ > {folder}/pid; exec sleep 300", pty=pty)
    await eventually(lambda: (folder / "pid").exists() and bool((folder / "pid").read_text().strip()))
    pid = int((folder / "pid").read_text())

    shell.close()

    await eventually(lambda: not running(pid))
    await eventually(lambda: connection.link.sessions == 0)


async def test_a_shell_that_loses_its_connection(connection: Connection) -> None:
    shell = await open_shell(connection)

    connection.link.abort()

    with pytest.raises(MachineLost):
        await shell.wait()
    with pytest.raises(MachineLost):
        await shell.write(b"x")


@pytest.mark.parametrize("wrong", [{"cols": 0}, {"rows": 10**6}, {"term": "x; rm"}, {"command": "a\0b"}])
async def test_a_shell_refuses_what_makes_no_sense(connection: Connection, wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        await open_shell(connection, **wrong)  # type: ignore[arg-type]


async def test_a_file_there_and_back(connection: Connection, folder: Path) -> None:
    content = os.urandom(3_000_000)

    size = await files.put(connection, f"{folder}/a b'é", _chunks(content), 0o640)
    back = b"".join([piece async for piece in files.get(connection, f"{folder}/a b'é")])
    found = await files.stat(connection, f"{folder}/a b'é")

    assert size == len(content)
    assert back == content
    assert found == files.RemoteFile(len(content), 0o640, False)
    assert [path.name for path in folder.iterdir()] == ["a b'é"]


async def test_a_replaced_file_keeps_its_mode_and_a_link_stays_one(connection: Connection, folder: Path) -> None:
    await files.put(connection, f"{folder}/real", _chunks(b"old"), 0o600)
    (folder / "link").symlink_to(folder / "real")

    await files.put(connection, f"{folder}/link", _chunks(b"new"))

    assert (folder / "link").is_symlink()
    assert (folder / "real").read_bytes() == b"new"
    assert modes.S_IMODE((folder / "real").stat().st_mode) == 0o600


async def test_an_upload_that_breaks_off_leaves_the_old_file(connection: Connection, folder: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError("the sender is gone")

    await files.put(connection, f"{folder}/file", _chunks(b"old"))
    with pytest.raises(ValueError, match="gone"):
        await files.put(connection, f"{folder}/file", broken())

    assert (folder / "file").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["file"]


async def test_files_that_cannot_be_had(connection: Connection, folder: Path) -> None:
    with pytest.raises(NotFound, match="nothing-here"):
        await files.stat(connection, f"{folder}/nothing-here")
    with pytest.raises(MachineError, match="refused access to /etc/shadow"):
        [piece async for piece in files.get(connection, "/etc/shadow")]
    with pytest.raises(MachineError, match="refused access to /etc/mist"):
        await files.put(connection, "/etc/mist-test", _chunks(b""))
    with pytest.raises(InvalidInput, match="is a directory"):
        await files.put(connection, str(folder), _chunks(b""))
    with pytest.raises(InvalidInput, match="is a directory"):
        [piece async for piece in files.get(connection, str(folder))]
    with pytest.raises(InvalidInput):
        await files.stat(connection, "a\0b")


async def test_paths_start_at_home(connection: Connection) -> None:
    assert (await files.stat(connection, "~")).is_directory


async def test_a_machine_without_file_transfer(bench: Bench) -> None:
    with sshd(options={"Subsystem": "none /bin/false"}) as server, pytest.raises(NotSupported, match="offers no file"):
        await files.stat(await bench.pool().connect(target(server)), "/")


async def test_a_large_download_costs_little_memory(connection: Connection, folder: Path) -> None:
    size, process = 100_000_000, psutil.Process()
    with (folder / "large").open("wb") as file:
        file.truncate(size)
    (folder / "large").chmod(0o644)
    peak = before = process.memory_info().rss
    seen = 0

    async for piece in files.get(connection, f"{folder}/large"):
        seen += len(piece)
        peak = max(peak, process.memory_info().rss)

    assert seen == size
    assert peak - before < 40_000_000


async def test_a_remote_unix_socket_made_local(connection: Connection, folder: Path) -> None:
    listening = await asyncio.start_unix_server(_echo, folder / "remote")
    (folder / "remote").chmod(0o777)
    async with forward_unix(connection, f"{folder}/remote") as path:
        assert modes.S_IMODE(Path(path).parent.stat().st_mode) == 0o700
        answers = await asyncio.gather(*(_ask(path, n) for n in range(5)))
    listening.close()

    assert answers == [b"echo " + bytes([n]) * 200_000 for n in range(5)]
    assert not Path(path).parent.exists()


async def test_a_socket_that_is_not_there_is_an_error_at_once(connection: Connection, folder: Path) -> None:
    with pytest.raises(MachineError, match=f"a stream to the socket {folder}/none"):
        async with forward_unix(connection, f"{folder}/none"):
            pass
    with pytest.raises(InvalidInput):
        async with forward_unix(connection, "relative"):
            pass


async def test_a_port_beyond_the_machine_made_local(connection: Connection) -> None:
    listening = await asyncio.start_server(_echo, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with forward_tcp(connection, "127.0.0.1", port) as (host, local):
        reader, writer = await asyncio.open_connection(host, local)
        writer.write(b"x")
        writer.write_eof()
        answer = await reader.read()
        writer.close()
    listening.close()

    assert answer == b"echo x"
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect((host, local))


async def test_a_forward_keeps_its_connection_open(server: Sshd, bench: Bench, folder: Path) -> None:
    listening = await asyncio.start_unix_server(_echo, folder / "remote")
    (folder / "remote").chmod(0o777)
    connection = await bench.pool(idle_s=0.05).connect(target(server))
    async with forward_unix(connection, f"{folder}/remote") as path:
        _, writer = await asyncio.open_unix_connection(path)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.link.closed.wait(), 0.3)
        writer.close()
    listening.close()
    await asyncio.wait_for(connection.link.closed.wait(), 5)


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    data = await reader.read()
    if data:
        writer.write(b"echo " + data)
        await writer.drain()
    writer.close()


async def _ask(path: str, n: int) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(bytes([n]) * 200_000)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 700_000):
        yield data[start : start + 700_000]


async def _pieces(shell: Shell) -> AsyncIterator[tuple[str, bytes]]:
    while (piece := await shell.read_piece()) is not None:
        yield piece
