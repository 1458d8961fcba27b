"""NephoScale: keys, slow orders, what it cannot take, and answers that do not add up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Account
from mistserver.providers.nephoscale import NephoScale
from tests.lab.clouds.nephoscale import PASSWORD, USERNAME, NephoScaleCloud
from tests.lab.stand_in import Reply

SPEC = MachineSpec(name="web", mark="m1", image="75", size="5", public_key="ssh-rsa AAAA me@here", key_name="mine")


@pytest.fixture
def cloud() -> Iterator[NephoScaleCloud]:
    with NephoScaleCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: NephoScaleCloud) -> Iterator[NephoScale]:
    settings = NephoScale.read_settings({"username": USERNAME, "password": PASSWORD})
    provider = NephoScale(Account(settings=settings, endpoint=cloud.url))
    provider.open()
    yield provider
    provider.close()


def test_a_key_is_brought_once_and_not_taken_for_another_of_its_name(
    cloud: NephoScaleCloud, provider: NephoScale
) -> None:
    for mark, public in (("m1", "ssh-rsa AAAA"), ("m2", "ssh-rsa AAAA other words"), ("m3", "ssh-rsa BBBB")):
        provider.create(replace(SPEC, mark=mark, public_key=public))
    keys = [key["public_key"] for key in cloud.keys.values() if key["kind"] == "sshrsa"]
    assert keys == ["ssh-rsa AAAA", "ssh-rsa BBBB"]


def test_a_console_key_goes_with_its_machine(cloud: NephoScaleCloud, provider: NephoScale) -> None:
    made = provider.create(SPEC)
    provider.destroy(made.external_id)
    assert [key["kind"] for key in cloud.keys.values()] == ["sshrsa"]


def test_an_order_that_takes_its_time_is_not_lost(cloud: NephoScaleCloud, provider: NephoScale) -> None:
    cloud.slow = True
    with pytest.raises(errors.ProviderTimeout, match="took the order"):
        provider.create(SPEC)
    cloud.slow = False
    found = provider.find_marked("m1")
    assert found is not None
    assert found.private_ips == ("10.132.60.1",)


@pytest.mark.parametrize("location", ["87729", "RIC-1", "1"])
def test_a_zone_goes_by_id_name_and_position(cloud: NephoScaleCloud, provider: NephoScale, location: str) -> None:
    assert provider.create(replace(SPEC, location=location)).location == "87729"


def test_an_unknown_zone_is_told_before_the_order(cloud: NephoScaleCloud, provider: NephoScale) -> None:
    with pytest.raises(errors.InvalidInput, match="SJC-1, RIC-1"):
        provider.create(replace(SPEC, location="7"))
    assert not cloud.servers


@pytest.mark.parametrize("field", [{"networks": ("n",)}, {"user_data": "x"}, {"extra": {"a": 1}}, {"name": "a_b"}])
def test_what_it_cannot_take_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidInput):
        NephoScale.check_spec(replace(SPEC, **field))


def test_a_list_that_is_shorter_than_its_count_is_no_answer(cloud: NephoScaleCloud, provider: NephoScale) -> None:
    body = {"success": True, "total_count": 2, "data": [], "response": 200}
    with cloud.refusing("GET", "/server/cloud/", Reply(200, body)), pytest.raises(errors.ProviderBadAnswer):
        provider.list_machines()


def test_a_refusal_in_a_body_that_came_well_is_one(cloud: NephoScaleCloud, provider: NephoScale) -> None:
    body = {"success": False, "subcode": 7, "message": "Not now.", "response": 409}
    with (
        cloud.refusing("GET", "/server/cloud/", Reply(200, body)),
        pytest.raises(errors.ProviderRejected, match="Not now") as caught,
    ):
        provider.list_machines()
    assert caught.value.facts == {"status": 409, "vendor_code": "7"}
