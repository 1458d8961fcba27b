"""Files on a machine by SFTP, streamed in either direction with little memory."""

from __future__ import annotations

import contextlib
import posixpath
import secrets
import stat as modes
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from mistserver.domain.errors import InvalidInput, MachineError, NotFound, NotSupported
from mistserver.ssh import trouble
from mistserver.ssh.target import Target

if TYPE_CHECKING:
    import asyncssh

    from mistserver.ssh.connection import Connection

CHUNK = 1024 * 1024
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class RemoteFile:
    size_bytes: int
    mode: int  # permission bits
    is_directory: bool


async def stat(connection: Connection, path: str) -> RemoteFile:
    """What is at `path`, links followed; NotFound when nothing is."""
    async with _sftp(connection, path) as (client, name):
        return _described(await client.stat(name))


async def get(connection: Connection, path: str) -> AsyncIterator[bytes]:
    """The content of a file, in pieces of at most 1 MiB."""
    async with _sftp(connection, path) as (client, name):
        if _described(await client.stat(name)).is_directory:
            raise InvalidInput(f"{trouble.clipped(path)} is a directory; name a file.", field="path")
        async with client.open(name, "rb") as file:
            while data := await file.read(CHUNK):
                yield cast(bytes, data)


async def put(connection: Connection, path: str, chunks: AsyncIterator[bytes], mode: int | None = None) -> int:
    """Write a file whole or not at all; its size. Without `mode` an existing file keeps its own, a new one is 0644."""
    async with _sftp(connection, path) as (client, name):
        name, before = await _resolved(client, name)
        if before is not None and before.is_directory:
            raise InvalidInput(f"{trouble.clipped(path)} is a directory; name a file in it.", field="path")
        folder, base = posixpath.split(name)
        part = posixpath.join(folder, f".{base[:200]}.{secrets.token_hex(4)}")
        try:
            size = await _write(client, part, chunks)
            await client.chmod(part, mode if mode is not None else before.mode if before else 0o644)
            await client.posix_rename(part, name)
        except BaseException:
            with contextlib.suppress(Exception):
                await client.remove(part)
            raise
        return size


async def _write(client: asyncssh.SFTPClient, part: str, chunks: AsyncIterator[bytes]) -> int:
    import asyncssh

    flags = asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_EXCL
    size = 0
    async with client.open(part, flags, asyncssh.SFTPAttrs(permissions=0o600), encoding=None) as file:
        async for data in chunks:
            for start in range(0, len(data), CHUNK):
                size += await file.write(data[start : start + CHUNK])
    return size


async def _resolved(client: asyncssh.SFTPClient, name: str) -> tuple[str, RemoteFile | None]:
    """Where `name` leads through links, and what is there: a link stays a link when its file is replaced."""
    import asyncssh

    try:
        found = _described(await client.stat(name))
    except asyncssh.SFTPNoSuchFile:
        return name, None
    real = await client.realpath(name)
    return (real if isinstance(real, str) else name), found


@asynccontextmanager
async def _sftp(connection: Connection, path: str) -> AsyncIterator[tuple[asyncssh.SFTPClient, str]]:
    """A session and the path as it understands it; the library's errors become ours."""
    import asyncssh

    name, target = _clean(path), connection.target
    async with AsyncExitStack() as stack:
        try:
            client = await connection.sftp(stack)
        except MachineError as error:
            if "Session request failed" in error.message:
                raise NotSupported(f"{target.where} offers no file transfer (SFTP).") from None
            raise
        try:
            yield client, name
        except asyncssh.SFTPError as error:
            raise _mapped(error, target, path) from None
        except (asyncssh.Error, OSError):
            raise trouble.lost(target, "a file was transferred") from None


def _mapped(error: asyncssh.SFTPError, target: Target, path: str) -> Exception:
    import asyncssh

    shown = trouble.clipped(path)
    if isinstance(error, asyncssh.SFTPNoSuchFile | asyncssh.SFTPNoSuchPath):
        return NotFound(f"There is no {shown} on {target.where}.", noun="file", host=target.host, port=target.port)
    if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
        return trouble.lost(target, f"{shown} was transferred")
    return trouble.denied(target, f"access to {shown}", error.reason)


def _clean(path: str) -> str:
    """A path as given, `~/` being the user's home, where relative paths start too."""
    if not path or "\x00" in path or len(path) > _LONGEST_PATH:
        raise InvalidInput("A path has 1 to 4096 characters and no NUL.", field="path")
    if path in ("~", "~/"):
        return "."
    return path.removeprefix("~/")


def _described(attributes: asyncssh.SFTPAttrs) -> RemoteFile:
    permissions = attributes.permissions or 0
    return RemoteFile(attributes.size or 0, modes.S_IMODE(permissions), modes.S_ISDIR(permissions))
