"""CloudStack: its signature, what its create sends, and tags."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.cloudstack import CloudStack
from mistserver.providers.cloudstack.api import signature
from mistserver.providers.cloudstack.reading import reading
from tests.lab.clouds.cloudstack import API_KEY, SECRET, CloudStackCloud

GIVEN = {"url": "https://cloud.example.org/client/api", "api_key": API_KEY, "secret_key": SECRET}
SPEC = MachineSpec(name="web", mark="m1", image="a17b40d6", size="b6cd1ff5", location="0")


@pytest.fixture
def cloud() -> Iterator[CloudStackCloud]:
    with CloudStackCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: CloudStackCloud) -> Iterator[CloudStack]:
    provider = CloudStack(Account(settings=CloudStack.read_settings(GIVEN), endpoint=f"{cloud.url}/client/api"))
    provider.open()
    yield provider
    provider.close()


def test_the_signature_of_the_vendors_example() -> None:
    """From https://docs.cloudstack.apache.org/en/latest/developersguide/dev.html"""
    key = "plgWJfZK4gyS3mOMTVmjUVg-X-jlWlnfaUJ9GAbBbf9EdM-kAYMmAiLqzzq1ElZLYq_u38zCm0bewzGUdP66mg"
    secret = "VDaACYb0LV9eNjTetIOElcVQkvJck_J_QljX_FcHRj87ZKiy0z0ty0ZsYBkoXkY9b7eq1EhwJaw7FF3akA3KBQ"
    params = {"command": "listUsers", "response": "json", "apikey": key}
    assert signature(secret, params) == "TTpdDq/7j/J58XCRHomKoQXEQds="


def test_a_create_holds_all_that_was_asked_for(cloud: CloudStackCloud, provider: CloudStack) -> None:
    spec = replace(
        SPEC,
        size="0b6f6a4b",
        networks=("00304a04",),
        public_key="ssh-rsa AAAA me@here",
        key_name="mine ~*[é]",
        user_data="#!/bin/sh\necho é\n",
        tags=("blue", "env=prod"),
        extra={"cores": 3, "ram_mb": 3000, "disk_gb": 30},
    )
    CloudStack.check_spec(spec)
    made = provider.create(spec)
    (sent,) = cloud.deployed
    assert base64.b64decode(sent["userdata"]).decode() == spec.user_data
    assert (sent["networkids"], sent["keypair"], sent["zoneid"]) == ("00304a04", "mine ~*[é]", "1128bd56")
    assert (sent["details[0].cpuNumber"], sent["details[0].memory"], sent["rootdisksize"]) == ("3", "3000", "30")
    found = provider.known(made.external_id)
    assert (found.tags, found.mark, found.state) == (("blue", "env=prod"), "m1", MachineState.RUNNING)
    assert found.public_ips == ("185.19.28.7", "2001:41d0::7")
    assert found.private_ips == ("10.1.1.7",)


def test_keys_are_told_apart_by_what_they_are(cloud: CloudStackCloud, provider: CloudStack) -> None:
    for mark, public in (("m1", "ssh-rsa AAAA"), ("m2", "ssh-rsa AAAA me"), ("m3", "ssh-rsa BBBB")):
        provider.create(replace(SPEC, mark=mark, public_key=public, key_name="mine"))
    first, second, third = (each["keypair"] for each in cloud.deployed)
    assert first == second == "mine"
    assert third.startswith("mine-")


def test_tags_that_were_lost_with_the_create_are_set_when_the_machine_is_found(
    cloud: CloudStackCloud, provider: CloudStack
) -> None:
    cloud.fails = "createTags"
    with pytest.raises(errors.ProviderUnreachable):
        provider.create(replace(SPEC, tags=("a", "b=c")))
    cloud.fails = None
    assert provider.find_marked("m1") is not None
    assert provider.list_machines()[0].tags == ("a", "b=c")


def test_a_destroyed_machine_is_gone(cloud: CloudStackCloud, provider: CloudStack) -> None:
    made = provider.create(SPEC)
    provider.destroy(made.external_id)
    with pytest.raises(errors.ProviderNotFound):
        provider.known(made.external_id)
    assert provider.find_marked("m1") is None


def test_templates_are_searched_by_the_vendor_and_told_once(cloud: CloudStackCloud, provider: CloudStack) -> None:
    assert [image.id for image in provider.list_images("debian 13")] == ["a17b40d6"]
    assert {each.query.get("keyword") for each in cloud.seen} == {"debian 13"}
    assert [image.name for image in provider.list_images()] == ["golden", "Debian 13", "Debian 12"]


@pytest.mark.parametrize(
    "field",
    [{"name": "1web"}, {"name": "web_1"}, {"size": None}, {"tags": ("=x",)}, {"extra": {"cpu": 1}}],
)
def test_what_the_vendor_would_refuse_is_refused_before(field: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidInput):
        CloudStack.check_spec(replace(SPEC, **field))


@pytest.mark.parametrize("location", [None, "there", "9"])
def test_a_zone_that_cannot_be_meant(cloud: CloudStackCloud, provider: CloudStack, location: str | None) -> None:
    with pytest.raises(errors.InvalidInput, match="CH-GV2, Bern"):
        provider.create(replace(SPEC, location=location))
    assert not cloud.machines


@pytest.mark.parametrize("url", ["ftp://a/b", "cloud.example.org", "https://me@cloud.example.org", "https://"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(errors.InvalidInput, match="URL of its API"):
        CloudStack.read_settings({**GIVEN, "url": url})


def test_a_url_without_a_path_is_completed() -> None:
    assert CloudStack.read_settings({**GIVEN, "url": "https://cloud.example.org/"}).url == GIVEN["url"]


def test_states_that_are_new_are_unknown() -> None:
    assert reading({"id": 1, "name": "x", "state": "Floating"}).state is MachineState.UNKNOWN
