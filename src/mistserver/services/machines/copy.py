"""Files to and from a machine: by SFTP, or through the provider where it runs commands itself."""

from __future__ import annotations

import posixpath
import secrets
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass

from mistserver.domain.errors import InvalidInput, MachineError
from mistserver.domain.names import visible
from mistserver.services.context import Context
from mistserver.services.machines import exec_way
from mistserver.services.machines.channel import Channel
from mistserver.services.machines.execute import Captured
from mistserver.services.machines.orders import Order, Outcome
from mistserver.services.machines.reach import ExecWay, SshWay, connect
from mistserver.ssh import files

_LONGEST_PATH = 4096
_PIECE = 8 * 1024 * 1024
_PIECE_S = 600.0
_DAY_S = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file on a machine. `mode` are the permission bits of a new file; None leaves them to the machine."""

    path: str
    mode: int | None
    user: str | None


def clean_path(path: str | None) -> str:
    """A path as given; relative ones, and `~/`, start at the user's home."""
    if not path or "\0" in path or len(path) > _LONGEST_PATH:
        raise InvalidInput("A path has 1 to 4096 characters and no NUL.", field="path")
    return path


async def get(ctx: Context, way: SshWay | ExecWay, place: Place, channel: Channel) -> int:
    """Tell size and mode, then the content."""
    if isinstance(way, ExecWay):
        return await _get_by_exec(ctx, way, place, channel)
    connection = await connect(ctx, way)
    found = await files.stat(connection, place.path)
    if found.is_directory:
        raise InvalidInput(f"{visible(place.path)} is a directory; name a file.", field="path")
    await channel.tell(size=found.size_bytes, mode=found.mode)
    async for data in files.get(connection, place.path):
        await channel.emit("stdout", data)
    return 0


async def put(ctx: Context, way: SshWay | ExecWay, place: Place, channel: Channel) -> int:
    """Write what comes as a whole file, or nothing when it does not come to its end."""
    if isinstance(way, ExecWay):
        size = await _put_by_exec(ctx, way, place, channel)
    else:
        connection = await connect(ctx, way)
        size = await files.put(connection, place.path, _content(channel), place.mode)
    await channel.tell(size=size)
    return 0


async def _content(channel: Channel) -> AsyncIterator[bytes]:
    async for message in channel.incoming():
        if isinstance(message, bytes):
            yield message


async def _get_by_exec(ctx: Context, way: ExecWay, place: Place, channel: Channel) -> int:
    path = _word(place.path)
    looked, said = await _run(
        ctx, way, place, f'[ ! -d {path} ] || {{ echo "it is a directory" >&2; exit 1; }}; wc -c <{path}'
    )
    if not looked.ok or not said.text().strip().isdigit():
        raise _failed(way, place, said)
    await channel.tell(size=int(said.text()))
    trouble = Captured()

    async def take(stream: str, data: bytes) -> None:
        if stream == "stdout":
            await channel.emit(stream, data)
        else:
            trouble.take(stream, data)

    order = Order(text=f"cat <{path}", user=place.user, timeout_s=_DAY_S)
    done = await exec_way.execute(ctx, way, order, take)
    if not done.ok:
        raise _failed(way, place, trouble)
    return 0


async def _put_by_exec(ctx: Context, way: ExecWay, place: Place, channel: Channel) -> int:
    """In pieces into a file beside the target, which then takes its place."""
    target = _word(place.path)
    folder, base = posixpath.split(place.path)
    part = _word(posixpath.join(folder, f".{base[:200]}.{secrets.token_hex(4)}"))
    size, started = 0, False
    try:
        async for piece in _pieces(channel):
            start = (
                ""
                if started
                else f"[ ! -d {target} ] || {{ echo 'it is a directory' >&2; exit 1; }}; umask 077; : >{part} && "
            )
            await _must(ctx, way, place, f"{start}cat >>{part}", piece)
            started = True
            size += len(piece)
        mode = f"{place.mode:o}" if place.mode is not None else f"$(stat -c %a {target} 2>/dev/null || echo 644)"
        await _must(ctx, way, place, f"chmod {mode} {part} && mv -f {part} {target}")
    except BaseException:
        if started:
            await _run(ctx, way, place, f"rm -f {part}")
        raise
    return size


async def _pieces(channel: Channel) -> AsyncIterator[bytes]:
    """The content in pieces of about 8 MiB; an empty file is one empty piece."""
    waiting, any_yet = bytearray(), False
    async for data in _content(channel):
        waiting += data
        if len(waiting) >= _PIECE:
            any_yet = True
            yield bytes(waiting)
            waiting.clear()
    if waiting or not any_yet:
        yield bytes(waiting)


async def _must(ctx: Context, way: ExecWay, place: Place, text: str, stdin: bytes = b"") -> None:
    done, said = await _run(ctx, way, place, text, stdin)
    if not done.ok:
        raise _failed(way, place, said)


async def _run(ctx: Context, way: ExecWay, place: Place, text: str, stdin: bytes = b"") -> tuple[Outcome, Captured]:
    said = Captured(limit=4096)
    order = Order(text=text, stdin=stdin, user=place.user, timeout_s=_PIECE_S)
    return await exec_way.execute(ctx, way, order, said.take), said


def _failed(way: ExecWay, place: Place, said: Captured) -> MachineError:
    reason = visible(said.text("stderr").strip()[-200:]) or "no reason was given"
    return MachineError(f"{visible(place.path)} on {way.machine.name} cannot be copied: {reason}.", path=place.path)


def _word(path: str) -> str:
    """A path for a shell; it never looks like an option, and `~/` is the home."""
    if path in ("~", "~/"):
        return '"$HOME"'
    if path.startswith("~/"):
        return f'"$HOME"/{shlex.quote(path[2:])}'
    return shlex.quote(path if path.startswith("/") else f"./{path}")
