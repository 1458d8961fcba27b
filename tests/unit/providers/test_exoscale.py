"""Exoscale: zones, keys, labels, sizes and operations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers import registry
from mistserver.providers.base import Account
from mistserver.providers.exoscale import Exoscale
from mistserver.providers.exoscale.reading import reading
from tests.lab.clouds.exoscale import API_KEY, DEBIAN, SECRET, SMALL, TINY, ExoscaleCloud
from tests.lab.stand_in import Reply

SPEC = MachineSpec(
    name="web", mark="m1", image=DEBIAN, size="standard.small", public_key="ssh-rsa AAAA", key_name="mine"
)
SETTINGS = Exoscale.read_settings({"api_key": API_KEY, "api_secret": SECRET})


@pytest.fixture
def cloud() -> Iterator[ExoscaleCloud]:
    with ExoscaleCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: ExoscaleCloud) -> Iterator[Exoscale]:
    provider = Exoscale(Account(settings=SETTINGS, region="de-fra-1", endpoint=f"{cloud.url}/v2"))
    provider.open()
    yield provider
    provider.close()


def test_a_zone_has_an_address_of_its_own() -> None:
    provider = Exoscale(Account(settings=SETTINGS, region="xx-new-1"))
    provider.open()
    assert provider._api.where == "https://api-xx-new-1.exoscale.com"
    assert [each.id for each in provider.list_locations()] == ["xx-new-1"]
    provider.close()


@pytest.mark.parametrize("zone", [None, "", "evil.example/x", "de-fra-1.evil", "de-fra-1\n"])
def test_what_is_no_zone_leads_nowhere(zone: str | None) -> None:
    with pytest.raises(errors.InvalidInput, match="no zone"):
        Exoscale(Account(settings=SETTINGS, region=zone)).open()


def test_a_backend_is_one_zone(provider: Exoscale) -> None:
    with pytest.raises(errors.InvalidInput, match="needs a region"):
        registry.resolve("exoscale")
    assert provider.create(replace(SPEC, location="0")).location == "de-fra-1"
    with pytest.raises(errors.InvalidInput, match="ch-gva-2"):
        provider.create(replace(SPEC, location="ch-gva-2"))


def test_sizes_are_those_of_the_zone_and_account_and_go_by_name(provider: Exoscale) -> None:
    sizes = {size.name: size for size in provider.list_sizes()}
    assert list(sizes) == ["standard.tiny", "standard.small"]
    assert (sizes["standard.small"].ram_mb, sizes["standard.small"].id) == (2048, SMALL)
    assert provider.create(SPEC).size == SMALL
    with pytest.raises(errors.InvalidInput, match="no size"):
        provider.create(replace(SPEC, size="gpu3.huge"))


def test_keys_are_told_apart_by_what_they_are(cloud: ExoscaleCloud, provider: Exoscale) -> None:
    made = [
        provider.create(replace(SPEC, public_key=public, key_name=name)).external_id
        for public, name in (("ssh-rsa AAAA", "mine"), ("ssh-rsa AAAA me", "mine"), ("ssh-rsa BBBB", "mine"))
    ]
    first, second, third = (cloud.instances[id]["ssh-keys"][0]["name"] for id in made)
    assert first == second == "mine"
    assert third.startswith("mine-")


@pytest.mark.parametrize(("name", "fit"), [("my key", "my-key"), ("-é", "key---"), ("a.b_c-1", "a.b_c-1")])
def test_names_of_keys_are_made_fit(cloud: ExoscaleCloud, provider: Exoscale, name: str, fit: str) -> None:
    provider.create(replace(SPEC, key_name=name))
    assert [key["name"] for key in cloud.keys] == [fit]


def test_labels_are_tags_and_the_mark_is_not(cloud: ExoscaleCloud, provider: Exoscale) -> None:
    made = provider.create(replace(SPEC, tags=("blue", "env=prod=1")))
    assert cloud.instances[made.external_id]["labels"] == {"blue": "", "env": "prod=1", "mist-mark": "m1"}
    assert provider.known(made.external_id).tags == ("blue", "env=prod=1")
    provider.remove_tag(made.external_id, "env=other")
    provider.add_tag(made.external_id, "env=test")
    assert provider.known(made.external_id).tags == ("blue", "env=test")
    assert provider.known(made.external_id).mark == "m1"


@pytest.mark.parametrize(
    ("field", "match"),
    [
        ({"name": ""}, "1 to 255"),
        ({"name": "x" * 256}, "1 to 255"),
        ({"networks": ("n",)}, "attaches private networks"),
        ({"extra": {"disk_gb": 5}}, "10 to 51200"),
        ({"user_data": "x" * 25_000}, "24 KiB"),
        ({"tags": ("mist-mark=x",)}, "labels"),
        ({"tags": ("=x",)}, "labels"),
        ({"extra": {"size": 1}}, "none of them"),
    ],
)
def test_what_the_vendor_would_refuse_is_refused_before(field: dict[str, object], match: str) -> None:
    with pytest.raises(errors.InvalidInput, match=match):
        Exoscale.check_spec(replace(SPEC, **field))


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"id": "o", "state": "failure", "reason": "not-found", "message": "gone"}, errors.ProviderNotFound),
        ({"id": "o", "state": "failure", "reason": "forbidden"}, errors.ProviderAuthFailed),
        ({"id": "o", "state": "timeout", "message": "busy"}, errors.ProviderRejected),
        ({"id": "o", "state": "pending"}, errors.ProviderBadAnswer),
        ({"id": "o", "state": "pending", "reference": []}, errors.ProviderBadAnswer),
        ({"reference": {"id": "i"}}, errors.ProviderBadAnswer),
    ],
)
def test_operations_that_came_to_nothing(
    cloud: ExoscaleCloud, provider: Exoscale, operation: dict[str, object], kind: type[errors.MistError]
) -> None:
    with cloud.refusing("POST", "/v2/instance", Reply(200, operation)), pytest.raises(kind):
        provider.create(replace(SPEC, size=TINY))


def test_states_that_are_new_are_unknown() -> None:
    assert reading({"id": "i", "name": "x", "state": "floating"}, "z").state is MachineState.UNKNOWN
