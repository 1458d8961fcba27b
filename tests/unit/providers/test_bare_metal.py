"""A single server: what it is called, what is asked of it over SSH, and what its answers mean."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineState
from mistserver.providers.bare_metal import BareMetal
from mistserver.providers.base import Account, CommandResult
from tests.lab.faults import silence


class Wire:
    """Stands for the SSH connections: remembers what was run, answers what it was told to."""

    def __init__(self, answer: CommandResult | errors.MistError | None = None) -> None:
        self.ran: list[tuple[Any, ...]] = []
        self._answer = answer or CommandResult(0, b"", b"")

    def run(self, *asked: Any) -> CommandResult:
        self.ran.append(asked)
        if isinstance(self._answer, errors.MistError):
            raise self._answer
        return self._answer

    def forward_socket(self, *asked: Any) -> Any:
        raise AssertionError(asked)

    @contextmanager
    def jump(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        yield host, port


def server(wire: Wire, timeout_s: float = 1.0, **given: Any) -> BareMetal:
    settings = BareMetal.read_settings({"machine_ip": "127.0.0.1", **given})
    return BareMetal(Account(settings=settings, ssh=wire, timeout_s=timeout_s))


@contextmanager
def greeting(words: bytes) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(words)

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def test_it_is_known_by_its_name_without_dots() -> None:
    machine = server(Wire(), machine_ip="db.example.test").list_machines()[0]
    assert (machine.external_id, machine.name) == ("dbexampletest", "db.example.test")
    assert BareMetal.default_name(BareMetal.read_settings({"machine_ip": "db.example.test"}), None) == "db.example.test"


@pytest.mark.parametrize(
    ("words", "state"), [(b"SSH-2.0-x\r\n", "running"), (b"HTTP/1.1 400\r\n", "unknown"), (b"", "unknown")]
)
def test_it_runs_when_an_ssh_server_speaks(words: bytes, state: str) -> None:
    with greeting(words) as port:
        assert server(Wire(), machine_port=port).list_machines()[0].state == state


def test_silence_is_no_sign_of_life() -> None:
    with silence() as port:
        machine = server(Wire(), 0.2, machine_port=port).list_machines()[0]
    assert machine.state is MachineState.UNKNOWN
    assert machine.actions == ()
    assert (machine.ssh_host, machine.ssh_port) == ("127.0.0.1", port)


def test_a_check_runs_a_command_as_the_given_user() -> None:
    wire = Wire()
    server(wire, machine_user="admin", machine_key="K").check()
    assert wire.ran == [("127.0.0.1", 22, "admin", "K", "true", 1.0)]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (errors.MachineAuthFailed("no"), errors.ProviderAuthFailed),
        (errors.MachineUnreachable("no"), errors.ProviderUnreachable),
        (errors.MachineTimeout("no"), errors.ProviderTimeout),
        (errors.HostKeyChanged("no"), errors.HostKeyChanged),
        (CommandResult(1, b"", b"denied"), errors.ProviderRejected),
        (CommandResult(None, b"", b"", timed_out=True), errors.ProviderTimeout),
    ],
)
def test_a_failed_check_says_why(told: Any, kind: type[errors.MistError]) -> None:
    with pytest.raises(kind):
        server(Wire(told)).check()


def test_a_reboot_asks_for_sudo_unless_root() -> None:
    wire = Wire()
    server(wire, machine_user="admin").reboot("127001")
    assert wire.ran[0][4] == "sudo -n true"
    assert "sudo -n reboot" in wire.ran[1][4]
    wire = Wire()
    server(wire).reboot("127001")
    assert "sudo" not in wire.ran[0][4]


def test_another_machine_is_not_rebooted() -> None:
    wire = Wire()
    with pytest.raises(errors.ProviderNotFound):
        server(wire).reboot("127002")
    assert wire.ran == []


@pytest.mark.parametrize("given", [{"machine_ip": "-oProxyCommand=x"}, {"machine_user": "$(x)"}, {"machine_ip": "a b"}])
def test_what_could_be_an_option_or_a_command_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        BareMetal.read_settings({"machine_ip": "h", **given})


def test_addresses_are_told_by_kind() -> None:
    machine = server(Wire(), 0.2, machine_ip="::1").list_machines()[0]
    assert (machine.public_ips, machine.private_ips) == ((), ("::1",))
