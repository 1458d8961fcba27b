"""SoftLayer: what its create sends, what is kept apart from the service's own set-up, and odd answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xmlrpc.client import loads

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.softlayer import SoftLayer, catalog
from mistserver.providers.softlayer.reading import reading
from tests.lab.clouds.softlayer import API_KEY, USERNAME, SoftLayerCloud
from tests.lab.faults import answering

pytest.importorskip("SoftLayer")
SPEC = MachineSpec(name="web", mark="m1", image="DEBIAN_13_64", size="B1_1X2X25")


def opened(url: str, username: str = USERNAME) -> SoftLayer:
    settings = SoftLayer.read_settings({"username": username, "api_key": API_KEY})
    provider = SoftLayer(Account(settings=settings, endpoint=f"{url}/xmlrpc/v3.1", timeout_s=5.0))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[SoftLayerCloud]:
    with SoftLayerCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: SoftLayerCloud) -> Iterator[SoftLayer]:
    provider = opened(cloud.url)
    yield provider
    provider.close()


def sent(cloud: SoftLayerCloud) -> Any:
    orders = [loads(each.body) for each in cloud.asked("POST", ".*_Virtual_Guest")]
    return next(arguments[1] for arguments, method in orders if method == "createObject")


def test_the_services_own_files_and_environment_are_left_alone(
    cloud: SoftLayerCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".softlayer").write_text(
        "[softlayer]\nusername=other\napi_key=other\nendpoint_url=http://127.0.0.1:1\nproxy=http://127.0.0.1:1\n"
    )
    for name, value in {"HOME": str(tmp_path), "http_proxy": "http://127.0.0.1:1", "SL_USERNAME": "other"}.items():
        monkeypatch.setenv(name, value)
    opened(cloud.url).check()


def test_a_key_of_ibm_cloud_signs_in_by_http(cloud: SoftLayerCloud) -> None:
    opened(cloud.url, "apikey").check()
    assert cloud.seen[-1].headers["authorization"].startswith("Basic ")


def test_a_create_holds_all_that_was_asked_for(cloud: SoftLayerCloud, provider: SoftLayer) -> None:
    asked = replace(
        SPEC,
        name="web.example.org",
        location="0",
        networks=("77", "78"),
        public_key="ssh-ed25519 AAAA me@here",
        key_name="mine",
        user_data="#!/bin/sh\necho 'é <&> ☃'\n",
        tags=("blue",),
        extra={"hourly": False, "port_speed": 100},
    )
    SoftLayer.check_spec(asked)
    provider.create(asked)
    order = sent(cloud)
    assert (order["hostname"], order["domain"], order["datacenter"]) == ("web", "example.org", {"name": "ams03"})
    assert order["primaryNetworkComponent"] == {"networkVlan": {"id": 77}}
    assert order["primaryBackendNetworkComponent"] == {"networkVlan": {"id": 78}}
    assert order["userData"] == [{"value": "#!/bin/sh\necho 'é <&> ☃'\n# mist-mark:m1 tags:blue\n"}]
    assert (order["hourlyBillingFlag"], order["networkComponents"]) == (False, [{"maxSpeed": 100}])
    assert order["sshKeys"] == [{"id": 1}]
    (machine,) = provider.list_machines()
    assert (machine.name, machine.tags, machine.mark) == ("web.example.org", ("blue",), "m1")
    provider.create(asked)
    assert len(cloud.keys) == 1


def test_tags_that_were_lost_with_the_create_are_set_when_the_machine_is_found(
    cloud: SoftLayerCloud, provider: SoftLayer
) -> None:
    cloud.fails = "setTags"
    with pytest.raises(errors.ProviderRejected):
        provider.create(replace(SPEC, mark="m2", tags=("a", "b")))
    cloud.fails = None
    assert provider.find_marked("m2") is not None
    assert provider.list_machines()[0].tags == ("a", "b")


def test_user_data_cannot_tell_another_mark(provider: SoftLayer) -> None:
    made = provider.create(replace(SPEC, user_data="#!/bin/sh\n# mist-mark:other tags:x\n"))
    assert provider.find_marked("other") is None
    assert provider.known(made.external_id).mark == "m1"


@pytest.mark.parametrize("name", ["-web", "web-", "123", "a_b", "web..org", "é", "a" * 64, "we b"])
def test_names_that_the_vendor_refuses(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="names of letters"):
        SoftLayer.check_spec(replace(SPEC, name=name))


def test_two_private_networks_are_refused(provider: SoftLayer) -> None:
    with pytest.raises(errors.InvalidInput, match="one public and one private"):
        provider.create(replace(SPEC, networks=("78", "78")))


def test_the_sdks_own_examples_are_understood() -> None:
    from SoftLayer.fixtures import SoftLayer_Account as account
    from SoftLayer.fixtures import SoftLayer_Virtual_Guest as guest

    first, second = (reading(each) for each in account.getVirtualGuests)
    assert (first.name, first.state, first.location) == ("vs-test1.test.sftlyr.ws", MachineState.RUNNING, "TEST00")
    assert second.public_ips == ("172.16.240.7",)
    assert reading(guest.getObject | {"createDate": ""}).size == "B1_8X16X100"
    flavors = {size.id: size for size in catalog.list_sizes(guest.getCreateObjectOptions)}
    assert (flavors["B1_1X2X100"].cores, flavors["B1_1X2X100"].ram_mb, flavors["B1_1X2X100"].disk_gb) == (1, 2048, 100)
    assert "B1_1X2X25_TRANSIENT" not in flavors


def test_entities_are_not_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><params><param><value>&b;</value></param></params>'
    with answering(200, bomb, "text/xml") as port, pytest.raises(errors.ProviderBadAnswer):
        opened(f"http://127.0.0.1:{port}").list_machines()
