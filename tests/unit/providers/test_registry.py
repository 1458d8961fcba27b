"""The registry: which providers there are, what they are called, and what it says of those that cannot be used."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import get_args

import pytest

from mistserver.domain.errors import InvalidInput, ProviderNotAvailable
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.providers.declare import Kind
from mistserver.providers.describe import describe, describe_all

LISTED = """
bare_metal Other Server
azure Azure
ec2 EC2 ec2_ap_northeast=Tokyo ec2_ap_southeast=Singapore ec2_ap_southeast_2=Sydney ec2_eu_west=Ireland
gce Google Compute Engine
nephoscale NephoScale
digitalocean DigitalOcean
linode Linode
openstack OpenStack
rackspace Rackspace dfw=Dallas ord=Chicago
softlayer SoftLayer
hpcloud HP Helion Cloud region-a.geo-1=US
docker Docker
vcloud VMware vCloud
indonesian_vcloud Indonesian Cloud
libvirt KVM (via libvirt)
localhost This machine
"""


def test_providers_are_listed_in_the_order_users_know() -> None:
    wanted = [line.split("=")[0].split() for line in LISTED.strip().splitlines()]
    for found, (id, *title) in zip(describe_all()[: len(wanted)], wanted, strict=True):
        assert found.id == id
        assert " ".join(title).startswith(found.title)


def test_thirty_rows_of_provider_and_region_stand_from_the_start() -> None:
    old = {"ec2": 8, "rackspace": 8, "hpcloud": 2}
    ids = [row.id for row in registry.rows()]
    assert sum(old.get(id, 1) for id in ids[: ids.index("localhost")]) == 30
    assert [region.title for region in describe("ec2").regions][:8] == [
        *("Tokyo", "Singapore", "Sydney", "Ireland", "Sao Paulo", "N. Virginia", "N. California", "Oregon")
    ]


@pytest.mark.parametrize(
    ("given", "region", "meant"),
    [
        ("ec2_ap_northeast", None, ("ec2", "ec2_ap_northeast")),
        ("ec2", "ap-northeast-1", ("ec2", "ec2_ap_northeast")),
        ("ec2_eu_west", "eu-west-1", ("ec2", "ec2_eu_west")),
        ("ec2", "eu-central-1", ("ec2", "eu-central-1")),
        ("rackspace:dfw", None, ("rackspace", "dfw")),
        ("rackspace_first_gen:us", None, ("rackspace", "rackspace_first_gen:us")),
        ("hpcloud:region-a.geo-1", None, ("hpcloud", "region-a.geo-1")),
        ("openstack", "anything", ("openstack", "anything")),
        (" docker ", " ", ("docker", None)),
    ],
)
def test_provider_and_region_are_understood(given: str, region: str | None, meant: tuple[str, str | None]) -> None:
    assert registry.resolve(given, region) == meant


@pytest.mark.parametrize(
    ("given", "region", "says"),
    [
        ("ec3", None, "There is no provider 'ec3'; there are bare_metal, azure"),
        ("ec2", None, "needs a region .*ec2_ap_northeast"),
        ("ec2", "mars", "no region 'mars'; it has ec2_ap_northeast"),
        ("ec2_eu_west", "ec2_us_east", "contradict"),
        ("docker", "dfw", "has no regions"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: str, region: str | None, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        registry.resolve(given, region)


def test_a_missing_library_is_answered_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ProviderNotAvailable, match=r"pip install 'mist\[ec2\]'"):
        registry.load("ec2")
    assert describe("ec2").available is False
    assert describe("ec2", everywhere=True).available is True


def test_built_providers_load() -> None:
    for row in registry.rows():
        if row.module is not None:
            assert issubclass(registry.load(row.id), Provider)


def test_declarations_need_no_vendor_library() -> None:
    code = (
        "import sys; from mistserver.providers.describe import describe_all; describe_all();"
        "assert not {'boto3', 'botocore', 'docker', 'libvirt', 'requests', 'asyncssh'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_says_whether_its_vendor_still_answers_and_what_it_can_do() -> None:
    found = {one.id: one for one in describe_all()}

    assert {one.id for one in found.values() if one.state == "retired"} >= {"azure", "nephoscale", "hpcloud"}
    assert all((one.state == "retired") == bool(one.retired_since) for one in found.values())
    assert found["indonesian_vcloud"].state == "unknown"
    assert {"list-sizes", "create", "stop", "resize", "native-tags", "endpoint"} <= set(found["ec2"].capabilities)
    assert "exec" in found["docker"].capabilities
    assert found["bare_metal"].capabilities == ["list-machines", "reboot"]
    assert all("list-machines" in one.capabilities for one in found.values() if registry.row(one.id).module)


def test_each_setting_says_what_a_form_needs() -> None:
    for one in describe_all():
        for setting in one.settings:
            assert setting.help
            assert setting.flag
            assert not (setting.required and setting.default is not None)
            assert setting.kind in get_args(Kind)
