"""VPCs and VLANs, and how a new Linode is attached to them.

Linode has two kinds of interfaces, and each account says which are allowed: those of a configuration profile
(`legacy_config`), and its own (`linode`). https://techdocs.akamai.com/linode-api/reference/post-linode-instance
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mistserver.domain.catalog import Network
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.domain.machine import MachineSpec
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Json, Rest

MOST = 2  # three interfaces, of which one is public
OPTIONS = ("interface_generation", "firewall_id")  # extra options that are told by `attached`
GENERATIONS = ("legacy_config", "linode")
_VLAN = "vlan:"
_VLAN_LABEL = re.compile(r"(?!.*--)[0-9A-Za-z-]{1,64}")
_VPC = re.compile(r"(\d{1,18})(?:/(\d{1,18}))?")


def listed(vpcs: Iterable[Json], vlans: Iterable[Json]) -> list[Network]:
    """A VPC goes by its number, one of its subnets by both numbers (`12/34`), a VLAN by `vlan:` and its label."""
    found = [_vpc(each) for each in vpcs]
    for each in vlans:
        extra = {"kind": "vlan", "location": each["region"], "machines": each.get("linodes") or []}
        found.append(Network(id=_VLAN + each["label"], name=each["label"], extra=extra))
    return found


def check(spec: MachineSpec) -> None:
    """InvalidInput for a network that cannot be one of Linode's, or for a kind of interfaces that there is not."""
    for network in spec.networks:
        if not _VPC.fullmatch(network) and not _VLAN_LABEL.fullmatch(network.removeprefix(_VLAN)):
            raise InvalidInput(
                "Linode's networks are VPC (12), VPC/SUBNET (12/34) or vlan:LABEL, the label of up to 64 letters, "
                f"digits and single dashes; {network[:80]!a} is none of them.",
                field="networks",
            )
    if spec.extra.get("interface_generation", "linode") not in GENERATIONS:
        raise InvalidInput(f"interface_generation is one of {', '.join(GENERATIONS)}.", field="extra")


def attached(api: Rest, spec: MachineSpec) -> Json:
    """What a create says of interfaces; nothing where the account's defaults serve."""
    generation = spec.extra.get("interface_generation")
    firewall = spec.extra.get("firewall_id")
    if generation is None and not spec.networks:
        return {} if firewall is None else {"firewall_id": firewall}
    if generation == "linode":
        guarded = {} if firewall is None else {"firewall_id": firewall}
        public = {"public": {}, "default_route": {"ipv4": True, "ipv6": True}, **guarded}
        return {"interface_generation": generation, "interfaces": [public, *(_own(api, n) for n in spec.networks)]}
    told: Json = {"interface_generation": "legacy_config"}
    if firewall is not None:
        told["firewall_id"] = firewall
    if spec.networks:
        told["interfaces"] = [{"purpose": "public", "primary": True}, *(_legacy(api, n) for n in spec.networks)]
    return told


def _own(api: Rest, network: str) -> Json:
    if network.startswith(_VLAN):
        return {"vlan": {"vlan_label": network.removeprefix(_VLAN)}}
    return {"vpc": {"subnet_id": _subnet(api, network)}}


def _legacy(api: Rest, network: str) -> Json:
    if network.startswith(_VLAN):
        return {"purpose": "vlan", "label": network.removeprefix(_VLAN)}
    return {"purpose": "vpc", "subnet_id": _subnet(api, network)}


def _subnet(api: Rest, network: str) -> int:
    """The subnet that is meant; that of the VPC where it has just one."""
    vpc, _, subnet = network.partition("/")
    found = api.found(at("/v4/vpcs/{}", vpc))
    if found is None:
        raise ProviderNotFound(f"Linode has no VPC {vpc} here.", network=network)
    with understood(api.where):
        ids = [int(each["id"]) for each in found["subnets"]]
    if subnet and int(subnet) in ids:
        return int(subnet)
    if not subnet and len(ids) == 1:
        return ids[0]
    known = ", ".join(f"{vpc}/{id}" for id in ids) or "none"
    raise InvalidInput(f"Name one of the subnets of the VPC {vpc}: {known}.", field="networks")


def _vpc(each: Json) -> Network:
    subnets = tuple(
        {"id": f"{each['id']}/{subnet['id']}", "name": subnet["label"], "cidr": subnet.get("ipv4")}
        for subnet in each.get("subnets") or []
    )
    extra = {"kind": "vpc", "location": each["region"], "description": each.get("description") or ""}
    return Network(id=str(each["id"]), name=each["label"], subnets=subnets, extra=extra)
