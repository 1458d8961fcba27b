"""OpenStack on a stand-in: what a real cloud of this size cannot show, and each of its services going wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.hpcloud import HpCloud
from mistserver.providers.openstack import OpenStack
from mistserver.providers.rackspace import Rackspace
from tests.contract.providers.nova_rig import REFUSALS
from tests.lab.clouds.keystone import PASSWORD, PROJECT, PROJECT_ID, USERNAME, Service
from tests.lab.clouds.nova import COMPUTE, IMAGES, NETWORK, KeyedCloud, NovaCloud, OlderCloud, refusal
from tests.lab.faults import PAGE, silence, web_page
from tests.lab.stand_in import Reply

SERVERS = COMPUTE + "/servers"
SPEC = MachineSpec(name="one", mark="m", image=str(IMAGES[2]["id"]), size="1", networks=(str(NETWORK["id"]),))


@contextmanager
def opened(url: str, region: str | None = None, **other: str) -> Iterator[OpenStack]:
    given = {"username": USERNAME, "password": PASSWORD, "tenant_name": PROJECT, "auth_url": url, **other}
    provider = OpenStack(Account(settings=OpenStack.read_settings(given), region=region, timeout_s=1.0))
    try:
        yield provider
    finally:
        provider.close()


@pytest.fixture
def cloud() -> Iterator[NovaCloud]:
    with NovaCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: NovaCloud) -> Iterator[OpenStack]:
    with opened(cloud.url) as provider:
        yield provider


def test_ten_thousand_machines_are_listed_from_pages_of_fifty(provider: OpenStack, cloud: NovaCloud) -> None:
    cloud.fill(10_000)
    assert len({each.external_id for each in provider.list_machines()}) == 10_000
    assert len(cloud.asked("GET", SERVERS + "/detail")) == 200


def test_links_to_other_hosts_are_not_followed(provider: OpenStack, cloud: NovaCloud) -> None:
    """The stand-in's next pages stand, as it says, at a host that does not exist."""
    cloud.fill(120)
    assert len(provider.list_machines()) == 120


@pytest.mark.parametrize("why", REFUSALS)
def test_refusals_are_told_apart(provider: OpenStack, cloud: NovaCloud, why: str) -> None:
    reply, kind = REFUSALS[why]
    with cloud.refusing("POST", SERVERS, reply), pytest.raises(kind):
        provider.create(SPEC)


def test_a_rate_limit_of_an_older_nova_keeps_its_wait(provider: OpenStack, cloud: NovaCloud) -> None:
    slow = refusal(413, "overLimit", "This request was rate-limited.")
    with (
        cloud.refusing("GET", SERVERS + "/detail", replace(slow, headers={"Retry-After": "9"})),
        pytest.raises(errors.ProviderRateLimited) as caught,
    ):
        provider.list_machines()
    assert caught.value.facts["retry_after_s"] == 9.0


FAULTS = {
    "a web page": (Reply(200, PAGE), errors.ProviderBadAnswer),
    "another web page": (Reply(404, PAGE), errors.ProviderBadAnswer),
    "half of it": (Reply(200, b'{"servers": [{"id"'), errors.ProviderBadAnswer),
    "another protocol": (Reply(200, {"ApiVersion": 7}), errors.ProviderBadAnswer),
    "other things": (Reply(200, {"servers": [7], "images": [7], "networks": [7]}), errors.ProviderBadAnswer),
    "another place": (Reply(302, None, {"Location": "http://elsewhere.invalid/"}), errors.ProviderBadAnswer),
    "too often": (Reply(429, b"slow down", {"Retry-After": "7"}), errors.ProviderRateLimited),
    "a fault": (Reply(503, b"busy"), errors.ProviderUnreachable),
    "no policy": (refusal(403, "forbidden", "Policy doesn't allow it to be performed."), errors.ProviderAuthFailed),
    "an old token": (refusal(401, "unauthorized", "Token expired"), errors.ProviderAuthFailed),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/v3/auth/tokens", "check"),
        (SERVERS + "/detail", "list_machines"),
        ("/image/v2/images", "list_images"),
        ("/network/v2.0/networks", "list_networks"),
        (COMPUTE + "/flavors/detail", "list_sizes"),
    ],
)
def test_each_service_may_go_wrong(provider: OpenStack, cloud: NovaCloud, path: str, call: str, fault: str) -> None:
    reply, kind = FAULTS[fault]
    method = "POST" if call == "check" else "GET"
    with cloud.refusing(method, path, reply), pytest.raises(kind) as caught:
        getattr(provider, call)()
    assert PASSWORD not in str(caught.value) + repr(caught.value.facts)
    if fault == "too often":
        assert caught.value.facts["retry_after_s"] == 7.0


def test_where_the_identity_service_redirects_is_said_and_not_followed(provider: OpenStack, cloud: NovaCloud) -> None:
    away = Reply(302, None, {"Location": "http://elsewhere.invalid/identity"})
    with (
        cloud.refusing("GET", "/", away),
        pytest.raises(errors.ProviderBadAnswer, match=r"leads on to http://elsewhere.invalid/identity"),
    ):
        provider.check()


def test_an_identity_service_that_says_nothing_is_not_waited_for() -> None:
    with silence() as port, opened(f"http://127.0.0.1:{port}/v3") as provider, pytest.raises(errors.ProviderTimeout):
        provider.check()


def test_a_closed_list_of_versions_is_no_hindrance(provider: OpenStack, cloud: NovaCloud) -> None:
    with cloud.refusing("GET", "/", Reply(403, {"error": {"code": 403, "title": "Forbidden", "message": "no"}})):
        provider.check()


def test_an_address_that_names_the_older_version_works_below_another_site() -> None:
    with OlderCloud() as cloud, cloud.refusing("GET", "/", Reply(200, PAGE)):
        with opened(cloud.url, "region-a.geo-1") as bare, pytest.raises(errors.ProviderBadAnswer):
            bare.check()
        with opened(cloud.url + "/v2.0", "region-a.geo-1") as named:
            named.check()


def test_an_older_cloud_is_one_too() -> None:
    """The second Keystone alone, images and networks of Nova's own."""
    with OlderCloud() as cloud, opened(cloud.url + "/v2.0", "region-b.geo-1") as provider:
        assert [each.name for each in provider.list_images("debian 13")] == ["Debian 13"]
        assert [each.name for each in provider.list_networks()] == ["private"]
        made = provider.create(SPEC)
        assert provider.find_marked("m") == provider.known(made.external_id)


def test_an_older_keystone_knows_no_domains() -> None:
    with OlderCloud() as cloud:
        with opened(cloud.url, user_domain_name="corp") as provider, pytest.raises(errors.ProviderRejected, match="2"):
            provider.check()
        with (
            opened(cloud.url, tenant_name="no") as provider,
            pytest.raises(errors.ProviderAuthFailed, match="it has demo"),
        ):
            provider.check()
        with opened(cloud.url, password="no") as provider, pytest.raises(errors.ProviderAuthFailed, match="password"):
            provider.check()


def test_a_cloud_of_several_regions_asks_for_one() -> None:
    both = r"choose one \(--region\): region-a.geo-1, region-b.geo-1"
    with (
        OlderCloud() as cloud,
        opened(cloud.url) as provider,
        pytest.raises(errors.InvalidInput, match=both),
    ):
        provider.check()


def test_a_catalogue_without_compute_service_says_what_it_has() -> None:
    class Images(NovaCloud):
        catalogue = (Service("image", "glance", "/image", ("RegionOne",)),)

    with Images() as cloud, opened(cloud.url) as provider, pytest.raises(errors.ProviderRejected, match="it has image"):
        provider.check()


def test_the_compute_address_needs_no_catalogue(cloud: NovaCloud) -> None:
    with opened(cloud.url, compute_endpoint=f"{cloud.url}/compute/v2.1") as provider:
        provider.check()
        assert cloud.asked("GET", f"/compute/v2.1/{PROJECT_ID}/servers")


def test_a_password_goes_to_the_given_host_alone(cloud: NovaCloud) -> None:
    """The list of versions names another host; the path alone is taken, and that from Keystone's own layout."""
    other = [{"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": "http://elsewhere.invalid/v3/"}]}]
    with cloud.refusing("GET", "/", Reply(300, {"versions": {"values": other}})), opened(cloud.url) as provider:
        provider.check()
    assert len(cloud.asked("POST", "/v3/auth/tokens")) == 1


def test_a_volume_may_be_booted_from(provider: OpenStack, cloud: NovaCloud) -> None:
    seen: list[Any] = []
    with cloud.refusing("POST", SERVERS, refusal(403, "forbidden", "Quota exceeded")):
        for extra in ({"boot_volume_gb": 20}, {"security_groups": ["web"], "config_drive": True}):
            spec = MachineSpec(name="one", mark="m", image="i", size="1", extra=extra, user_data="#!/bin/sh")
            with pytest.raises(errors.ProviderQuota):
                provider.create(spec)
            seen.append(cloud.asked("POST", SERVERS)[-1].json["server"])
    (volume,) = seen[0]["block_device_mapping_v2"]
    assert seen[0]["imageRef"] == ""
    assert (volume["uuid"], volume["volume_size"], volume["delete_on_termination"]) == ("i", 20, True)
    assert (seen[1]["security_groups"], seen[1]["config_drive"]) == ([{"name": "web"}], True)
    assert seen[1]["user_data"] == "IyEvYmluL3No"
    assert "availability_zone" not in seen[1]


def test_states_and_what_is_possible_in_them(provider: OpenStack, cloud: NovaCloud) -> None:
    expected = {
        "BUILD": (MachineState.PENDING, {Action.DESTROY}),
        "ERROR": (MachineState.ERROR, {Action.REBOOT, Action.DESTROY}),
        "NEWER": (MachineState.UNKNOWN, {Action.DESTROY}),
        "PAUSED": (MachineState.PAUSED, {Action.START, Action.DESTROY}),
        "REBOOT": (MachineState.REBOOTING, {Action.DESTROY}),
        "SHUTOFF": (MachineState.STOPPED, {Action.START, Action.RESIZE, Action.DESTROY}),
        "VERIFY_RESIZE": (MachineState.RUNNING, {Action.RESIZE, Action.DESTROY}),
    }
    cloud.fill(len(expected) + 2)
    for server, status in zip(cloud.servers.values(), [*expected, "DELETED", "ACTIVE"], strict=True):
        server |= {"name": status, "status": status, "fault": {"message": "No valid host\nwas found.", "code": 500}}
    server["OS-EXT-STS:task_state"] = "deleting"
    found = {each.name: each for each in provider.list_machines()}
    assert {name: (each.state, set(each.actions)) for name, each in found.items()} == expected
    assert found["ERROR"].extra["reason"] == "No valid host was found."
    assert "same size again" in found["VERIFY_RESIZE"].extra["reason"]
    assert "reason" not in found["PAUSED"].extra


def test_a_resize_that_came_to_nothing_is_told(provider: OpenStack, cloud: NovaCloud) -> None:
    id = provider.create(SPEC).external_id
    log = {"instanceActions": [{"action": "resize", "message": "Error"}, {"action": "create", "message": None}]}
    with (
        cloud.refusing("GET", f"{SERVERS}/{id}/os-instance-actions", Reply(200, log)),
        pytest.raises(errors.ProviderRejected, match="came to nothing: Error"),
    ):
        provider.finish_resize(id, "2")
    provider.resize(id, "2")
    with pytest.raises(errors.Conflict, match="waits to be confirmed"):
        provider.resize(id, "1")
    for _ in range(2):
        provider.finish_resize(id, "2")
    assert cloud.servers[id]["status"] == "ACTIVE"


def test_floating_addresses_are_public_whatever_their_numbers(provider: OpenStack) -> None:
    machine = provider.known(provider.create(SPEC).external_id)
    assert machine.public_ips == ("172.24.4.9", "2001:470::7")
    assert machine.private_ips == ("10.0.0.7",)


def test_a_region_of_rackspace_is_its_own(cloud: NovaCloud) -> None:
    settings = Rackspace.read_settings({"username": USERNAME, "api_key": PASSWORD})
    with KeyedCloud() as keyed:
        provider = Rackspace(Account(settings=settings, region="syd", endpoint=keyed.url))
        with pytest.raises(errors.InvalidInput, match="no region 'syd'; it has DFW, IAD, LON, ORD"):
            provider.check()
        provider = Rackspace(Account(settings=settings, region="lon", endpoint=keyed.url + "/v2.0"))
        assert [each.id for each in provider.list_locations()] == ["LON"]
        provider.close()


def test_the_address_of_a_retired_cloud_is_its_regions() -> None:
    given = {"username": USERNAME, "password": PASSWORD, "tenant_name": PROJECT}
    provider = HpCloud(Account(settings=HpCloud.read_settings(given), region="region-b.geo-1", timeout_s=1.0))
    with pytest.raises(errors.ProviderUnreachable, match=r"region-b.geo-1.identity.hpcloudsvc.com:35357"):
        provider.check()


def test_a_web_page_at_the_compute_service_is_called_that(cloud: NovaCloud) -> None:
    with (
        web_page() as port,
        opened(cloud.url, compute_endpoint=f"http://127.0.0.1:{port}") as provider,
        pytest.raises(errors.ProviderBadAnswer, match="a web page"),
    ):
        provider.check()
