"""What Alibaba Cloud once answered, read by the provider.

The recordings are the API's XML. The provider asks for JSON, which holds the same: an element with children is an
object, and one whose children all have the same name holds a list under it. That rule alone turns them into JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mistserver.domain.machine import MachineState
from mistserver.providers.aliyun import Aliyun
from mistserver.providers.base import Account
from tests.lab.stand_in import Answer, Reply, Request, StandIn

FILES = {
    "DescribeInstances": "describe_instances.xml",
    "DescribeInstanceTypes": "describe_instance_types.xml",
    "DescribeZones": "describe_zones.xml",
    "DescribeImages": "describe_images.xml",
    "StartInstance": "start_instance.xml",
    "StopInstance": "stop_instance.xml",
    "RebootInstance": "reboot_instance.xml",
    "DeleteInstance": "delete_instance.xml",
    "DescribeSecurityGroups": "describe_security_groups.xml",
}


class Recorded(StandIn):
    """`files` says which recording answers an action."""

    def __init__(self, **files: str) -> None:
        super().__init__()
        self.files = FILES | files
        self.actions: list[dict[str, str]] = []

    def handle(self, request: Request) -> Answer:
        action = request.query["Action"]
        self.actions.append(request.query)
        name = self.files.get(action)
        if request.query.get("PageNumber") == "2":
            name = "pages_describe_images_page2.xml"
        if name is None:
            return Reply(501, {"message": f"not recorded: {action}"})
        return Reply(200, json.dumps(as_json(ElementTree.fromstring(fixture(name)))))


def fixture(name: str) -> str:
    libcloud = pytest.importorskip("libcloud", reason="apache-libcloud is not installed: make install")
    folder = Path(libcloud.__file__).parent / "test" / "compute" / "fixtures" / "ecs"
    return (folder / name).read_text(encoding="utf-8")


def as_json(element: ElementTree.Element) -> Any:
    children = list(element)
    if not children:
        return _value((element.text or "").strip())
    names = {child.tag for child in children}
    if len(names) == 1:
        return {children[0].tag: [as_json(child) for child in children]}
    return {child.tag: as_json(child) for child in children}


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def opened(cloud: Recorded) -> Aliyun:
    settings = Aliyun.read_settings({"access_key_id": "a", "access_key_secret": "s"})
    provider = Aliyun(Account(settings=settings, region="cn-qingdao", endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[Recorded]:
    with Recorded() as running:
        yield running


@pytest.fixture
def provider(cloud: Recorded) -> Iterator[Aliyun]:
    provider = opened(cloud)
    yield provider
    provider.close()


def test_machines(provider: Aliyun) -> None:
    first, second, *_ = provider.list_machines()
    assert (first.external_id, first.name, first.location) == ("i-28n7dkvov", "iZ28n7dkvovZ", "cn-qingdao-b")
    assert first.state is MachineState.PENDING
    assert (first.public_ips, first.private_ips) == (("114.215.124.73",), ("10.163.197.74",))
    assert (first.size, first.image) == ("ecs.t1.small", "ubuntu1404_64_20G_aliaegis_20150325.vhd")
    assert first.created_at == datetime(2015, 12, 27, 7, 35, tzinfo=UTC)
    assert (first.tags, first.mark, first.extra["security_groups"]) == ((), None, ["sg-28ou0f3xa"])
    assert second.public_ips == ("114.215.124.73",), "an elastic address"
    assert second.private_ips == ("10.163.197.74",), "of a VPC"


def test_images(provider: Aliyun) -> None:
    (image,) = provider.list_images()
    assert (image.id, image.star) == ("freebsd1001_64_20G_aliaegis_20150527.vhd", True)
    assert image.name.startswith("FreeBSD 10.1")
    assert (image.extra["architecture"], image.extra["min_disk_gb"]) == ("x86_64", 20)


def test_every_page_of_images() -> None:
    with Recorded(DescribeImages="pages_describe_images.xml") as cloud:
        provider = opened(cloud)
        assert len(provider.list_images("all")) == 2
        provider.close()
        assert {each["PageNumber"] for each in cloud.actions} == {"1", "2"}


def test_sizes_and_locations(provider: Aliyun) -> None:
    small, large = provider.list_sizes()
    assert (small.id, small.cores, small.ram_mb) == ("ecs.t1.xsmall", 1, 512)
    assert (large.id, large.cores, large.ram_mb) == ("ecs.s2.small", 2, 1024)
    assert small.extra["locations"] == ["cn-qingdao-b"]
    assert [(each.id, each.name) for each in provider.list_locations()] == [("cn-qingdao-b", "青岛可用区B")]


def test_power_and_destroy() -> None:
    for action, method, before in (
        ("StopInstance", "stop", "reboot_node_describe_instances.xml"),
        ("StartInstance", "start", "stop_node_describe_instances.xml"),
        ("RebootInstance", "reboot", "reboot_node_describe_instances.xml"),
        ("DeleteInstance", "destroy", "describe_instances.xml"),
    ):
        with Recorded(DescribeInstances=before) as cloud:
            provider = opened(cloud)
            getattr(provider, method)("i-28n7dkvov")
            provider.close()
            assert (cloud.actions[-1]["Action"], cloud.actions[-1]["InstanceId"]) == (action, "i-28n7dkvov")
