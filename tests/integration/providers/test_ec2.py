"""What is EC2's own: pages, keys, the security group, images, time."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Account
from mistserver.providers.ec2 import Ec2, catalog
from mistserver.providers.ec2.create import GROUP, import_key
from tests.lab.moto import Ec2Service, client
from tests.lab.sshd import key_pair

REGION, VENDORS = "ec2_us_east", "us-east-1"


@pytest.fixture
def provider(ec2_cloud: Ec2Service) -> Iterator[Ec2]:
    settings = Ec2.read_settings({"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret})
    opened = Ec2(Account(settings=settings, region=REGION, endpoint=ec2_cloud.endpoint))
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def behind(ec2_cloud: Ec2Service) -> Any:
    """EC2 without the provider."""
    return client(ec2_cloud, VENDORS)


@pytest.fixture
def image(behind: Any) -> str:
    return sorted(image["ImageId"] for image in behind.describe_images(Owners=["amazon"])["Images"])[0]


def spec(image: str, **changes: Any) -> MachineSpec:
    return MachineSpec(**{"name": "n", "mark": secrets.token_hex(8), "image": image, "size": "t1.micro", **changes})


def test_every_page_is_read(provider: Ec2, behind: Any, image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    behind.run_instances(ImageId=image, MinCount=23, MaxCount=23)
    whole = {machine.external_id for machine in provider.list_machines()}
    monkeypatch.setattr(catalog, "PAGES_OF", {"PageSize": 5})
    assert len(whole) >= 23
    assert {machine.external_id for machine in provider.list_machines()} == whole
    behind.terminate_instances(InstanceIds=sorted(whole))
    assert provider.list_machines() == []


def test_many_first_creates_at_once_share_one_group(ec2_cloud: Ec2Service) -> None:
    settings = Ec2.read_settings({"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret})
    account = Account(settings=settings, region="ec2_sa_east", endpoint=ec2_cloud.endpoint)
    there = client(ec2_cloud, "sa-east-1")
    image = sorted(each["ImageId"] for each in there.describe_images(Owners=["amazon"])["Images"])[0]

    def create(_: int) -> str:
        opened = Ec2(account)
        opened.open()
        try:
            return opened.create(spec(image)).external_id
        finally:
            opened.close()

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(create, range(16)))

    groups = there.describe_security_groups(Filters=[{"Name": "group-name", "Values": [GROUP]}])["SecurityGroups"]
    assert len(set(made)) == 16
    assert len(groups) == 1
    there.terminate_instances(InstanceIds=made)


def test_a_machine_shows_what_it_was_asked_to_be(provider: Ec2, image: str) -> None:
    made = provider.create(spec(image, name="a b/c", size="m1.small", location="1", tags=("dev", "env=prod")))
    found = provider.read_machine(made.external_id)
    assert found is not None
    assert (found.name, found.size, found.image, found.tags) == ("a b/c", "m1.small", image, ("dev", "env=prod"))
    assert found.location == provider.list_locations()[1].id
    assert found.public_ips
    assert found.private_ips


def test_a_network_is_a_vpc_or_one_of_its_subnets(provider: Ec2, image: str) -> None:
    vpc = next(network for network in provider.list_networks() if network.extra["default"])
    subnet = str(vpc.subnets[-1]["id"])
    assert provider.create(spec(image, networks=(subnet,))).extra["subnet"] == subnet
    assert provider.create(spec(image, networks=(vpc.id,))).extra["vpc"] == vpc.id
    with pytest.raises(errors.ProviderNotFound):
        provider.create(spec(image, networks=("vpc-00000000",)))


def test_a_location_that_is_none_is_refused(provider: Ec2, image: str) -> None:
    with pytest.raises(errors.InvalidInput, match="us-east-1a"):
        provider.create(spec(image, location="77"))


def test_a_key_is_brought_once_and_never_overwritten(provider: Ec2, behind: Any) -> None:
    first, second = key_pair().public, key_pair("rsa").public
    assert [import_key(provider._api, "My Key", first) for _ in range(2)] == ["My Key", "My Key"]
    another = import_key(provider._api, "My Key", second)
    assert another != "My Key"
    assert import_key(provider._api, "My Key", second) == another
    assert len(behind.describe_key_pairs()["KeyPairs"]) == 2


def test_the_group_lets_ssh_in_and_nothing_else_and_is_left_alone(provider: Ec2, behind: Any, image: str) -> None:
    provider.create(spec(image))
    group = behind.describe_security_groups(GroupNames=[GROUP])["SecurityGroups"][0]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in group["IpPermissions"]] == [(22, 22)]
    behind.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    provider.create(spec(image))
    again = behind.describe_security_groups(GroupNames=[GROUP])["SecurityGroups"]
    assert [each["IpPermissions"] for each in again] == [[]]


def test_a_group_of_ones_own_is_taken(provider: Ec2, behind: Any, image: str) -> None:
    vpc = behind.describe_vpcs()["Vpcs"][0]["VpcId"]
    own = behind.create_security_group(GroupName="own", Description="own", VpcId=vpc)["GroupId"]
    made = provider.create(spec(image, extra={"security_groups": [own]}))
    assert made.extra["security_groups"] == ["own"]


def test_images_are_few_unless_more_are_asked_for(provider: Ec2, behind: Any, image: str) -> None:
    made = behind.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    own = behind.create_image(InstanceId=made, Name="Our Golden Image")["ImageId"]
    usual = provider.list_images()
    assert own in [each.id for each in usual]
    assert len(usual) < 20
    assert len(provider.list_images("all")) > 100
    assert [each.id for each in provider.list_images("golden")] == [own]
    assert own in [each.id for each in provider.list_images(own)]
    assert provider.list_images("no image is called * like this") == []


def test_a_tag_of_somebody_else_is_not_overwritten(provider: Ec2, behind: Any, image: str) -> None:
    made = provider.create(spec(image)).external_id
    behind.create_tags(Resources=[made], Tags=[{"Key": "env", "Value": "prod"}])
    with pytest.raises(errors.Conflict, match="env=prod"):
        provider.add_tag(made, "env=dev")
    provider.remove_tag(made, "env=dev")
    assert provider.read_machine(made).tags == ("env=prod",)  # type: ignore[union-attr]


def test_sizes_of_old_are_there(provider: Ec2) -> None:
    sizes = {size.id: size for size in provider.list_sizes()}
    assert sizes["t1.micro"].cores == 1
    assert sizes["m1.small"].ram_mb
    assert len(sizes) > 500
