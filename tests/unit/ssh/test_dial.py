from __future__ import annotations

import asyncio
import socket

import pytest

from mistserver.domain.errors import MachineUnreachable
from mistserver.ssh.dial import dial
from mistserver.ssh.target import Target


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_an_address_is_not_looked_up(family: int, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = refuse_look_ups(monkeypatch)

    async def greeted(listening: socket.socket) -> int:
        port = listening.getsockname()[1]
        server = await asyncio.start_server(lambda _, writer: writer.write(b"SSH-2.0-lab\r\n"), sock=listening)
        async with server:
            with await dial(Target("o", address, port, ("root",), ()), timeout_s=30) as sock:
                return sock.family

    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.bind((address, 0))

        assert asyncio.run(greeted(listening)) == family
    assert looked_up == []


@pytest.mark.parametrize("host", ["web1.example", "fe80::1%eth0"])
def test_a_name_and_an_address_in_a_zone_are_looked_up(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = refuse_look_ups(monkeypatch)

    with pytest.raises(MachineUnreachable):
        asyncio.run(dial(Target("o", host, 22, ("root",), ()), timeout_s=30))

    assert looked_up == [host]


def refuse_look_ups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every look-up fails from now on; the hosts that were asked for."""
    asked: list[str] = []

    async def refuse(loop: object, host: str, *rest: object, **named: object) -> object:
        asked.append(host)
        raise socket.gaierror("no such host")

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", refuse)
    return asked
