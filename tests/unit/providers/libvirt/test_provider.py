from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Account, CommandResult
from mistserver.providers.libvirt import Libvirt, link
from mistserver.providers.libvirt.machines import HYPERVISOR

SPEC = MachineSpec(
    name="web-1", mark="mark-1", image="kernel", size="1-64", extra={"kernel": "/vmlinuz", "initrd": "/initrd"}
)


def test_the_hypervisor_stands_beside_its_guests(simulated: Libvirt) -> None:
    hypervisor, guest = simulated.list_machines()
    assert hypervisor.extra["hypervisor"] is True
    assert hypervisor.actions == (Action.REBOOT,)
    assert (hypervisor.ssh_host, hypervisor.ssh_port) == ("10.0.0.1", 22)
    assert (guest.name, guest.state, guest.size) == ("test", MachineState.RUNNING, "2-2048")
    assert guest.private_ips == ("192.168.122.3",)
    assert guest.mark is None


def test_networks_sizes_and_location_are_listed(simulated: Libvirt) -> None:
    network = simulated.list_networks()[0]
    assert (network.id, network.status, network.subnets[0]["cidr"]) == ("default", "active", "192.168.122.0/24")
    assert [size.id for size in simulated.list_sizes()] == ["1-512", "1-1024", "1-2048", "2-2048"]
    assert simulated.list_locations()[0].id == simulated.list_machines()[0].name


def test_creating_twice_with_one_mark_makes_one_machine(simulated: Libvirt) -> None:
    made = simulated.create(SPEC)
    assert simulated.create(SPEC).external_id == made.external_id
    found = simulated.find_marked("mark-1")
    assert found is not None
    assert (found.external_id, found.mark, found.name) == (made.external_id, "mark-1", "web-1")
    assert len(simulated.list_machines()) == 3
    simulated.destroy(made.external_id)
    assert simulated.find_marked("mark-1") is None


def test_a_guest_that_was_cut_off_before_its_first_start_is_started_when_it_is_looked_for(simulated: Libvirt) -> None:
    made = simulated.create(SPEC)
    domain = simulated._connection.lookupByUUIDString(made.external_id)
    simulated.stop(made.external_id)
    assert _found(simulated).state is MachineState.STOPPED  # it was started once, and stopped by its user
    pending = domain.XMLDesc(0).replace('mark="mark-1"', 'mark="mark-1" pending="yes"')
    simulated._connection.defineXML(pending)
    assert _found(simulated).state is MachineState.RUNNING
    simulated.stop(made.external_id)
    assert _found(simulated).state is MachineState.STOPPED
    simulated.destroy(made.external_id)


def test_a_taken_name_is_refused_and_nothing_is_made(simulated: Libvirt) -> None:
    with pytest.raises(errors.AlreadyExists, match="'test'"):
        simulated.create(MachineSpec(name="test", mark="m", image="kernel", extra={"kernel": "/k"}))
    assert len(simulated.list_machines()) == 2


def test_actions_may_be_asked_twice(simulated: Libvirt) -> None:
    id = simulated.create(SPEC).external_id
    try:
        for action, state in ((simulated.stop, MachineState.STOPPED), (simulated.start, MachineState.RUNNING)):
            action(id)
            action(id)
            assert _read(simulated, id).state is state
    finally:
        simulated.destroy(id)
        simulated.destroy(id)


def test_a_paused_guest_is_resumed_by_start(simulated: Libvirt) -> None:
    id = simulated.list_machines()[1].external_id
    simulated._connection.lookupByUUIDString(id).suspend()
    assert _read(simulated, id).state is MachineState.PAUSED
    assert Action.START in _read(simulated, id).actions
    simulated.start(id)
    assert _read(simulated, id).state is MachineState.RUNNING


def test_only_a_stopped_guest_is_resized(simulated: Libvirt) -> None:
    id = simulated.create(SPEC).external_id
    try:
        with pytest.raises(errors.Conflict, match="stop it first"):
            simulated.resize(id, "2-128")
        simulated.stop(id)
        with pytest.raises(errors.InvalidInput):
            simulated.resize(id, "2-128-10")
        simulated.resize(id, "2-128")
        assert _read(simulated, id).size == "2-128"
    finally:
        simulated.destroy(id)


@pytest.mark.parametrize("id", ["0", "nothing", "6695eb01-f6a4-8304-79aa-97f2502e193e", "", "'; reboot"])
def test_unknown_ids_are_not_found_and_destroying_them_is_no_error(simulated: Libvirt, id: str) -> None:
    assert simulated.read_machine(id) is None
    simulated.destroy(id)
    for action in (simulated.start, simulated.stop, simulated.reboot):
        with pytest.raises(errors.ProviderNotFound):
            action(id)


def test_the_hypervisor_can_only_be_rebooted(simulated: Libvirt) -> None:
    refused: list[Callable[[str], None]] = [simulated.start, simulated.stop, simulated.destroy]
    for action in refused:
        with pytest.raises(errors.NotSupported, match="only be rebooted"):
            action(HYPERVISOR)


class FakeSsh:
    """Answers commands with an exit code; forwards lead to sockets that do not exist."""

    def __init__(self, exit_code: int = 0) -> None:
        self.exit_code = exit_code
        self.calls: list[tuple[Any, ...]] = []

    def run(self, *call: Any) -> CommandResult:
        self.calls.append(call)
        return CommandResult(exit_code=self.exit_code, stdout=b"", stderr=b"")

    @contextmanager
    def forward_socket(self, *call: Any) -> Any:
        self.calls.append(call)
        raise errors.MachineAuthFailed("10.0.0.1 refused the key.")
        yield ""


def test_the_hypervisor_is_rebooted_over_ssh() -> None:
    settings = Libvirt.read_settings({"machine_hostname": "10.0.0.1", "machine_key": "k", "machine_user": "ops"})
    ssh = FakeSsh()
    Libvirt(Account(settings=settings, ssh=ssh)).reboot(HYPERVISOR)  # type: ignore[arg-type]
    assert ssh.calls[0][:4] == ("10.0.0.1", 22, "ops", "k")
    assert ssh.calls[0][4].startswith("sudo -n true && ")
    with pytest.raises(errors.Conflict, match="may not reboot"):
        Libvirt(Account(settings=settings, ssh=FakeSsh(1))).reboot(HYPERVISOR)  # type: ignore[arg-type]


def test_a_refused_key_is_a_refused_backend() -> None:
    settings = Libvirt.read_settings({"machine_hostname": "10.0.0.1", "machine_key": "k"})
    provider = Libvirt(Account(settings=settings, ssh=FakeSsh()))  # type: ignore[arg-type]
    with pytest.raises(errors.ProviderAuthFailed, match="refused the key"):
        provider.open()
    provider.close()


def test_nobody_at_the_tcp_port_is_said_with_the_way_out() -> None:
    settings = Libvirt.read_settings({"machine_hostname": "127.0.0.1", "tcp_port": 1})
    provider = Libvirt(Account(settings=settings))
    with pytest.raises(errors.ProviderUnreachable, match=r"port 1 on 127.0.0.1 .* give a key"):
        provider.open()
    provider.close()


def test_the_second_socket_is_tried_when_the_first_does_not_answer() -> None:
    def absent() -> None:
        raise errors.ProviderUnreachable("first")

    assert link._first([absent, lambda: "connection"]) == "connection"
    with pytest.raises(errors.ProviderUnreachable, match="first"):
        link._first([absent, absent])


def _read(provider: Libvirt, id: str) -> MachineReading:
    reading = provider.read_machine(id)
    assert reading is not None
    return reading


def _found(provider: Libvirt) -> MachineReading:
    reading = provider.find_marked("mark-1")
    assert reading is not None
    return reading
