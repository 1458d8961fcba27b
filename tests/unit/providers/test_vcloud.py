"""vCloud: what its documents hold, older versions, and hostile XML."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers import registry
from mistserver.providers.base import Account
from mistserver.providers.indonesian_vcloud import IndonesianVCloud
from mistserver.providers.vcloud import VCloud, documents, xml
from tests.lab.clouds.vcloud import ORGANIZATION, PASSWORD, USERNAME, VCloudCloud

SPEC = MachineSpec(name="web", mark="m1", image="vappTemplate-0")
GIVEN = {"username": USERNAME, "password": PASSWORD, "organization": ORGANIZATION}


@pytest.fixture
def cloud() -> Iterator[VCloudCloud]:
    with VCloudCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: VCloudCloud) -> Iterator[VCloud]:
    settings = VCloud.read_settings({**GIVEN, "host": "vcd.example.org"})
    provider = VCloud(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def texts(cloud: VCloudCloud, name: str) -> list[str | None]:
    return [each.text for each in cloud.composed[-1].iter() if xml.local(each) == name]


def test_a_create_holds_all_that_was_asked_for(cloud: VCloudCloud, provider: VCloud) -> None:
    user_data = "#!/bin/sh\necho '<&>é'\n"
    spec = replace(
        SPEC,
        size="4x8192",
        networks=("front",),
        public_key="ssh-ed25519 AAAA me",
        user_data=user_data,
        extra={"ip_mode": "DHCP", "accept_eulas": True},
    )
    VCloud.check_spec(spec)
    made = provider.create(spec)
    assert (made.name, made.mark, made.state) == ("web", "m1", MachineState.PENDING)
    root = cloud.composed[-1]
    assert (root.get("name"), root.get("powerOn")) == ("web-mist-m1", "true")
    assert texts(cloud, "VirtualQuantity") == ["4", "8192"]
    assert texts(cloud, "Name") == texts(cloud, "ComputerName") == ["web"]
    assert texts(cloud, "IpAddressAllocationMode") == ["DHCP"]
    assert texts(cloud, "AllEULAsAccepted") == ["true"]
    (script,) = texts(cloud, "CustomizationScript")
    hidden = [base64.b64decode(each).decode() for each in re.findall(r"echo (\S+) \|", script or "")]
    assert hidden == ["ssh-ed25519 AAAA me\n", user_data]


def test_the_same_create_twice_makes_one_machine(cloud: VCloudCloud, provider: VCloud) -> None:
    provider.create(SPEC)
    with pytest.raises(errors.ProviderRejected, match="already exists"):
        provider.create(SPEC)
    found = provider.find_marked("m1")
    assert found is not None
    assert found.public_ips == ("65.41.67.9",)
    assert found.private_ips == ("10.0.0.7",)


@pytest.mark.parametrize(
    ("field", "match"),
    [
        ({"name": "we b"}, "names of at most"),
        ({"name": "123"}, "names of at most"),
        ({"size": "small"}, "cores and MB"),
        ({"user_data": "#cloud-config"}, "begins with #!"),
        ({"user_data": "#!/bin/sh\n" + "x" * 40_000}, "at most"),
        ({"extra": {"ip_mode": "MANUAL"}}, "POOL, DHCP"),
        ({"networks": tuple("abcdefghijk")}, "at most 10"),
    ],
)
def test_what_the_vendor_would_refuse_is_refused_before(field: dict[str, object], match: str) -> None:
    with pytest.raises(errors.InvalidInput, match=match):
        VCloud.check_spec(replace(SPEC, **field))


@pytest.mark.parametrize("field", [{"location": "there"}, {"networks": ("back",)}])
def test_unknown_places_and_networks_are_named(cloud: VCloudCloud, provider: VCloud, field: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidInput, match=r"main|back"):
        provider.create(replace(SPEC, **field))
    assert not cloud.vapps


def test_an_unknown_template_is_not_found(provider: VCloud) -> None:
    with pytest.raises(errors.ProviderNotFound, match="No access"):
        provider.create(replace(SPEC, image="vappTemplate-77"))


def test_an_old_director_takes_two_destroys(cloud: VCloudCloud, provider: VCloud) -> None:
    cloud.versions = ["1.5", "5.1"]
    made = provider.create(SPEC)
    with pytest.raises(errors.Conflict, match="destroy it again"):
        provider.destroy(made.external_id)
    provider.destroy(made.external_id)
    assert not cloud.vapps


@pytest.mark.parametrize("tools", [True, False])
def test_guests_are_asked_only_where_they_can_be(cloud: VCloudCloud, provider: VCloud, tools: bool) -> None:
    cloud.tools = tools
    made = provider.create(SPEC)
    provider.reboot(made.external_id)
    provider.stop(made.external_id)
    assert len(cloud.asked("POST", ".*/power/action/" + ("reboot" if tools else "reset"))) == 1
    assert provider.known(made.external_id).state is MachineState.STOPPED


def test_addresses_that_records_do_not_tell_are_asked_for(cloud: VCloudCloud, provider: VCloud) -> None:
    provider.create(SPEC)
    (first,) = provider.list_machines()
    cloud.told = {}
    (second,) = provider.list_machines()
    assert first.private_ips == second.private_ips == ("10.0.0.7",)
    assert second.public_ips == ("65.41.67.9",)
    assert first.created_at is not None


def test_a_resize_keeps_the_rest_of_the_hardware(cloud: VCloudCloud, provider: VCloud) -> None:
    made = provider.create(SPEC)
    provider.stop(made.external_id)
    provider.resize(made.external_id, "2x4096")
    sent = cloud.asked("POST", ".*/reconfigureVm")[0].body
    assert b"AdminPassword" not in sent
    assert provider.known(made.external_id).size == "2x4096"


def test_a_session_is_opened_once_and_ended(cloud: VCloudCloud, provider: VCloud) -> None:
    provider.list_machines()
    provider.list_images()
    provider.close()
    assert len(cloud.asked("POST", "/api/sessions")) == len(cloud.asked("DELETE", "/api/session")) == 1


def test_a_director_of_other_versions_says_so(cloud: VCloudCloud, provider: VCloud) -> None:
    cloud.versions = ["39.0", "40.0"]
    with pytest.raises(errors.ProviderRejected, match=r"39\.0, 40\.0"):
        provider.check()


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><Session xmlns="http://www.vmware.com/vcloud/v1.5">&b;</Session>',
        '<!doctype a><Session xmlns="http://www.vmware.com/vcloud/v1.5"/>'.encode("utf-16"),
        '<?xml version="1.0" encoding="cp037"?><!DOCTYPE a><Session/>'.encode("cp037"),
        b'<Session xmlns="http://example.org/vcloud/"/>',
        b"<Session/>",
        b"",
        b"\xff\xfe",
    ],
)
def test_documents_that_are_not_the_vendors(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        xml.document(body)


def test_links_lead_nowhere_but_into_the_api() -> None:
    assert xml.path_of("https://elsewhere.example/api/vApp/vapp-1") == "/api/vApp/vapp-1"
    with pytest.raises(ValueError, match="not a link"):
        xml.path_of("https://elsewhere.example/login")


@pytest.mark.parametrize("host", ["vcd.example.org", "https://vcd.example.org/", "10.0.0.1:8443", "[::1]:443"])
def test_hosts(host: str) -> None:
    assert VCloud.read_settings({**GIVEN, "host": host}).host == host.removeprefix("https://").rstrip("/")


@pytest.mark.parametrize("host", ["vcd.example.org/x", "a@b", "http://a", "a b"])
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(errors.InvalidInput, match="needs a host"):
        VCloud.read_settings({**GIVEN, "host": host})


def test_the_row_with_a_fixed_host() -> None:
    provider = IndonesianVCloud(Account(settings=IndonesianVCloud.read_settings(GIVEN)))
    provider.open()
    assert provider._api.where == "https://compute.idcloudonline.com"
    provider.close()
    assert registry.declaration("indonesian_vcloud").liveness == "unknown"


def test_sizes_are_their_own_measures() -> None:
    assert documents.measures("2x4096") == (2, 4096)
