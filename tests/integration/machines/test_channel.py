"""Terminals, commands and files through a channel, over SSH and through a provider."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mistserver.domain.account import Role, Scope, Token
from mistserver.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, NotSignedIn
from mistserver.domain.ids import new_id
from mistserver.domain.machine import Machine, MachineState
from mistserver.services.machines import frames, terminal
from mistserver.services.machines.channel import Channel
from mistserver.services.machines.terminal import IssueTicket
from mistserver.store import tickets, tokens, users
from tests.support.small_service import NOW, Small


@dataclass
class Heard:
    """Everything that came through a channel."""

    out: bytes = b""
    err: bytes = b""
    told: dict[str, Any] = field(default_factory=dict)

    def take(self, frame: bytes) -> None:
        if frame[0] == frames.CONTROL:
            self.told |= msgspec.json.decode(frame[1:])
        elif frame[0] == frames.STDOUT:
            self.out += frame[1:]
        else:
            self.err += frame[1:]


@asynccontextmanager
async def opened(small: Small, machine: Machine, purpose: Any, **asked: Any) -> AsyncIterator[Channel]:
    issued = await terminal.issue_ticket(small.ctx, small.actor, machine.id, IssueTicket(purpose=purpose, **asked))
    channel = await terminal.open(small.ctx, issued.ticket)
    try:
        yield channel
    finally:
        await channel.close()


async def typed(channel: Channel, text: bytes) -> None:
    await channel.send(frames.data(frames.STDIN, text))


async def ended(channel: Channel) -> Heard:
    heard = Heard()
    async with asyncio.timeout(30):
        while (frame := await channel.receive()) is not None:
            heard.take(frame)
    return heard


async def until(channel: Channel, text: bytes) -> bytes:
    heard = Heard()
    async with asyncio.timeout(30):
        while text not in heard.out:
            frame = await channel.receive()
            assert frame is not None, heard
            heard.take(frame)
    return heard.out


@pytest.fixture(params=["machine", "here"])
def either(request: pytest.FixtureRequest, small: Small) -> Machine:
    """A machine over SSH, and one through its provider."""
    found: Machine = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def drop() -> Iterator[Path]:
    """A folder that every user may write to."""
    folder = Path(tempfile.mkdtemp(prefix="mist-drop-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


async def test_a_terminal_is_a_terminal_and_ends_with_its_exit_code(small: Small, either: Machine) -> None:
    async with opened(small, either, "terminal", cols=91, rows=17) as channel:
        await typed(channel, b"stty size; echo do''ne\n")
        first = await until(channel, b"done\r\n")
        await channel.send(frames.control(resize={"cols": 40, "rows": 10}))
        await typed(channel, b"stty size; echo aga''in\n")
        second = await until(channel, b"again\r\n")
        await typed(channel, b"exit 7\n")
        heard = await ended(channel)

    assert b"17 91" in first
    assert b"10 40" in second
    assert heard.told == {"exit_code": 7}


async def test_a_command_has_streams_apart_input_and_an_exit_code(small: Small, either: Machine) -> None:
    async with opened(small, either, "command", command="cat; echo oops >&2; exit 3") as channel:
        await typed(channel, b"one ")
        await typed(channel, b"two\n")
        await channel.send(frames.control(eof=True))
        heard = await ended(channel)

    assert (heard.out, heard.err, heard.told) == (b"one two\n", b"oops\n", {"exit_code": 3})
    kinds = {event.kind: event for event in small.events()}
    assert kinds["channel.opened"].details["command"] == "cat; echo oops >&2; exit 3"
    assert kinds["channel.closed"].details["exit_code"] == 3


async def test_a_file_goes_there_and_comes_back(small: Small, either: Machine, drop: Path) -> None:
    path, content = drop / "it's $(here)", bytes(range(256)) * 5000

    async with opened(small, either, "put", path=str(path), mode=0o640) as channel:
        for start in range(0, len(content), 65536):
            await typed(channel, content[start : start + 65536])
        await channel.send(frames.control(eof=True))
        sent = await ended(channel)
    async with opened(small, either, "get", path=str(path)) as channel:
        got = await ended(channel)

    assert sent.told == {"size": len(content), "exit_code": 0}
    assert path.stat().st_mode & 0o777 == 0o640
    assert got.out == content
    assert (got.told["size"], got.told["exit_code"]) == (len(content), 0)
    assert [file.name for file in drop.iterdir()] == [path.name]


async def test_a_copy_that_breaks_off_leaves_nothing(small: Small, either: Machine, drop: Path) -> None:
    path = drop / "file"

    async with opened(small, either, "put", path=str(path)) as channel:
        await typed(channel, b"half")

    assert not path.exists()


@pytest.mark.parametrize("path", ["/nowhere/at/all", "/etc"])
async def test_what_cannot_be_copied_says_why(small: Small, either: Machine, path: str) -> None:
    async with opened(small, either, "get", path=path) as channel:
        heard = await ended(channel)

    assert path in heard.told["error"]["message"]
    assert small.events("channel.closed")[0].outcome == "failed"


async def test_closing_a_channel_ends_its_command(small: Small, either: Machine, drop: Path) -> None:
    told = drop / "told"
    # dash says that its child was ended, and would itself be ended by saying it to nobody
    text = f"exec 2>/dev/null; trap 'echo ended >{told}; exit 0' TERM HUP; echo begun; while :; do sleep 0.1; done"

    async with opened(small, either, "command", command=text) as channel:
        await channel.send(frames.control(eof=True))
        await until(channel, b"begun")

    async with asyncio.timeout(15):
        while not told.exists():
            await asyncio.sleep(0.05)


async def test_a_ticket_is_good_once(small: Small, machine: Machine) -> None:
    issued = await terminal.issue_ticket(small.ctx, small.actor, machine.id, IssueTicket(purpose="terminal"))
    channel = await terminal.open(small.ctx, issued.ticket)
    await channel.close()

    with pytest.raises(NotSignedIn):
        await terminal.open(small.ctx, issued.ticket)
    with pytest.raises(NotSignedIn):
        await terminal.open(small.ctx, "guessed")
    assert issued.url.endswith(issued.ticket)


async def test_a_ticket_ends_after_a_minute(small: Small, machine: Machine) -> None:
    issued = await terminal.issue_ticket(small.ctx, small.actor, machine.id, IssueTicket(purpose="terminal"))
    hash = small.ctx.vault.keyed_hash("ticket", issued.ticket)

    assert small.write(tickets.take, hash, issued.expires_at) is None
    assert issued.expires_at - small.ctx.now() <= timedelta(seconds=60)


async def test_a_revoked_token_closes_its_channel(
    small: Small, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "ALLOWED_EVERY_S", 0.1)
    token = Token(
        id=new_id(), user_id=small.actor.user_id, name="t", scope=Scope.OPERATE, kind="token", created_at=NOW,
        expires_at=None, last_used_at=None,
    )  # fmt: skip
    small.write(tokens.insert, token, small.actor.account_id, "hash")
    actor = msgspec.structs.replace(small.actor, token_id=token.id)
    issued = await terminal.issue_ticket(small.ctx, actor, machine.id, IssueTicket(purpose="terminal"))
    channel = await terminal.open(small.ctx, issued.ticket)
    await typed(channel, b"echo be''gun\n")
    await until(channel, b"begun")

    small.write(tokens.delete, token.id)
    heard = await ended(channel)
    await channel.close()

    assert heard.told["error"]["code"] == "forbidden"


async def test_a_ticket_of_a_user_who_is_gone_is_worth_nothing(small: Small, machine: Machine) -> None:
    issued = await terminal.issue_ticket(small.ctx, small.actor, machine.id, IssueTicket(purpose="terminal"))
    user = small.read(users.get, small.actor.account_id, small.actor.user_id)
    small.write(users.update, msgspec.structs.replace(user, role=Role.VIEWER))

    with pytest.raises(NotSignedIn):
        await terminal.open(small.ctx, issued.ticket)


async def test_only_who_may_and_only_what_can_be_meant(small: Small, machine: Machine) -> None:
    off = small.add_machine(small.add_backend(), "off", state=MachineState.STOPPED)
    shell = IssueTicket(purpose="terminal")

    with pytest.raises(Forbidden):
        await terminal.issue_ticket(small.ctx, small.as_role(Role.VIEWER, Scope.READ), machine.id, shell)
    with pytest.raises(NotFound):
        await terminal.issue_ticket(small.ctx, small.as_stranger(), machine.id, shell)
    with pytest.raises(Conflict):
        await terminal.issue_ticket(small.ctx, small.actor, off.id, shell)
    for wrong in (
        IssueTicket(purpose="command"),
        IssueTicket(purpose="terminal", command="true"),
        IssueTicket(purpose="get"),
        IssueTicket(purpose="put", path="a\0b"),
        IssueTicket(purpose="terminal", cols=0),
        IssueTicket(purpose="put", path="x", mode=-1),
        IssueTicket(purpose="terminal", user="-oProxyCommand=x"),
    ):
        with pytest.raises(InvalidInput):
            await terminal.issue_ticket(small.ctx, small.actor, machine.id, wrong)


async def test_a_frame_that_is_none_breaks_the_channel_with_a_reason(small: Small, machine: Machine) -> None:
    async with opened(small, machine, "terminal") as channel:
        await channel.send(b"\x09what")
        heard = await ended(channel)

    assert heard.told["error"]["code"] == "invalid_input"
