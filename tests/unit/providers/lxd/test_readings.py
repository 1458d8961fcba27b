from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mistserver.domain.machine import Action, MachineState
from mistserver.providers.lxd.commands import _LastLine
from mistserver.providers.lxd.machines import amount, reading, size_of, tag_key


def instance(**given: Any) -> dict[str, Any]:
    card = {"type": "broadcast", "host_name": "veth1", "addresses": []}
    four = {"family": "inet", "address": "203.0.113.9", "scope": "global"}
    six = {"family": "inet6", "address": "fd42::9", "scope": "global"}
    link = {"family": "inet6", "address": "fe80::1", "scope": "link"}
    network = {"lo": {"type": "loopback", "addresses": []}, "eth0": {**card, "addresses": [four, six, link]}}
    told = {
        "name": "web",
        "status": "Running",
        "type": "container",
        "config": {"user.mist-mark": "m", tag_key("a b"): "a b", "user.mine": "x", "user.user-data": "secret?"},
        "expanded_config": {"limits.cpu": "2", "limits.memory": "2GiB"},
        "created_at": "2026-11-25T03:36:59.464226219Z",
        "location": "none",
        "state": {"network": network},
    }
    return {**told, **given}


def test_an_instance_is_read() -> None:
    machine = reading(instance())
    assert (machine.public_ips, machine.private_ips) == (("203.0.113.9",), ("fd42::9",))
    assert (machine.size, machine.location, machine.mark, machine.tags) == ("2-2048", None, "m", ("a b",))
    assert machine.created_at == datetime(2026, 11, 25, 3, 36, 59, 464226, tzinfo=UTC)
    assert machine.extra["config"] == {"user.mine": "x"}
    assert Action.RESIZE in machine.actions


def test_a_running_virtual_machine_is_not_resized() -> None:
    assert Action.RESIZE not in reading(instance(type="virtual-machine")).actions


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Frozen", MachineState.PAUSED),
        ("Stopped", MachineState.STOPPED),
        ("Error", MachineState.ERROR),
        ("Starting", MachineState.PENDING),
        ("Something new", MachineState.UNKNOWN),
    ],
)
def test_states(status: str, state: MachineState) -> None:
    assert reading(instance(status=status, state=None)).state is state


@pytest.mark.parametrize(
    ("limits", "size"),
    [
        ({"limits.cpu": "2", "limits.memory": "512MiB"}, "2-512"),
        ({"limits.cpu": "2", "limits.memory": "1GB"}, "2-953"),
        ({"limits.cpu": "0-3", "limits.memory": "512MiB"}, None),
        ({"limits.cpu": "2", "limits.memory": "50%"}, None),
        ({"limits.cpu": "2"}, None),
    ],
)
def test_sizes(limits: dict[str, str], size: str | None) -> None:
    assert size_of(limits) == size


def test_amounts() -> None:
    assert (amount("1024"), amount("2 KiB"), amount("3zz"), amount(None)) == (1024, 2048, None, None)


@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_the_last_line_is_cut_wherever_the_output_breaks(piece: int) -> None:
    line = _LastLine()
    whole = b"out " + line.word[:5].encode() + b" more" + f"{line.word} 3\n".encode() + b"later"
    kept = b"".join(line.cut(whole[at : at + piece], ended=False) for at in range(0, len(whole), piece))
    assert (kept, line.code) == (b"out " + line.word[:5].encode() + b" morelater", 3)


def test_output_that_ends_without_it_is_kept() -> None:
    line = _LastLine()
    assert line.cut(line.word[:9].encode(), ended=False) == b""
    assert line.cut(b"", ended=True) == line.word[:9].encode()
    assert line.code is None
