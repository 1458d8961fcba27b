"""Where a Docker engine is, in all the ways to say it; and containers as machines."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.docker import Docker
from mistserver.providers.docker.address import address
from mistserver.providers.docker.create import check_spec
from mistserver.providers.docker.machines import reading


def where(host: str, endpoint: str | None = None, **given: Any) -> str:
    return address(Docker.read_settings({"docker_host": host, **given}), endpoint).url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("10.0.0.1", "http://10.0.0.1:4243"),
        ("fd00::1", "http://[fd00::1]:4243"),
        ("[fd00::1]", "http://[fd00::1]:4243"),
        ("docker.test:2375", "http://docker.test:2375"),
        ("tcp://docker.test:2375", "http://docker.test:2375"),
        ("https://docker.test:2376", "https://docker.test:2376"),
        ("/run/docker.sock", "unix:///run/docker.sock"),
        ("unix:///run/docker.sock", "unix:///run/docker.sock"),
        ("ssh://me@docker.test", "ssh://me@docker.test:22"),
    ],
)
def test_a_host_is_understood(host: str, url: str) -> None:
    assert where(host) == url


def test_certificates_mean_tls() -> None:
    assert where("10.0.0.1", ca_file="x").startswith("https://")
    assert where("tcp://10.0.0.1:2376", ca_file="x") == "https://10.0.0.1:2376"


def test_an_endpoint_stands_in_for_the_host() -> None:
    assert where("10.0.0.1", "https://proxy.test") == "https://proxy.test:443"


@pytest.mark.parametrize(
    "host", ["ftp://x", "http://x:99999", "-oProxyCommand=x", "a b", "ssh://-x@h", "http://", "x;y"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput):
        where(host)


def test_a_key_without_its_certificate_is_refused() -> None:
    with pytest.raises(InvalidInput, match="cert_file is missing"):
        Docker.read_settings({"docker_host": "h", "key_file": "k"})


def container(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "c" * 64,
        "Names": ["/other/alias", "/web"],
        "State": "running",
        "Image": "debian",
        "Created": 1,
        **changes,
    }


def test_a_published_port_22_is_where_ssh_is() -> None:
    there = address(Docker.read_settings({"docker_host": "10.0.0.1"}))
    ports = [
        {"IP": "::", "PrivatePort": 22, "PublicPort": 32768, "Type": "tcp"},
        {"IP": "0.0.0.0", "PrivatePort": 22, "PublicPort": 32768, "Type": "tcp"},
        {"PrivatePort": 80, "Type": "tcp"},
    ]
    machine = reading(container(Ports=ports), there)
    assert (machine.name, machine.ssh_host, machine.ssh_port) == ("web", "10.0.0.1", 32768)
    assert machine.public_ips == ("10.0.0.1",)


def test_a_port_published_to_the_host_alone_cannot_be_reached_from_elsewhere() -> None:
    ports = [{"IP": "127.0.0.1", "PrivatePort": 22, "PublicPort": 2222, "Type": "tcp"}]
    far = address(Docker.read_settings({"docker_host": "10.0.0.1"}))
    here = address(Docker.read_settings({"docker_host": "/run/docker.sock"}))
    assert reading(container(Ports=ports), far).ssh_port is None
    assert reading(container(Ports=ports), here).ssh_port == 2222


@pytest.mark.parametrize(
    ("theirs", "state", "possible"),
    [
        ("exited", MachineState.STOPPED, Action.START),
        ("paused", MachineState.PAUSED, Action.START),
        ("running", MachineState.RUNNING, Action.REBOOT),
        ("dead", MachineState.ERROR, Action.DESTROY),
    ],
)
def test_states_are_mapped(theirs: str, state: MachineState, possible: Action) -> None:
    machine = reading(container(State=theirs), address(Docker.read_settings({"docker_host": "h"})))
    assert machine.state is state
    assert possible in machine.actions


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "-x"},
        {"name": "a b"},
        {"name": "x"},
        {"image": ""},
        {"extra": {"privileged": True}},
        {"extra": {"command": "unclosed '"}},
        {"extra": {"ports": ["99999999"]}},
        {"extra": {"ports": {"22": "x"}}},
        {"extra": {"environment": ["=x"]}},
    ],
)
def test_what_docker_would_refuse_is_refused_before(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_spec(MachineSpec(**{"name": "web", "mark": "m", "image": "debian", **changes}))
