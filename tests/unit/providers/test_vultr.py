"""Vultr's rules, what a create says, and how its three kinds of state are read."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.vultr import Vultr
from mistserver.providers.vultr.readings import reading, source
from tests.lab.clouds.vultr import KEY, SNAPSHOT, VPC, VultrCloud, refusal

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFU me"


def spec(**changes: Any) -> MachineSpec:
    given = {"name": "web", "mark": "m", "image": "2625", "size": "vc2-1c-1gb", "location": "ams"}
    return MachineSpec(**{**given, **changes})


@pytest.fixture
def cloud() -> Iterator[VultrCloud]:
    with VultrCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: VultrCloud) -> Iterator[Vultr]:
    provider = Vultr(Account(settings=Vultr.read_settings({"api_key": KEY}), endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_everything_asked_for_is_in_the_call(provider: Vultr, cloud: VultrCloud) -> None:
    extra = {"backups": True, "firewall_group_id": "f"}
    wanted = spec(location="new jersey", user_data="#!/bin/sh", tags=("blue",), networks=(VPC["id"],), extra=extra)
    Vultr.check_spec(wanted)
    machine = provider.create(wanted)
    (sent,) = cloud.created
    assert (sent["label"], sent["hostname"], sent["region"]) == ("web", "web", "ewr")
    assert sent["tags"] == ["mist-mark:m", "blue"]
    assert base64.b64decode(sent["user_data"]) == b"#!/bin/sh"
    assert (sent["attach_vpc"], sent["backups"], sent["firewall_group_id"]) == ([VPC["id"]], "enabled", "f")
    assert (machine.state, machine.mark, machine.tags) == (MachineState.PENDING, "m", ("blue",))
    assert machine.public_ips == ("2001:db8:5001:1d:5400:2ff:fe56:aaaa",)


def test_a_name_that_is_no_host_name_is_the_label_alone(provider: Vultr, cloud: VultrCloud) -> None:
    provider.create(spec(name="my web server"))
    (sent,) = cloud.created
    assert sent["label"] == "my web server"
    assert "hostname" not in sent


def test_a_key_is_brought_once(provider: Vultr, cloud: VultrCloud) -> None:
    for name in ("one", "two"):
        provider.create(spec(name=name, public_key=PUBLIC, key_name="mine"))
    assert [(key["name"], key["ssh_key"]) for key in cloud.keys] == [("mine", PUBLIC)]
    assert [sent["sshkey_id"] for sent in cloud.created] == [["key-0"], ["key-0"]]


def test_the_password_that_vultr_makes_is_shown_nowhere(provider: Vultr) -> None:
    assert "kB1" not in repr(provider.create(spec()))
    assert "novnc" not in repr(provider.list_machines())


@pytest.mark.parametrize(
    ("image", "sent"),
    [
        ("2625", {"os_id": 2625}),
        (str(SNAPSHOT["id"]), {"snapshot_id": SNAPSHOT["id"]}),
        ("openlitespeed", {"image_id": "openlitespeed"}),
        ("\u0661", {"image_id": "\u0661"}),
    ],
)
def test_an_image_is_a_system_a_snapshot_or_an_application(image: str, sent: dict[str, Any]) -> None:
    assert source(image) == sent


def test_applications_are_found_by_searching(provider: Vultr) -> None:
    assert [image.id for image in provider.list_images("wordpress")] == ["openlitespeed"]
    assert "openlitespeed" not in [image.id for image in provider.list_images()]
    assert provider.list_images()[0].name == "my golden image"


def test_prices_are_per_hour_of_those_billed(provider: Vultr) -> None:
    prices = {size.id: size.price for size in provider.list_sizes()}
    assert prices == {"vc2-1c-1gb": 0.00744, "vc2-2c-4gb": 0.02976, "vcg-a16-2c": 0.0589}


@pytest.mark.parametrize(
    ("status", "power", "server", "state"),
    [
        ("active", "running", "ok", MachineState.RUNNING),
        ("active", "running", "locked", MachineState.RUNNING),
        ("active", "running", "installingbooting", MachineState.PENDING),
        ("active", "stopped", "ok", MachineState.STOPPED),
        ("pending", "running", "none", MachineState.PENDING),
        ("resizing", "stopped", "locked", MachineState.PENDING),
        ("suspended", "running", "ok", MachineState.SUSPENDED),
        ("active", "levitating", "ok", MachineState.UNKNOWN),
        ("new", "running", "ok", MachineState.UNKNOWN),
    ],
)
def test_the_state_is_read_from_all_three(status: str, power: str, server: str, state: MachineState) -> None:
    instance = {"id": "i", "status": status, "power_status": power, "server_status": server}
    assert reading(instance).state is state


@pytest.mark.parametrize(
    "changes",
    [
        {"size": None},
        {"location": None},
        {"networks": tuple("123456")},
        {"extra": {"hostname": "a_b"}},
        {"extra": {"backups": "enabled"}},
        {"extra": {"iso_id": "x"}},
    ],
)
def test_what_vultr_would_refuse_is_refused_before_any_call(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        Vultr.check_spec(spec(**changes))


def test_a_locked_machine_may_be_told_again(provider: Vultr, cloud: VultrCloud) -> None:
    machine = provider.create(spec())
    locked = cloud.refusing("POST", ".*/halt", refusal(400, "Unable to stop: This server is currently locked."))
    with locked, pytest.raises(errors.ProviderRateLimited, match="in a moment"):
        provider.stop(machine.external_id)


def test_a_running_machine_is_not_started_again(provider: Vultr, cloud: VultrCloud) -> None:
    provider.start(provider.create(spec()).external_id)
    assert cloud.asked("POST", ".*/start") == []


def test_a_tag_keeps_the_mark(provider: Vultr, cloud: VultrCloud) -> None:
    id = provider.create(spec()).external_id
    provider.add_tag(id, "blue")
    assert cloud.instances[id]["tags"] == ["mist-mark:m", "blue"]
