"""Asking Azure for one virtual machine: the call that carries the mark, and what goes into it."""

from __future__ import annotations

import base64
import hashlib
import re
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import InvalidInput, ProviderRejected
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers import checks
from mistserver.providers.azure_arm import catalog, network
from mistserver.providers.azure_arm.api import COMPUTE, GROUP, RESOURCES, TITLE, Api
from mistserver.providers.azure_arm.machines import MARK, Around, as_pair, reading
from mistserver.providers.http import at
from mistserver.providers.rest import Json

USER = "azureuser"
NAMED = "mist-machine"  # the tag of a deployment that tells which machine it makes
_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
_NAME_RULE = "names of 1 to 64 letters, digits and dashes, no dash at an end"
_URN = re.compile(r"[\w.-]+:[\w.-]+:[\w.-]+(?::[\w.-]+)?")
_OWN = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/[\w./()-]+", re.IGNORECASE)
_USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_TAG_NAME = re.compile(r"[^<>%&\\?/\x00-\x1f]{1,512}")
_EXTRA = MappingProxyType({"public_ip": bool, "disk_gb": int, "disk_type": str, "zone": str, "spot": bool, "user": str})
_DISK = "Standard_LRS"


def check_spec(spec: MachineSpec) -> None:
    """What Azure would refuse, with its rule; no network."""
    checks.name(TITLE, spec, _NAME, _NAME_RULE)
    checks.needs(TITLE, spec, "size", "location")
    checks.networks(TITLE, spec, 1, "a virtual network or a subnet of one")
    checks.options(TITLE, spec, _EXTRA)
    if not spec.public_key:
        raise InvalidInput(f"{TITLE} needs a key (--key): there are no machines without one.", field="key")
    if not (_URN.fullmatch(spec.image) or _OWN.fullmatch(spec.image)):
        raise InvalidInput(f"{TITLE}'s images are publisher:offer:sku:version, or the id of your own.", field="image")
    if not _USER_NAME.fullmatch(str(spec.extra.get("user", USER))):
        raise InvalidInput(f"{TITLE} takes no such user.", field="extra")
    for tag in spec.tags:
        check_tag(tag)


def check_tag(tag: str) -> None:
    """https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources#limitations"""
    key, value = as_pair(tag)
    if not _TAG_NAME.fullmatch(key) or len(value) > 256 or key == MARK:
        raise InvalidInput(
            f"{TITLE}'s tags are key=value, the key without any of < > % & \\ ? / and the value of at most 256 "
            f"characters; {tag[:80]!a} does not fit.",
            field="tag",
        )


def deployments(api: Api, group: str) -> str:
    """The path of a group's deployments."""
    return f"{api.within(group)}/providers/Microsoft.Resources/deployments"


def deployment(api: Api, external_id: str) -> str:
    """The path of the deployment that makes a machine, where there is one."""
    group, _, _ = external_id.partition("/")
    return f"{deployments(api, group)}/mist-{hashlib.sha256(external_id.lower().encode()).hexdigest()[:32]}"


def create(api: Api, spec: MachineSpec) -> MachineReading:
    """One call that makes the machine with its interface, address and disk, and nothing that is there already.

    The first machine in a location comes with the network and the rule for SSH that all later ones use: then it is one
    deployment, whose parts Azure makes in order.
    """
    group = api.group or GROUP
    location = catalog.location(api, spec.location or "")
    base = network.base(api, group, location)
    subnet = network.subnet(api, spec.networks[0], location) if spec.networks else base.subnet
    missing = [part for part in base.missing if not (spec.networks and part["type"] == network.VIRTUAL)]
    wanted = body(spec, location, subnet, base.rules)
    if not missing:
        path = at(f"{api.within(group)}/providers/Microsoft.Compute/virtualMachines/{{}}", spec.name)
        return reading(api.put(path, COMPUTE, wanted, {"If-None-Match": "*"}), Around())
    if base.group_is_missing:
        api.put(api.within(group), RESOURCES, {"location": location})
    return _deploy(api, spec, group, missing, wanted)


def body(spec: MachineSpec, location: str, subnet: str, rules: str) -> Json:
    """The virtual machine; with it go its disk, its interface and its address when it is deleted."""
    user = str(spec.extra.get("user", USER))
    keys = [{"path": f"/home/{user}/.ssh/authorized_keys", "keyData": (spec.public_key or "").strip()}]
    system: Json = {
        "computerName": spec.name,
        "adminUsername": user,
        "linuxConfiguration": {"disablePasswordAuthentication": True, "ssh": {"publicKeys": keys}},
    }
    if spec.user_data is not None:
        system["customData"] = base64.b64encode(spec.user_data.encode()).decode()
    disk: Json = {
        "createOption": "FromImage",
        "deleteOption": "Delete",
        "managedDisk": {"storageAccountType": spec.extra.get("disk_type", _DISK)},
    }
    if spec.extra.get("disk_gb"):
        disk["diskSizeGB"] = spec.extra["disk_gb"]
    properties: Json = {
        "hardwareProfile": {"vmSize": spec.size},
        "storageProfile": {"imageReference": _image(spec.image), "osDisk": disk},
        "osProfile": system,
        "networkProfile": network.profile(spec.name, subnet, rules, bool(spec.extra.get("public_ip", True))),
    }
    if spec.extra.get("spot"):
        properties |= {"priority": "Spot", "evictionPolicy": "Deallocate"}
    tags = {MARK: spec.mark, **dict(as_pair(tag) for tag in spec.tags)}
    machine: Json = {"location": location, "tags": tags, "properties": properties}
    return machine | ({"zones": [spec.extra["zone"]]} if spec.extra.get("zone") else {})


def _deploy(api: Api, spec: MachineSpec, group: str, missing: list[Json], wanted: Json) -> MachineReading:
    machine = at(f"{api.within(group)}/providers/Microsoft.Compute/virtualMachines/{{}}", spec.name)
    if api.found(machine, COMPUTE) is not None:  # a deployment would change it
        raise ProviderRejected(f"{TITLE} has a machine {spec.name} in the group {group} already.", name=spec.name)
    made = {
        "type": "Microsoft.Compute/virtualMachines",
        "apiVersion": COMPUTE,
        "name": spec.name,
        "dependsOn": [f"{part['type']}/{part['name']}" for part in missing],
        **wanted,
    }
    template = {"$schema": _SCHEMA, "contentVersion": "1.0.0.0", "resources": [*missing, plain(made)]}
    path = deployment(api, f"{group}/{spec.name}")
    asked = {"properties": {"mode": "Incremental", "template": template}, "tags": {MARK: spec.mark, NAMED: spec.name}}
    return pending(group, api.put(path, RESOURCES, asked)) or MachineReading(
        external_id=f"{group}/{spec.name}".lower(), name=spec.name, state=MachineState.PENDING, mark=spec.mark
    )


def pending(group: str, made_by: Json) -> MachineReading | None:
    """The machine that a deployment is about to make; None when it has ended."""
    tags = made_by.get("tags") or {}
    state = str((made_by.get("properties") or {}).get("provisioningState") or "").lower()
    if NAMED not in tags or state in ("succeeded", "failed", "canceled", "deleted"):
        return None
    name = str(tags[NAMED])
    return MachineReading(
        external_id=f"{group}/{name}".lower(), name=name, state=MachineState.PENDING, mark=tags.get(MARK)
    )


def plain(value: Any) -> Any:
    """For a template, in which a text that begins with `[` would be an expression to evaluate."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return f"[{value}" if isinstance(value, str) and value.startswith("[") else value


def _image(image: str) -> dict[str, str]:
    if image.startswith("/"):
        return {"id": image}
    publisher, offer, sku, *version = image.split(":")
    return {"publisher": publisher, "offer": offer, "sku": sku, "version": version[0] if version else "latest"}
