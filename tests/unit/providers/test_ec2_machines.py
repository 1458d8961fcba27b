"""EC2's instances and tags as Mist shows them."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.ec2.create import check_spec
from mistserver.providers.ec2.machines import as_pair, as_tag, reading

INSTANCE: dict[str, Any] = {
    "InstanceId": "i-1",
    "State": {"Name": "running"},
    "PublicIpAddress": "203.0.113.5",
    "PrivateIpAddress": "10.0.0.5",
    "NetworkInterfaces": [
        {
            "PrivateIpAddresses": [
                {"PrivateIpAddress": "10.0.0.5", "Association": {"PublicIp": "203.0.113.5"}},
                {"PrivateIpAddress": "10.0.0.6", "Association": {"PublicIp": "203.0.113.6"}},
            ],
            "Ipv6Addresses": [{"Ipv6Address": "2001:db8::5"}],
        }
    ],
    "Tags": [
        {"Key": "Name", "Value": "web"},
        {"Key": "mist-mark", "Value": "m"},
        {"Key": "aws:autoscaling:groupName", "Value": "g"},
        {"Key": "dev", "Value": ""},
        {"Key": "env", "Value": "prod"},
    ],
}


def test_an_instance_is_read_whole() -> None:
    machine = reading(INSTANCE)
    assert (machine.name, machine.state, machine.mark) == ("web", MachineState.RUNNING, "m")
    assert machine.public_ips == ("203.0.113.5", "203.0.113.6", "2001:db8::5")
    assert machine.private_ips == ("10.0.0.5", "10.0.0.6")
    assert machine.tags == ("dev", "env=prod")


def test_a_bare_instance_is_read_too() -> None:
    machine = reading({"InstanceId": "i-2"})
    assert (machine.name, machine.state, machine.tags) == ("i-2", MachineState.UNKNOWN, ())


@pytest.mark.parametrize("tag", ["dev", "env=prod", "a=b=c", "=x", "=", "with blank"])
def test_a_tag_survives_the_way_there_and_back(tag: str) -> None:
    pair = as_pair(tag)
    assert as_tag(pair["Key"], pair["Value"]) == tag


def spec(**changes: Any) -> MachineSpec:
    return MachineSpec(**{"name": "n", "mark": "m", "image": "ami-1", "size": "t1.micro", **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "x" * 256},
        {"size": None},
        {"networks": ("a", "b")},
        {"public_key": "ecdsa-sha2-nistp256 AAAA c"},
        {"extra": {"colour": "red"}},
        {"extra": {"security_groups": "sg-1"}},
    ],
)
def test_what_ec2_would_refuse_is_refused_before(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        check_spec(spec(**changes))


def test_old_sizes_and_many_names_pass() -> None:
    check_spec(spec(size="m1.small", name="a b/c -$(x)", extra={"public_ip": True, "security_groups": ["sg-1"]}))
