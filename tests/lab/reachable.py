"""Machines of moto's EC2 that can be signed in to: moto invents addresses, and containers are given them."""

from __future__ import annotations

import contextlib
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service, client


@dataclass(frozen=True)
class ReachableSubnet:
    """A subnet in moto whose machines get the addresses 4, 5 and so on, and the engine's network of the same range."""

    id: str
    prefix: str
    engine: Any
    network: Any
    ec2: Any

    def machine(self, name: str, number: int, image: str) -> None:
        """A machine that is there already, at this address."""
        self.ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=self.id,
            PrivateIpAddress=f"{self.prefix}.{number}",
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )

    def container(self, number: int, image: str, volumes: dict[str, dict[str, str]]) -> Any:
        """What answers at this address."""
        place = self.engine.api.create_endpoint_config(ipv4_address=f"{self.prefix}.{number}")
        return self.engine.containers.run(
            image, detach=True, volumes=volumes, network=self.network.name, networking_config={self.network.name: place}
        )


@contextlib.contextmanager
def reachable_subnet(ec2: Ec2Service, host: DockerHost, region: str) -> Iterator[ReachableSubnet]:
    """A subnet of the region's default VPC; its machines, the containers and the network are gone afterwards."""
    import docker
    from docker.types import IPAMConfig, IPAMPool

    prefix = _free_prefix()
    cloud = client(ec2, region)
    vpc = cloud.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    cloud.associate_vpc_cidr_block(VpcId=vpc, CidrBlock=f"{prefix}.0/24")
    zone = cloud.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    subnet = cloud.create_subnet(VpcId=vpc, CidrBlock=f"{prefix}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    with contextlib.closing(docker.DockerClient(f"unix://{host.socket}")) as engine:
        pools = [IPAMPool(subnet=f"{prefix}.0/24", gateway=f"{prefix}.1")]
        network = engine.networks.create(f"ec2-{prefix}", ipam=IPAMConfig(pool_configs=pools))
        try:
            yield ReachableSubnet(subnet, prefix, engine, network, cloud)
        finally:
            _terminate(cloud, subnet)
            network.reload()
            for container in network.containers:
                container.remove(force=True)
            network.remove()


def _terminate(cloud: Any, subnet: str) -> None:
    found = cloud.describe_instances(Filters=[{"Name": "subnet-id", "Values": [subnet]}])["Reservations"]
    if ids := [machine["InstanceId"] for reservation in found for machine in reservation["Instances"]]:
        cloud.terminate_instances(InstanceIds=ids)


def _free_prefix() -> str:
    """The first three numbers of a range that nobody on this machine uses, by chance, as others may be choosing too."""
    taken = subprocess.run(["ip", "-4", "route", "show"], capture_output=True, text=True, check=True).stdout
    return random.choice([f"10.216.{n}" for n in range(1, 250) if f"10.216.{n}." not in taken])
