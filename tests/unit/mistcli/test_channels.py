"""Commands over a channel: ssh and cp."""

from __future__ import annotations

import io
import os
import stat
import sys
import tarfile
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mistcli import tree
from mistcli.commands import cp, ssh
from mistcli.commands.cp import Place, place
from mistclient.errors import InvalidInput, MachineError, MachineLost
from tests.support.channel_stub import Far, machine


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Makes stdin a pipe that holds some bytes and ends."""
    opened: list[Any] = []

    def give(data: bytes) -> None:
        reading, writing = os.pipe()
        os.write(writing, data)
        os.close(writing)
        opened.append(os.fdopen(reading))
        monkeypatch.setattr(sys, "stdin", opened[-1])

    yield give
    for file in opened:
        file.close()


def test_a_command_passes_bytes_and_its_exit_code_on(
    capsysbinary: pytest.CaptureFixture[bytes], typed: Callable[[bytes], None]
) -> None:
    asked: list[dict[str, Any]] = []

    def script(far: Far) -> None:
        assert far.hear_all() == b"\x00in"
        far.say(1, b"\xffout")
        far.say(2, b"err")
        far.control(exit_code=3)

    typed(b"\x00in")
    with machine(script, asked) as web:
        assert ssh.command(web, "cat", None) == 3

    assert asked == [{"purpose": "command", "command": "cat"}]
    assert capsysbinary.readouterr() == (b"\xffout", b"err")


def test_a_terminal_is_raw_while_it_is_open_and_as_before_afterwards(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = os.openpty()
    seen: list[Any] = []

    def script(far: Far) -> None:
        while termios.tcgetattr(theirs)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(ours, b"ls\r")
        seen.append(far.hear())
        far.say(1, b"\x1b[1mfiles\r\n")
        far.control(exit_code=0)

    with os.fdopen(theirs, closefd=False) as stdin, machine(script) as web:
        monkeypatch.setattr(sys, "stdin", stdin)
        before = termios.tcgetattr(theirs)
        assert ssh.terminal(web, None) == 0
        assert termios.tcgetattr(theirs) == before
        os.write(ours, b"\x04\n")

    assert seen == [(0, b"ls\r")]
    assert capsysbinary.readouterr().out == b"\x1b[1mfiles\r\n"


def test_uploading_keeps_the_mode(tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = []
    source = tmp_path / "run.sh"
    source.write_bytes(b"#!/bin/sh\n" * 20000)
    source.chmod(0o750)
    got: list[bytes] = []

    def script(far: Far) -> None:
        got.append(far.hear_all())
        far.control(exit_code=0)

    call = SimpleNamespace(args=SimpleNamespace(user=None))
    with machine(script, asked) as web:
        cp.upload(web, source, "/opt/run.sh", call)  # type: ignore[arg-type]

    assert got == [source.read_bytes()]
    assert asked == [{"purpose": "put", "path": "/opt/run.sh", "mode": 0o750}]


def test_downloading_replaces_the_file_at_the_end(tmp_path: Path) -> None:
    def script(far: Far) -> None:
        far.control(size=6, mode=0o100600)
        far.say(1, b"abc")
        far.say(1, b"def")
        far.control(exit_code=0)

    with machine(script) as web:
        cp.download(web, "/etc/hosts", tmp_path / "hosts", None)

    assert (tmp_path / "hosts").read_bytes() == b"abcdef"
    assert stat.S_IMODE((tmp_path / "hosts").stat().st_mode) == 0o600


def test_a_refused_upload_says_why(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(b"x" * 200_000)

    def script(far: Far) -> None:
        far.hear_all()
        far.control(error={"code": "invalid_input", "message": "/etc is a directory; name a file.", "details": {}})

    call = SimpleNamespace(args=SimpleNamespace(user=None))
    with machine(script) as web, pytest.raises(InvalidInput, match="is a directory"):
        cp.upload(web, source, "/etc", call)  # type: ignore[arg-type]


def test_a_broken_copy_leaves_nothing(tmp_path: Path) -> None:
    def script(far: Far) -> None:
        far.control(size=6)
        far.say(1, b"abc")

    with machine(script) as web, pytest.raises(MachineLost):
        cp.download(web, "/etc/hosts", tmp_path / "hosts", None)

    assert list(tmp_path.iterdir()) == []


def tar_of(*members: tuple[str, bytes, str]) -> bytes:
    """A stream of members: name, tar's type, content or where a link leads."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, kind, rest in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            content = rest.encode() if kind == tarfile.REGTYPE else b""
            member.size, member.linkname = len(content), "" if content else rest
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def sent(stream: bytes) -> Callable[[Far], None]:
    def script(far: Far) -> None:
        far.hear_all()
        far.say(1, stream)
        far.control(exit_code=0)

    return script


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", tarfile.REGTYPE, "x")],
        [("/tmp/mist-evil", tarfile.REGTYPE, "x")],
        [("a/../../evil", tarfile.REGTYPE, "x")],
        [("../evil", tarfile.DIRTYPE, "")],
        [("evil", tarfile.LNKTYPE, "../kept")],
    ],
)
def test_a_hostile_machine_writes_nothing_outside(members: list[tuple[str, bytes, str]], tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("kept\n")

    with machine(sent(tar_of(*members))) as web, pytest.raises(MachineError, match="leads out of the directory"):
        tree.download(web, "/srv", tmp_path / "in", None)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "kept"]
    assert list((tmp_path / "in").iterdir()) == []


def test_nothing_is_written_through_a_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/mine").symlink_to(tmp_path)
    hostile = tar_of(("mine/evil", tarfile.REGTYPE, "x"))
    leading_out = tar_of(
        ("up", tarfile.SYMTYPE, "../.."), ("file", tarfile.REGTYPE, "x"), ("node", tarfile.CHRTYPE, "")
    )

    with machine(sent(hostile)) as web, pytest.raises(MachineError, match="leads out"):
        tree.download(web, "/srv", tmp_path / "in", None)
    with machine(sent(leading_out)) as web:
        assert tree.download(web, "/srv", tmp_path / "in", None)

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "in", "mine"]
    assert "The link up leads out of the directory" in capsys.readouterr().err


def test_what_is_no_tar_stream_is_said(tmp_path: Path) -> None:
    with machine(sent(b"Welcome!\n" * 100)) as web, pytest.raises(MachineLost, match="no tar stream"):
        tree.download(web, "/srv", tmp_path / "in", None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web:/etc/hosts", Place("web", "/etc/hosts")),
        ("web:", Place("web", "")),
        ("./a:b", Place(None, "./a:b")),
        ("/tmp/a:b", Place(None, "/tmp/a:b")),
        ("file", Place(None, "file")),
        (":x", Place(None, ":x")),
    ],
)
def test_which_side_a_place_is_on(text: str, meant: Place) -> None:
    assert place(text) == meant
