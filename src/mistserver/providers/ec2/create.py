"""Asking EC2 for one machine: its key, its way in, and the call that carries the mark."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from mistserver.domain.errors import InvalidInput, ProviderBadAnswer, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import MachineReading, MachineSpec
from mistserver.providers.ec2 import catalog
from mistserver.providers.ec2.api import Api
from mistserver.providers.ec2.machines import MARK, NAME, as_pair, reading

GROUP = "mist"
GROUP_SAYS = "SSH from anywhere and nothing else; made by Mist for machines without a group of their own"
_UNFINISHED = "mist-unfinished"
_KEYS = ("ssh-rsa", "ssh-ed25519")
_EXTRA = {"security_groups": list, "public_ip": bool}


def check_spec(spec: MachineSpec) -> None:
    """What EC2 would refuse, with its rule; no network."""
    if len(spec.name) > 255:
        raise InvalidInput("EC2 takes names of at most 255 characters.", field="name")
    if not spec.size:
        raise InvalidInput("EC2 needs a size (--size), for instance t3.micro.", field="size")
    if len(spec.networks) > 1:
        raise InvalidInput("EC2 takes one network: a subnet or a VPC.", field="networks")
    if spec.public_key and spec.public_key.split(" ")[0] not in _KEYS:
        raise InvalidInput("EC2 takes RSA and Ed25519 keys only; choose another key.", field="key")
    for name, value in spec.extra.items():
        if name not in _EXTRA or not isinstance(value, _EXTRA[name]):
            known = ", ".join(f"{each} ({kind.__name__})" for each, kind in _EXTRA.items())
            raise InvalidInput(f"EC2 takes {known} as extra options; {name!r} is none of them.", field="extra")


def create(api: Api, spec: MachineSpec) -> MachineReading:
    """One `RunInstances`. The mark is a tag, and its client token: a repetition makes no second machine."""
    tags = [{"Key": NAME, "Value": spec.name}, {"Key": MARK, "Value": spec.mark}, *map(as_pair, spec.tags)]
    wanted: dict[str, Any] = {
        "ImageId": spec.image,
        "InstanceType": spec.size,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": hashlib.sha256(spec.mark.encode()).hexdigest(),
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    }
    if spec.location is not None:
        wanted["Placement"] = {"AvailabilityZone": catalog.zone(api, spec.location)}
    if spec.public_key:
        wanted["KeyName"] = import_key(api, spec.key_name or "mist", spec.public_key)
    if spec.user_data is not None:
        wanted["UserData"] = spec.user_data
    subnet, vpc = _place(api, spec)
    groups = spec.extra.get("security_groups") or [_group(api, vpc)]
    wanted |= _interface(subnet, [str(group) for group in groups], spec.extra.get("public_ip"))
    instances = api.call("run_instances", **wanted).get("Instances", [])
    if not instances:
        raise ProviderBadAnswer("EC2 answered a create without a machine.", where=api.where)
    return reading(instances[0])


def import_key(api: Api, name: str, public: str) -> str:
    """Make sure that EC2 holds the key, and return its name there.

    That is the key's name in Mist, unless another key has that name already: then the fingerprint is added to it.
    """
    name = name if name.isascii() and len(name) <= 200 else "mist"
    for called in (name, f"{name} {_fingerprint(public)}"):
        held = _held(api, called)
        if held is None:
            _import(api, called, public)
            held = _held(api, called)
        if held is not None and held == _body(public):
            return called
    raise ProviderRejected(f"EC2 holds other keys under the names of the key {name!r}; rename it.", key=name)


def _import(api: Api, name: str, public: str) -> None:
    try:
        api.call("import_key_pair", KeyName=name, PublicKeyMaterial=f"{public.strip()}\n".encode())
    except ProviderRejected as error:
        if error.facts.get("vendor_code") != "InvalidKeyPair.Duplicate":  # else another job was faster
            raise


def _held(api: Api, name: str) -> str | None:
    """The key that EC2 holds under a name, without type and comment."""
    try:
        found = api.call("describe_key_pairs", KeyNames=[name], IncludePublicKey=True).get("KeyPairs", [])
    except ProviderNotFound:
        return None
    return _body(str(found[0].get("PublicKey") or "")) if found else None


def _body(public: str) -> str:
    parts = public.split()
    return parts[1] if len(parts) > 1 else ""


def _fingerprint(public: str) -> str:
    return hashlib.sha256(base64.b64decode(_body(public))).hexdigest()[:12]


def _place(api: Api, spec: MachineSpec) -> tuple[str | None, str | None]:
    """Subnet and VPC for the machine; both None where EC2's default is meant."""
    if not spec.networks:
        return None, None
    wanted = spec.networks[0]
    if wanted.startswith("subnet-"):
        found = api.call("describe_subnets", SubnetIds=[wanted]).get("Subnets", [])
    else:
        zone = catalog.zone(api, spec.location) if spec.location is not None else None
        within = api.pages("describe_subnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [wanted]}])
        found = [each for each in within if zone in (None, each.get("AvailabilityZone"))]
    if not found:
        raise ProviderNotFound(f"EC2 has no subnet for the network {wanted!r} there.", network=wanted)
    first = min(found, key=lambda each: str(each.get("AvailabilityZone")))
    return first["SubnetId"], first["VpcId"]


def _interface(subnet: str | None, groups: list[str], public_ip: bool | None) -> dict[str, Any]:
    if public_ip is None:
        return {"SecurityGroupIds": groups} | ({"SubnetId": subnet} if subnet else {})
    interface = {"DeviceIndex": 0, "Groups": groups, "AssociatePublicIpAddress": public_ip}
    return {"NetworkInterfaces": [interface | ({"SubnetId": subnet} if subnet else {})]}


def _group(api: Api, vpc: str | None) -> str:
    """The id of the group `mist` in the VPC, made when it is not there; one that is there is left as it is."""
    if vpc is None:
        default = api.call("describe_vpcs", Filters=[{"Name": "is-default", "Values": ["true"]}]).get("Vpcs", [])
        if not default:
            raise InvalidInput("This region has no default VPC; choose a network (--network-id).", field="networks")
        vpc = str(default[0]["VpcId"])
    found = _existing(api, vpc)
    if found and not any(tag.get("Key") == _UNFINISHED for tag in found[0].get("Tags", [])):
        return str(found[0]["GroupId"])
    return _finished(api, str(found[0]["GroupId"]) if found else _made(api, vpc))


def _existing(api: Api, vpc: str) -> list[dict[str, Any]]:
    filters = [{"Name": "group-name", "Values": [GROUP]}, {"Name": "vpc-id", "Values": [vpc]}]
    return list(api.call("describe_security_groups", Filters=filters).get("SecurityGroups", []))


def _made(api: Api, vpc: str) -> str:
    unfinished = [{"ResourceType": "security-group", "Tags": [{"Key": _UNFINISHED, "Value": ""}]}]
    try:
        made = api.call(
            "create_security_group", GroupName=GROUP, Description=GROUP_SAYS, VpcId=vpc, TagSpecifications=unfinished
        )
    except ProviderRejected as error:
        found = _existing(api, vpc)
        if error.facts.get("vendor_code") != "InvalidGroup.Duplicate" or not found:  # else another create was faster
            raise
        return str(found[0]["GroupId"])
    return str(made["GroupId"])


def _finished(api: Api, group: str) -> str:
    """Open SSH. The tag tells a group whose making was interrupted from one that its owner closed."""
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    anywhere = ssh | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    try:
        api.call("authorize_security_group_ingress", GroupId=group, IpPermissions=[anywhere])
    except ProviderRejected as error:
        if error.facts.get("vendor_code") != "InvalidPermission.Duplicate":
            raise
    api.call("delete_tags", Resources=[group], Tags=[{"Key": _UNFINISHED}])
    return group
