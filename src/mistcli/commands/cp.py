"""Copying files to and from machines, through the service."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from mistcli import select, tree
from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import printed
from mistcli.parser import CommandParser, UsageError
from mistcli.text import note
from mistcli.tree import umask
from mistclient import Machine
from mistclient.channel import CONTROL, PIECE_BYTES, STDOUT, Channel
from mistclient.errors import MachineLost


class Place(NamedTuple):
    """A file here (`machine` None) or on a machine."""

    machine: str | None
    path: str


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("source", nargs="+", help="PATH here, or MACHINE:PATH")
    parser.add_argument("target", help="PATH here, or MACHINE:PATH; a directory with a / at its end")
    parser.add_argument("--recursive", "-r", action="store_true", help="directories, with all that is in them")
    parser.add_argument("--user", "-l", help="sign in as this user")


def place(text: str) -> Place:
    """`web:/etc/hosts` is on the machine web; what has a slash before its first colon, or no colon, is here."""
    machine, colon, path = text.partition(":")
    if not colon or "/" in machine or not machine:
        return Place(None, text)
    return Place(machine, path)


def cp(call: Call) -> int | None:
    sources = [place(text) for text in call.args.source]
    target = place(call.args.target)
    here = [source for source in sources if source.machine is None]
    if target.machine is None and here:
        raise UsageError("one side has to be on a machine: MACHINE:PATH")
    if target.machine is not None and len(here) != len(sources):
        raise UsageError("one side has to be here: copy from one machine to the other by way of a local file")
    if target.machine is not None:
        machine = Machine(call.client, select.find(call, "machine", target.machine, "change"))
        copied = [_send(call, machine, source.path, target.path, len(sources)) for source in sources]
    else:
        copied = [_fetch(call, source, target.path, len(sources)) for source in sources]
    if target.path != "-":
        printed(call.args, copied)
    return None


def _send(call: Call, machine: Machine, source: str, path: str, several: int) -> dict[str, str]:
    here, name = Path(source).expanduser(), _remote_name(path, source, several)
    if here.is_dir() and not call.args.recursive:
        raise UsageError(f"{source} is a directory; -r copies it")
    if here.is_dir():
        tree.upload(machine, here, name, call.args.user)
        note(f"{here}/ -> {machine.name}:{name}/")
    else:
        upload(machine, here, name, call)
    return {"source": str(here), "target": f"{machine.name}:{name}"}


def _fetch(call: Call, source: Place, path: str, several: int) -> dict[str, str]:
    machine = Machine(call.client, select.find(call, "machine", str(source.machine), "change"))
    name = _local_name(path, source.path, several)
    if call.args.recursive and path != "-" and tree.download(machine, source.path, name, call.args.user):
        note(f"{machine.name}:{source.path}/ -> {name}/")
    else:
        download(machine, source.path, name, call.args.user)
    return {"source": f"{machine.name}:{source.path}", "target": str(name)}


def upload(machine: Machine, source: Path, path: str, call: Call) -> None:
    with source.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        with Channel(machine, "put", path=path, mode=mode, user=call.args.user) as channel:
            with suppress(MachineLost):  # then the machine's last word, read below, says why
                while piece := file.read(PIECE_BYTES):
                    channel.write(piece)
                channel.end_input()
            for _ in channel:
                pass
    note(f"{source} -> {machine.name}:{path}")


def download(machine: Machine, path: str, target: Path, user: str | None) -> None:
    """Into a file beside the target first, so that a broken copy never stands under its name; with the same mode."""
    with Channel(machine, "get", path=path, user=user) as channel:
        if str(target) == "-":
            _receive(channel, sys.stdout.buffer)
            return
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                mode = _receive(channel, file)
                os.fchmod(file.fileno(), mode & 0o777 & ~umask())
            beside.replace(target)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
    note(f"{machine.name}:{path} -> {target}")


def _receive(channel: Channel, file: BinaryIO) -> int:
    """Write what comes; the file's mode on the machine."""
    expected: int | None = None
    received, mode = 0, 0o666
    for frame in channel:
        if frame.kind == STDOUT:
            received += file.write(frame.data)
        elif frame.kind == CONTROL:
            if "size" in frame.control:
                expected = int(frame.control["size"])
                mode = int(frame.control.get("mode") or mode)
            if frame.control.get("eof"):
                break
    if expected is not None and received < expected:
        raise MachineLost(f"The copy broke off after {received} of {expected} bytes.")
    return mode


def _remote_name(path: str, source: str, several: int) -> str:
    if path in ("", ".") or path.endswith("/") or several > 1:
        return f"{path.rstrip('/')}/{Path(source).name}" if path not in ("", ".") else Path(source).name
    return path


def _local_name(path: str, source: str, several: int) -> Path:
    target = Path(path).expanduser()
    if path != "-" and (target.is_dir() or path.endswith("/") or several > 1):
        return target / Path(source).name
    return target


COMMANDS = {
    "cp": Command(
        _arguments,
        cp,
        "mist cp ./site.conf web:/etc/nginx/",
        "mist cp web:/var/log/syslog .",
        "mist cp -r ./site web:/var/www/",
    ),
}
