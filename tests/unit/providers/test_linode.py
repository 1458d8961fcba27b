"""Linode's rules, and what a create says."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.linode import Linode
from mistserver.providers.linode.readings import reading
from tests.lab.clouds.linode import TOKEN, LinodeCloud, refusal
from tests.lab.stand_in import Reply

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFU me"


def spec(**changes: Any) -> MachineSpec:
    given = {"name": "web", "mark": "m", "image": "linode/debian13", "size": "g6-nanode-1", "location": "us-east"}
    return MachineSpec(**{**given, **changes})


@pytest.fixture
def cloud() -> Iterator[LinodeCloud]:
    with LinodeCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: LinodeCloud) -> Iterator[Linode]:
    provider = Linode(Account(settings=Linode.read_settings({"api_key": TOKEN}), endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


@pytest.mark.parametrize("name", ["abc", "a" * 64, "Web-1.example_org", "1-2"])
def test_a_good_name_passes(name: str) -> None:
    Linode.check_spec(spec(name=name))


@pytest.mark.parametrize("name", ["ab", "a" * 65, "-ab", "ab.", "a--b", "a__b", "a..b", "a b c", "müller", "abc\n"])
def test_a_name_that_linode_refuses_is_refused_with_its_rule(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="3 to 64 letters") as caught:
        Linode.check_spec(spec(name=name))
    assert caught.value.facts["field"] == "name"


@pytest.mark.parametrize(
    "changes",
    [
        {"size": None},
        {"location": None},
        {"tags": ("ab",)},
        {"tags": ("x" * 51,)},
        {"user_data": "x" * 16385},
        {"networks": ("12", "13", "vlan:x")},
        {"networks": ("not/one",)},
        {"networks": ("vlan:a--b",)},
        {"extra": {"stackscript": 1}},
        {"extra": {"private_ip": "yes"}},
        {"extra": {"interface_generation": "new"}},
        {"extra": {"disk": "big"}},
    ],
)
def test_what_linode_would_refuse_is_refused_before_any_call(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        Linode.check_spec(spec(**changes))


def test_everything_asked_for_is_in_the_call(provider: Linode, cloud: LinodeCloud) -> None:
    provider.create(
        spec(public_key=KEY, user_data="#!/bin/sh", tags=("blue",), location="0", extra={"disk": "9000", "kernel": "k"})
    )
    (sent,) = cloud.created
    assert (sent["label"], sent["region"], sent["tags"]) == ("web", "us-east", ["mist-mark:m", "blue"])
    assert sent["authorized_keys"] == [KEY]
    assert base64.b64decode(sent["metadata"]["user_data"]) == b"#!/bin/sh"
    assert (sent["boot_size"], sent["kernel"]) == (9000, "k")
    assert "interfaces" not in sent


def test_roots_password_is_another_each_time_and_nowhere_else(provider: Linode, cloud: LinodeCloud) -> None:
    machines = [provider.create(spec(name=name, mark=name)) for name in ("one", "two")]
    first, second = (each["root_pass"] for each in cloud.created)
    assert first != second
    assert len(first) >= 40
    assert not any(password in repr(machines) for password in (first, second))


@pytest.mark.parametrize(
    ("networks", "extra", "interfaces"),
    [
        (
            ("12/35", "vlan:wire"),
            {},
            [
                {"purpose": "public", "primary": True},
                {"purpose": "vpc", "subnet_id": 35},
                {"purpose": "vlan", "label": "wire"},
            ],
        ),
        (
            ("13", "vlan:wire"),
            {"interface_generation": "linode", "firewall_id": 7},
            [
                {"public": {}, "default_route": {"ipv4": True, "ipv6": True}, "firewall_id": 7},
                {"vpc": {"subnet_id": 36}},
                {"vlan": {"vlan_label": "wire"}},
            ],
        ),
    ],
)
def test_networks_become_interfaces(
    provider: Linode, cloud: LinodeCloud, networks: tuple[str, ...], extra: dict[str, Any], interfaces: list[Any]
) -> None:
    provider.create(spec(networks=networks, extra=extra))
    (sent,) = cloud.created
    assert sent["interfaces"] == interfaces
    assert sent["interface_generation"] == extra.get("interface_generation", "legacy_config")
    assert "firewall_id" not in sent


def test_a_vpc_with_several_subnets_asks_which(provider: Linode, cloud: LinodeCloud) -> None:
    with pytest.raises(errors.InvalidInput, match="12/34, 12/35"):
        provider.create(spec(networks=("12",)))
    with pytest.raises(errors.ProviderNotFound, match="no VPC 99"):
        provider.create(spec(networks=("99",)))
    assert cloud.created == []


def test_networks_are_listed_with_the_ids_that_a_create_takes(provider: Linode) -> None:
    listed = provider.list_networks()
    assert [network.id for network in listed] == ["12", "13", "vlan:wire"]
    assert [subnet["id"] for subnet in listed[0].subnets] == ["12/34", "12/35"]


def test_a_busy_machine_may_be_told_again(provider: Linode, cloud: LinodeCloud) -> None:
    machine = provider.create(spec())
    busy = cloud.refusing("POST", ".*/shutdown", refusal(400, "Linode busy."))
    with busy, pytest.raises(errors.ProviderRateLimited, match=r"in a moment: Linode busy\.") as caught:
        provider.stop(machine.external_id)
    assert caught.value.retryable


def test_a_tag_keeps_the_mark(provider: Linode, cloud: LinodeCloud) -> None:
    id = provider.create(spec()).external_id
    provider.add_tag(id, "blue")
    assert cloud.linodes[int(id)]["tags"] == ["mist-mark:m", "blue"]
    with pytest.raises(errors.InvalidInput, match="3 to 50 characters"):
        provider.add_tag(id, "x")


def test_a_filter_that_was_not_heeded_finds_nobody_else(provider: Linode, cloud: LinodeCloud) -> None:
    cloud.fill(3)
    everything = Reply(200, {"data": list(cloud.linodes.values()), "page": 1, "pages": 1})
    with cloud.refusing("GET", "/v4/linode/instances", everything):
        assert provider.find_marked("m") is None


def test_odd_machines_are_read(cloud: LinodeCloud) -> None:
    cloud.fill(1)
    (linode,) = cloud.linodes.values()
    assert reading({**linode, "status": "levitating"}).state is MachineState.UNKNOWN
    bare = {"id": 1, "label": "x", "status": "offline", "ipv4": [], "ipv6": None, "image": None}
    assert (reading(bare).public_ips, reading(bare).created_at) == ((), None)
