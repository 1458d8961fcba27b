from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.vsphere import Vsphere, soap
from mistserver.providers.vsphere.machines import annotation, instance_uuid, mark_of, reading
from mistserver.providers.vsphere.settings import url

vim = soap.vim()


def told(**given: Any) -> dict[str, Any]:
    address = vim.net.IpConfigInfo.IpAddress
    config = vim.net.IpConfigInfo(
        ipAddress=[address(ipAddress=each, prefixLength=24) for each in ("192.0.2.7", "fe80::1", "2001:db8::7")]
    )
    cards = [
        vim.vm.GuestInfo.NicInfo(ipConfig=config, ipAddress=["192.0.2.7"]),
        vim.vm.GuestInfo.NicInfo(ipAddress=["10.0.0.7"]),
    ]
    summary = vim.vm.Summary.ConfigSummary(numCpu=2, memorySizeMB=2048, instanceUuid="an id")
    found = {
        "name": "web",
        "runtime.powerState": "poweredOn",
        "runtime.connectionState": "connected",
        "runtime.host": vim.HostSystem("host-1"),
        "guest.net": cards,
        "guest.ipAddress": "192.0.2.7",
        "summary.config": summary,
        "config.annotation": "a note\nmist-mark: job-0",
        "config.createDate": datetime(2026, 11, 25, tzinfo=UTC),
    }
    return found | given


def machine(**given: Any) -> Any:
    return reading(vim.VirtualMachine("vm-7"), told(**given), {"host-1": "domain-c1"})


def test_a_machine_is_read() -> None:
    found = machine()
    assert (found.external_id, found.name, found.state) == ("vm-7", "web", MachineState.RUNNING)
    assert found.public_ips == ("192.0.2.7", "2001:db8::7")
    assert found.private_ips == ("10.0.0.7",)
    assert (found.size, found.location, found.mark) == ("2-2048", "domain-c1", "job-0")
    assert found.created_at == datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("power", "connection", "state"),
    [
        ("poweredOff", "connected", MachineState.STOPPED),
        ("suspended", "connected", MachineState.SUSPENDED),
        ("poweredOn", "disconnected", MachineState.UNKNOWN),
        ("poweredOff", "inaccessible", MachineState.UNKNOWN),
    ],
)
def test_states(power: str, connection: str, state: MachineState) -> None:
    found = machine(**{"runtime.powerState": power, "runtime.connectionState": connection})
    assert found.state is state
    assert (Action.START in found.actions) == (state in (MachineState.STOPPED, MachineState.SUSPENDED))


def test_a_machine_that_tells_nothing_of_itself_is_still_there() -> None:
    found = reading(vim.VirtualMachine("vm-8"), {}, {})
    assert (found.name, found.state, found.size, found.mark) == ("vm-8", MachineState.UNKNOWN, None, None)


def test_a_mark_stands_in_a_line_of_its_own() -> None:
    assert mark_of(annotation("x-0")) == "x-0"
    assert mark_of("no mist-mark: here") is None
    assert instance_uuid("x-0") != instance_uuid("x-1")


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("vcenter.example", "https://vcenter.example:443"),
        ("vcenter.example:8443", "https://vcenter.example:8443"),
        ("https://vcenter.example/sdk", "https://vcenter.example:443"),
        ("2001:db8::1", "https://[2001:db8::1]:443"),
    ],
)
def test_an_address_is_taken_as_it_is_written(host: str, where: str) -> None:
    assert url(Vsphere.read_settings({"host": host, "username": "u", "password": "p"})) == where


@pytest.mark.parametrize("host", ["http://vcenter.example", "https://vcenter.example/x", "a b", "https://u:p@v"])
def test_what_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Vsphere.read_settings({"host": host, "username": "u", "password": "p"})
    assert caught.value.facts["field"] == "host"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"size": "big"}, "size"),
        ({"user_data": "x" * 50_000}, "user_data"),
        ({"extra": {"pool": "x"}}, "extra"),
    ],
)
def test_a_create_is_looked_at_before_any_call(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Vsphere.check_spec(MachineSpec(**{"name": "a", "mark": "m", "image": "t", **given}))
    assert caught.value.facts["field"] == field
