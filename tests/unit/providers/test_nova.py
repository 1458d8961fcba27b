"""Nova's own rules, before any call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers.hpcloud import HpCloud
from mistserver.providers.nova.cloud import _versioned, _whole
from mistserver.providers.nova.machines import as_pair, as_tag, reading
from mistserver.providers.openstack import OpenStack
from mistserver.providers.rackspace import Rackspace


def spec(**other: Any) -> MachineSpec:
    return MachineSpec(**{"name": "one", "mark": "m", "image": "i", "size": "s", **other})


@pytest.mark.parametrize("provider", [OpenStack, Rackspace, HpCloud])
def test_a_plain_spec_passes(provider: type[OpenStack]) -> None:
    for name in ("a", "web-1.example.org", "größer als 1", "x" * 255):
        provider.check_spec(spec(name=name, tags=("blue", "env=prod"), networks=("a", "b"), location="0"))


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " a"}, "name"),
        ({"name": "a "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"size": None}, "size"),
        ({"user_data": "x" * 50_000}, "user_data"),
        ({"tags": ("a/b",)}, "tag"),
        ({"tags": ("größe",)}, "tag"),
        ({"tags": ("mist-mark=1",)}, "tag"),
        ({"tags": ("a=" + "x" * 256,)}, "tag"),
        ({"tags": ("a=1", "a=2")}, "tags"),
        ({"tags": tuple(f"t{n}" for n in range(101))}, "tags"),
        ({"extra": {"floating_network": "x"}}, "extra"),
        ({"extra": {"boot_volume_gb": True}}, "extra"),
        ({"extra": {"boot_volume_gb": 0}}, "extra"),
    ],
)
def test_what_nova_would_refuse_is_refused_before(other: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OpenStack.check_spec(spec(**other))
    assert caught.value.facts["field"] == field


@given(st.from_regex(r"[a-zA-Z0-9_:. -]{1,30}(=[^=]{1,20})?", fullmatch=True))
def test_a_tag_comes_back_as_it_went(tag: str) -> None:
    assert as_tag(*as_pair(tag)) == tag


def test_a_server_with_little_to_say_is_read() -> None:
    machine = reading({"id": "1", "name": "", "status": "ACTIVE", "metadata": None, "addresses": None, "image": ""})
    assert (machine.name, machine.image, machine.size, machine.created_at, machine.public_ips) == (
        "",
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("http://h:8774", "http://h:8774/v2.1/p"),
        ("http://h:8774/", "http://h:8774/v2.1/p"),
        ("http://h:8774/v2.1", "http://h:8774/v2.1/p"),
        ("http://h/compute/v2.1/%(tenant_id)s", "http://h/compute/v2.1/p"),
        ("http://h:8774/v2/$(project_id)s/", "http://h:8774/v2/p"),
        ("http://h/other", "http://h/other"),
    ],
)
def test_a_compute_address_gets_its_version_and_project(url: str, whole: str) -> None:
    assert _whole(url, "p") == whole


@pytest.mark.parametrize(
    ("url", "versioned"),
    [
        ("http://h:9292", "http://h:9292/v2"),
        ("http://h:9292/v1", "http://h:9292/v2"),
        ("http://h:9292/v2", "http://h:9292/v2"),
        ("http://h/v2/1337", "http://h/v2/1337"),
        ("http://h/v1.1/1337", "http://h/v2/1337"),
        ("http://h/image", "http://h/image/v2"),
    ],
)
def test_a_catalogues_address_may_lack_the_version(url: str, versioned: str) -> None:
    assert _versioned(url, "/v2") == versioned


def test_backends_of_rackspace_are_called_by_their_regions() -> None:
    names = [Rackspace.default_name(None, region.id) for region in Rackspace.regions]
    assert names == [
        *("Rackspace DFW", "Rackspace ORD", "Rackspace IAD", "Rackspace LON", "Rackspace AU", "Rackspace HKG"),
        *("Rackspace US (OLD)", "Rackspace UK (OLD)"),
    ]
