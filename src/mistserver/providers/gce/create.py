"""Asking Compute Engine for one instance: the call that carries the mark, and what goes into it."""

from __future__ import annotations

import re
import uuid
from types import MappingProxyType

from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers import checks
from mistserver.providers.gce import catalog
from mistserver.providers.gce.api import TITLE, Api
from mistserver.providers.gce.machines import MARK, label_of, reading
from mistserver.providers.http import at
from mistserver.providers.rest import Json

NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME_RULE = "names of 1 to 63 lower-case letters, digits and dashes, the first a letter, the last no dash"
_EXTRA = MappingProxyType({"disk_gb": int, "disk_type": str, "public_ip": bool, "spot": bool, "ssh_user": str})
_IMAGE = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._:/-]{0,400}")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_SCRIPT = "#!"

# The guest agent makes the user that the key is for: it is called as the distribution's other cloud images call theirs.
_USERS = MappingProxyType(
    {
        "ubuntu": "ubuntu",
        "debian": "debian",
        "rocky": "rocky",
        "alma": "almalinux",
        "centos": "centos",
        "fedora": "fedora",
        "rhel": "cloud-user",
        "opensuse": "opensuse",
    }
)
DEFAULT_USER = "user"


def check_spec(spec: MachineSpec) -> None:
    """What Compute Engine would refuse, with its rule; no network."""
    checks.name(TITLE, spec, NAME, _NAME_RULE)
    checks.needs(TITLE, spec, "size", "location")
    checks.networks(TITLE, spec, 1, "a VPC network or a subnet")
    checks.options(TITLE, spec, _EXTRA)
    if not _IMAGE.fullmatch(spec.image) or ".." in spec.image:
        raise InvalidInput(f"{TITLE} has no image of that form; take an id of list-images.", field="image")
    if not _USER.fullmatch(_user(spec)):
        raise InvalidInput(f"{TITLE} takes no such ssh_user.", field="extra")
    if "\n" in (spec.public_key or "").strip():
        raise InvalidInput("The public key has to be one line.", field="key")
    for tag in spec.tags:
        check_tag(tag)


def check_tag(tag: str) -> None:
    """Network tags are what firewall rules of the project refer to."""
    if not NAME.fullmatch(tag):
        raise InvalidInput(
            f"{TITLE}'s tags are network tags of 1 to 63 lower-case letters, digits and dashes, the first a letter, "
            f"the last no dash; {tag[:80]!a} does not fit.",
            field="tag",
        )


def create(api: Api, spec: MachineSpec) -> MachineReading:
    """One `instances.insert`. The mark is its request id as well: a repetition is answered with the first one."""
    zone = catalog.zone(api, spec.location or "")
    request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{MARK}:{spec.mark}"))
    wanted = body(api, spec, zone)
    operation = api.order("POST", at("/zones/{}/instances", zone), wanted, requestId=request_id)
    if not operation.get("targetId"):
        return reading(api.get(at("/zones/{}/instances/{}", zone, spec.name)))
    return MachineReading(
        external_id=str(operation["targetId"]),
        name=spec.name,
        state=MachineState.PENDING,
        size=spec.size,
        location=zone,
        tags=spec.tags,
        mark=spec.mark,
    )


def body(api: Api, spec: MachineSpec, zone: str) -> Json:
    """The instance as `instances.insert` takes it."""
    size = at("zones/{}/machineTypes/{}", zone, spec.size or "")
    wanted: Json = {
        "name": spec.name,
        "machineType": size,
        "labels": {MARK: label_of(spec.mark)},
        "metadata": {"items": _metadata(spec)},
        "tags": {"items": list(spec.tags)},
        "disks": [_disk(api, spec, zone)],
        "networkInterfaces": [_interface(api, spec, zone)],
    }
    if spec.extra.get("spot"):
        wanted["scheduling"] = {
            "provisioningModel": "SPOT",
            "instanceTerminationAction": "STOP",
            "automaticRestart": False,
            "onHostMaintenance": "TERMINATE",
        }
    return wanted


def _metadata(spec: MachineSpec) -> list[dict[str, str]]:
    """OS Login, where a project has it on, would have the key ignored."""
    found = {MARK: spec.mark}
    if spec.public_key:
        found |= {"ssh-keys": f"{_user(spec)}:{spec.public_key.strip()}", "enable-oslogin": "FALSE"}
    if spec.user_data is not None:
        found["startup-script" if spec.user_data.startswith(_SCRIPT) else "user-data"] = spec.user_data
    return [{"key": key, "value": value} for key, value in found.items()]


def _user(spec: MachineSpec) -> str:
    told = spec.extra.get("ssh_user")
    if told:
        return str(told)
    return next((user for name, user in _USERS.items() if name in spec.image.lower()), DEFAULT_USER)


def _disk(api: Api, spec: MachineSpec, zone: str) -> Json:
    made: Json = {"sourceImage": catalog.source_image(api, spec.image), "labels": {MARK: label_of(spec.mark)}}
    if spec.extra.get("disk_gb"):
        made["diskSizeGb"] = str(spec.extra["disk_gb"])
    if spec.extra.get("disk_type"):
        made["diskType"] = at("zones/{}/diskTypes/{}", zone, spec.extra["disk_type"])
    return {"boot": True, "autoDelete": True, "initializeParams": made}


def _interface(api: Api, spec: MachineSpec, zone: str) -> Json:
    place: Json = {"network": "global/networks/default"}
    if spec.networks:
        place = _place(api, spec.networks[0], zone)
    if spec.extra.get("public_ip", True):
        place["accessConfigs"] = [{"type": "ONE_TO_ONE_NAT", "name": "External NAT"}]
    return place


def _place(api: Api, wanted: str, zone: str) -> Json:
    """A subnet as it is listed, or a network: one whose subnets are made by hand wants that of the region."""
    region = zone.rpartition("-")[0]
    parts = wanted.split("/")
    if len(parts) == 4 and (parts[0], parts[2]) == ("regions", "subnetworks"):
        if parts[1] != region:
            raise InvalidInput(
                f"The subnet {wanted!r} is in another region than the location {zone}.", field="networks"
            )
        return {"subnetwork": at("regions/{}/subnetworks/{}", region, parts[3])}
    network = api.found(at("/global/networks/{}", wanted))
    if network is None:
        raise ProviderNotFound(f"{TITLE} has no network {wanted[:80]!r} here.", network=wanted[:80])
    within = {"network": at("global/networks/{}", wanted)}
    if network.get("autoCreateSubnetworks") is not False:
        return within
    there = [str(url) for url in network.get("subnetworks") or [] if f"/regions/{region}/subnetworks/" in str(url)]
    if not there:
        raise InvalidInput(f"The network {wanted!r} has no subnet in {region}; choose another.", field="networks")
    return within | {"subnetwork": at("regions/{}/subnetworks/{}", region, sorted(there)[0].rpartition("/")[2])}
