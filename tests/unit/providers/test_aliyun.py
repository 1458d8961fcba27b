"""Alibaba Cloud: signatures, errors by their codes, places, groups, keys and tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.aliyun import Aliyun
from mistserver.providers.aliyun.api import Keys, signature
from mistserver.providers.aliyun.machines import as_pair, as_tag, reading
from mistserver.providers.base import Account
from tests.lab.clouds.aliyun import ID, NEWEST, REGION, SECRET, VPC, AliyunCloud, refusal
from tests.lab.stand_in import Reply

SPEC = MachineSpec(
    name="web-1",
    mark="job-0",
    image=NEWEST,
    size="ecs.g8i.large",
    location="1",
    public_key="ssh-ed25519 AAAA me@home",
    key_name="my work",
    user_data="#cloud-config\n" + "# ä" * 4000,
    tags=("blue", "env=prod"),
)
# the example of https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism
EXAMPLE = {
    "Timestamp": "2016-02-23T12:46:24Z",
    "Format": "XML",
    "AccessKeyId": "testid",
    "Action": "DescribeRegions",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
    "Version": "2014-05-26",
    "SignatureVersion": "1.0",
}


@pytest.fixture
def cloud() -> Iterator[AliyunCloud]:
    with AliyunCloud() as running:
        yield running


@pytest.fixture
def provider(cloud: AliyunCloud) -> Iterator[Aliyun]:
    settings = Aliyun.read_settings({"access_key_id": ID, "access_key_secret": SECRET})
    opened = Aliyun(Account(settings=settings, region=REGION, endpoint=cloud.url))
    opened.open()
    yield opened
    opened.close()


def asked(cloud: AliyunCloud, action: str) -> list[dict[str, str]]:
    return [each for each in cloud.actions if each["Action"] == action]


def test_the_signature_of_the_vendors_page() -> None:
    assert signature("testsecret", "GET", EXAMPLE) == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_secrets_stay_out_of_what_is_shown() -> None:
    assert "secret" not in repr(Keys("id", "my-secret")).replace("secret=", "")


def test_no_two_requests_are_alike(provider: Aliyun, cloud: AliyunCloud) -> None:
    for _ in range(3):
        provider.check()
    assert len({each["SignatureNonce"] for each in cloud.actions}) == 3


def test_a_machine_is_given_all_that_was_asked_for(provider: Aliyun, cloud: AliyunCloud) -> None:
    made = provider.create(SPEC)
    (sent,) = asked(cloud, "RunInstances")
    assert (sent["ZoneId"], sent["VSwitchId"], sent["HostName"]) == ("eu-central-1b", "vsw-b", "web-1")
    assert cloud.user_data == [SPEC.user_data]
    assert cloud.keys == {sent["KeyPairName"]: "ssh-ed25519 AAAA"}
    assert sent["KeyPairName"].startswith("mist-my-work-")
    assert made.state is MachineState.PENDING
    there = provider.known(made.external_id)
    assert (there.mark, there.tags) == ("job-0", ("blue", "env=prod"))
    assert there.public_ips == ("47.254.1.2", "2408:4321:180:1701:94c7:bc38:3bfa:1")
    assert there.private_ips == ("172.16.0.7",)


def test_what_is_long_or_private_is_not_in_the_address(provider: Aliyun, cloud: AliyunCloud) -> None:
    provider.create(SPEC)
    assert all("UserData" not in each.query and "PublicKeyBody" not in each.query for each in cloud.seen)


def test_a_repeated_create_makes_no_second_machine(provider: Aliyun, cloud: AliyunCloud) -> None:
    assert provider.create(SPEC).external_id == provider.create(SPEC).external_id
    assert len(cloud.instances) == len(cloud.keys) == len(cloud.groups) == 1


def test_the_group_lets_ssh_in_and_is_made_once(provider: Aliyun, cloud: AliyunCloud) -> None:
    busy = cloud.refusing_action("AuthorizeSecurityGroup", Reply(503, "busy"))
    with busy, pytest.raises(errors.ProviderUnreachable):
        provider.create(SPEC)
    provider.create(SPEC)
    (group,) = cloud.groups.values()
    assert group["open"] == [("22/22", "0.0.0.0/0")]
    group["open"].clear()
    provider.create(SPEC)
    assert group["open"] == [], "its owner closed it"


@pytest.mark.parametrize(
    ("networks", "location", "switch"),
    [
        ((), None, "vsw-a"),
        ((VPC,), "eu-central-1b", "vsw-b"),
        (("vsw-b",), None, "vsw-b"),
        ((), "Zone eu-central-1a", "vsw-a"),
    ],
)
def test_the_place_of_a_machine(
    provider: Aliyun, cloud: AliyunCloud, networks: tuple[str, ...], location: str | None, switch: str
) -> None:
    provider.create(
        MachineSpec(name="web", mark="m", image=NEWEST, size="ecs.g8i.large", networks=networks, location=location)
    )
    assert asked(cloud, "RunInstances")[0]["VSwitchId"] == switch


@pytest.mark.parametrize("networks", [("vsw-c",), ("vpc-2",)])
def test_an_unknown_network_is_called_that(provider: Aliyun, networks: tuple[str, ...]) -> None:
    with pytest.raises(errors.ProviderNotFound, match=networks[0]):
        provider.create(MachineSpec(name="web", mark="m", image=NEWEST, size="ecs.g8i.large", networks=networks))


def test_a_machine_without_a_public_address(provider: Aliyun, cloud: AliyunCloud) -> None:
    extra = {"internet_bandwidth": 0, "security_group": "sg-0"}
    cloud.groups["sg-0"] = {}
    provider.create(MachineSpec(name="web", mark="m", image=NEWEST, size="ecs.g8i.large", extra=extra))
    (sent,) = asked(cloud, "RunInstances")
    assert sent["InternetMaxBandwidthOut"] == "0"
    assert "InternetChargeType" not in sent


def test_an_empty_list_for_want_of_permission_is_an_error(provider: Aliyun, cloud: AliyunCloud) -> None:
    assert provider.list_machines() == []
    cloud.may_see = False
    for call in (provider.list_machines, provider.check, lambda: provider.find_marked("m")):
        with pytest.raises(errors.ProviderAuthFailed, match="not authorized"):
            call()


def test_the_catalog(provider: Aliyun) -> None:
    assert [image.id for image in provider.list_images()] == ["m-1", NEWEST, "debian_12_1_x64_20G_alibase_20260101.vhd",
                                                              "ubuntu_24_04_x64_20G_alibase_20260901.vhd"]  # fmt: skip
    assert len(provider.list_images("debian_13")) == 2
    assert [size.id for size in provider.list_sizes()] == ["ecs.e-c1m1.large", "ecs.g8i.large"]
    (network,) = provider.list_networks()
    assert [subnet["location"] for subnet in network.subnets] == ["eu-central-1a", "eu-central-1b"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(404, "InvalidAccessKeyId.NotFound", "not found"), errors.ProviderAuthFailed),
        (refusal(403, "InvalidAccessKeyId.Inactive", "disabled"), errors.ProviderAuthFailed),
        (refusal(403, "Forbidden", "no"), errors.ProviderAuthFailed),
        (refusal(400, "Throttling.User", "slower"), errors.ProviderRateLimited),
        (refusal(403, "IncorrectInstanceStatus.Initializing", "not yet"), errors.ProviderRateLimited),
        (refusal(403, "InvalidAccountStatus.NotEnoughBalance", "pay"), errors.ProviderQuota),
        (refusal(403, "Zone.NotOnSale", "sold out"), errors.ProviderQuota),
        (refusal(404, "InvalidInstanceId.NotFound", "what"), errors.ProviderNotFound),
        (refusal(403, "OperationDenied", "no"), errors.ProviderRejected),
        (refusal(400, "MissingParameter", "which"), errors.ProviderRejected),
        (refusal(500, "InternalError", "oh"), errors.ProviderUnreachable),
        (refusal(503, "ServiceUnavailable", "oh"), errors.ProviderUnreachable),
    ],
)
def test_a_refusal_is_told_by_its_code(
    provider: Aliyun, cloud: AliyunCloud, reply: Reply, kind: type[errors.MistError]
) -> None:
    made = provider.create(SPEC)
    provider.stop(made.external_id)
    with cloud.refusing_action("StartInstance", reply), pytest.raises(errors.MistError) as caught:
        provider.start(made.external_id)
    assert type(caught.value) is kind


def test_a_tag_of_another_program_is_not_changed(provider: Aliyun) -> None:
    made = provider.create(SPEC)
    with pytest.raises(errors.Conflict, match="env=prod"):
        provider.add_tag(made.external_id, "env=test")
    provider.remove_tag(made.external_id, "env=other")
    assert "env=prod" in provider.known(made.external_id).tags


@pytest.mark.parametrize("tag", ["a", "a=b", "a=b=c", "ä=ö", "a" * 128])
def test_a_tag_comes_back_as_it_was(tag: str) -> None:
    assert as_tag(*as_pair(tag)) == tag


@pytest.mark.parametrize("tag", ["=x", "aliyun=1", "acs:x", "a" * 129, "a=" + "b" * 129, "a=http://x"])
def test_tags_that_cannot_be(tag: str) -> None:
    with pytest.raises(errors.InvalidInput, match="key=value"):
        as_pair(tag)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"name": "1web"}, "begin with a letter"),
        ({"name": "http://x"}, "begin with a letter"),
        ({"name": "w"}, "begin with a letter"),
        ({"name": "we b"}, "begin with a letter"),
        ({"size": None}, "--size"),
        ({"networks": ("a", "b")}, "one network"),
        ({"extra": {"internet_bandwidth": 101}}, "0 to 100"),
        ({"extra": {"password": "x"}}, "security_group"),
        ({"tags": tuple(f"t{number}" for number in range(20))}, "19 tags"),
        ({"tags": ("acs:x",)}, "key=value"),
        ({"user_data": "x" * 40_000}, "32 KiB"),
    ],
)
def test_what_is_refused_before_any_call(changed: dict[str, Any], says: str) -> None:
    values: dict[str, Any] = {"name": "web", "mark": "m", "image": "i", "size": "s"} | changed
    with pytest.raises(errors.InvalidInput, match=says):
        Aliyun.check_spec(MachineSpec(**values))


@pytest.mark.parametrize("region", ["", "eu", "x.evil.com/#", "cn-hangzhou.evil", "cn-hangzhou@evil"])
def test_a_region_that_leads_elsewhere_is_refused(region: str) -> None:
    settings = Aliyun.read_settings({"access_key_id": ID, "access_key_secret": SECRET})
    with pytest.raises(errors.InvalidInput, match="no region"):
        Aliyun(Account(settings=settings, region=region)).open()


def test_odd_data_is_borne() -> None:
    machine = reading({"InstanceId": "i-1", "Status": "Odd", "EipAddress": "", "InnerIpAddress": "", "Tags": {}})
    assert (machine.name, machine.state, machine.public_ips) == ("i-1", MachineState.UNKNOWN, ())
