from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistserver.providers.libvirt.gate import Gate


@pytest.fixture
def far() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def through(gate: Gate) -> socket.socket:
    near = socket.socket(socket.AF_UNIX)
    near.settimeout(10)
    near.connect(gate.path)
    return near


def test_bytes_pass_both_ways(far: tuple[socket.socket, socket.socket]) -> None:
    gate = Gate(far[0])
    with through(gate) as near:
        near.sendall(b"question")
        assert far[1].recv(100) == b"question"
        far[1].sendall(b"answer")
        assert near.recv(100) == b"answer"
        far[1].close()
        assert near.recv(100) == b""
    gate.close()


def test_a_silent_peer_is_given_up_when_the_time_is_over(far: tuple[socket.socket, socket.socket]) -> None:
    gate = Gate(far[0])
    with through(gate) as near:
        gate.shut_after(0.01)
        assert near.recv(100) == b""
    gate.close()


def test_closing_leaves_nothing_behind(far: tuple[socket.socket, socket.socket]) -> None:
    gate = Gate(far[0])
    folder = Path(gate.path).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    gate.close()
    gate.close()
    assert not folder.exists()
