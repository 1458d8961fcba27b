"""Directories to and from machines: as one tar stream, which every machine with a shell can read and write."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from mistcli.text import warn
from mistclient import Machine
from mistclient.channel import PIECE_BYTES, STDERR, STDOUT, Channel, Frame
from mistclient.errors import MachineError, MachineLost

_NO_DIRECTORY = 66  # the exit code that says so
_SAID = 400


class _Outgoing:
    """What tarfile writes, into a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def write(self, data: bytes) -> int:
        for start in range(0, len(data), PIECE_BYTES):
            self._channel.write(data[start : start + PIECE_BYTES])
        return len(data)


class _Incoming:
    """What a command on a machine writes, for tarfile; `said` is the beginning of its errors."""

    def __init__(self, channel: Channel) -> None:
        self._frames: Iterator[Frame] = iter(channel)
        self._waiting = bytearray()
        self.said = b""

    def read(self, size: int) -> bytes:
        while len(self._waiting) < size and (frame := next(self._frames, None)) is not None:
            if frame.kind == STDOUT:
                self._waiting += frame.data
            elif frame.kind == STDERR:
                self.said = (self.said + frame.data)[:_SAID]
        piece = bytes(self._waiting[:size])
        del self._waiting[:size]
        return piece

    def drain(self) -> None:
        while self.read(PIECE_BYTES):
            pass


def upload(machine: Machine, source: Path, path: str, user: str | None) -> None:
    """`source` and all in it, as the directory `path`; what stands there already stays, but for files of one name.

    The stream is written to a file first and unpacked when it is whole. Links stay links; devices are left out.
    """
    packed = _beside(path)
    with Channel(machine, "put", path=packed, mode=0o600, user=user) as channel:
        with suppress(MachineLost):  # then the machine's last word, read below, says why
            with tarfile.open(fileobj=cast(IO[bytes], _Outgoing(channel)), mode="w|", format=tarfile.GNU_FORMAT) as tar:
                tar.add(source, ".", filter=_plain)
            channel.end_input()
        for _ in channel:
            pass
    there, file = _word(path), _word(packed)
    _must(machine, f"mkdir -p {there} && tar -xof {file} -C {there}; code=$?; rm -f {file}; exit $code", path, user)


def download(machine: Machine, path: str, target: Path, user: str | None) -> bool:
    """The directory `path` and all in it, as `target`; False when it is a file. Nothing is written outside `target`."""
    there = _word(path)
    looked = f"[ -e {there} ] || {{ echo 'there is nothing' >&2; exit 1; }}; [ -d {there} ] || exit {_NO_DIRECTORY}"
    script = f"{looked}; cd {there} && exec tar -cf - ."
    with Channel(machine, "command", command=_shell(script), user=user) as channel:
        channel.end_input()
        stream = _Incoming(channel)
        try:
            with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|", encoding="utf-8") as tar:
                _unpack(tar, target, machine)
        except tarfile.TarError as error:
            stream.drain()
            if channel.exit_code == 0:
                raise MachineLost(f"What {machine.name} sent of {path} is no tar stream: {error}.") from None
        stream.drain()
        if channel.exit_code == _NO_DIRECTORY:
            return False
        if channel.exit_code:
            raise _failed(machine, path, stream.said)
    return True


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _unpack(tar: tarfile.TarFile, target: Path, machine: Machine) -> None:
    target.mkdir(parents=True, exist_ok=True)
    root = target.resolve()
    for member in tar:
        place = _inside(root, member.name, machine)
        if member.isdir():
            place.mkdir(parents=True, exist_ok=True)
        elif member.isfile():
            _write(tar, member, place)
        elif member.issym() and _leads_out(PurePosixPath(member.name).parent / member.linkname):
            warn(f"The link {member.name} leads out of the directory, to {member.linkname}; it was left out.")
        elif member.issym():
            place.unlink(missing_ok=True)
            place.symlink_to(member.linkname)
        elif member.islnk():
            shutil.copy2(_inside(root, member.linkname, machine), place, follow_symlinks=False)


def _inside(root: Path, name: str, machine: Machine) -> Path:
    """Where a member goes. The machine may be hostile: neither names nor links lead out of the target."""
    place = root / os.path.normpath(name)
    if _leads_out(PurePosixPath(name)) or not (place == root or place.parent.resolve().is_relative_to(root)):
        raise MachineError(f"{machine.name} sent {name!r}, which leads out of the directory; the copy was broken off.")
    return place


def _leads_out(path: PurePosixPath) -> bool:
    return path.is_absolute() or os.path.normpath(path).split("/")[0] == ".."


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    """Beside its place first, so that neither half a file nor a link stands in its way."""
    content = tar.extractfile(member)
    part = place.with_name(f".{place.name[:200]}.{secrets.token_hex(4)}")
    try:
        with part.open("xb") as file:
            if content is not None:
                shutil.copyfileobj(content, file, PIECE_BYTES)
        part.chmod(member.mode & 0o777 & ~umask())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


def umask() -> int:
    present = os.umask(0o077)
    os.umask(present)
    return present


def _must(machine: Machine, script: str, path: str, user: str | None) -> None:
    with Channel(machine, "command", command=_shell(script), user=user) as channel:
        channel.end_input()
        stream = _Incoming(channel)
        stream.drain()
        if channel.exit_code:
            raise _failed(machine, path, stream.said)


def _failed(machine: Machine, path: str, said: bytes) -> MachineError:
    reason = " ".join(said.decode("utf-8", "replace").split()) or "no reason was given"
    return MachineError(f"{path} on {machine.name} cannot be copied: {reason}")


def _beside(path: str) -> str:
    trimmed = path.rstrip("/") or "/"
    folder = trimmed.rpartition("/")[0]
    lead = f"{folder}/" if folder or trimmed.startswith("/") else ""
    return f"{lead}.mist-{secrets.token_hex(4)}.tar"


def _shell(script: str) -> str:
    """For whatever login shell the user has."""
    return f"exec /bin/sh -c {shlex.quote(script)}"


def _word(path: str) -> str:
    """A path for a shell; it never looks like an option, and `~/` is the home."""
    if path in ("~", "~/", ""):
        return '"$HOME"'
    if path.startswith("~/"):
        return f'"$HOME"/{shlex.quote(path[2:])}'
    return shlex.quote(path if path.startswith("/") else f"./{path}")
