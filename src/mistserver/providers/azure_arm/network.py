"""Where Azure's machines are put: networks to choose from, and the one with its rule for SSH that Mist makes."""

from __future__ import annotations

from dataclasses import dataclass

from mistserver.domain.catalog import Network
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.providers.azure_arm.api import NETWORK, RESOURCES, TITLE, Api
from mistserver.providers.http import at
from mistserver.providers.rest import Json

VIRTUAL = "Microsoft.Network/virtualNetworks"
RULES = "Microsoft.Network/networkSecurityGroups"
_SPACE, _SUBNET = "10.77.0.0/16", "10.77.0.0/20"
_MADE_BY = {"made-by": "mist"}


@dataclass(frozen=True)
class Base:
    """What machines of a location share. `missing` are the parts that have to be made, as a template holds them."""

    subnet: str
    rules: str
    missing: tuple[Json, ...]
    group_is_missing: bool


def base(api: Api, group: str, location: str) -> Base:
    """One network and one set of rules in each location; those that are there are left as they are."""
    name = f"mist-{location}"
    virtual, rules = (at(f"{api.within(group)}/providers/{kind}/{{}}", name) for kind in (VIRTUAL, RULES))
    there = api.found(api.within(group), RESOURCES) is not None
    parts = {rules: _rules(name, location), virtual: _virtual(name, location)}
    missing = [part for path, part in parts.items() if not there or api.found(path, NETWORK) is None]
    return Base(f"{virtual}/subnets/default", rules, tuple(missing), not there)


def profile(name: str, subnet: str, rules: str, public: bool) -> Json:
    """A machine's interface and address, which Azure makes and deletes with it."""
    place: Json = {"primary": True, "subnet": {"id": subnet}}
    if public:
        place["publicIPAddressConfiguration"] = {
            "name": f"{name[:60]}-ip",
            "sku": {"name": "Standard"},
            "properties": {"deleteOption": "Delete", "publicIPAllocationMethod": "Static"},
        }
    interface = {
        "primary": True,
        "deleteOption": "Delete",
        "networkSecurityGroup": {"id": rules},
        "ipConfigurations": [{"name": "first", "properties": place}],
    }
    configured = [{"name": f"{name[:60]}-nic", "properties": interface}]
    return {"networkApiVersion": "2020-11-01", "networkInterfaceConfigurations": configured}


def subnet(api: Api, wanted: str, location: str) -> str:
    """The path of the subnet that is meant: one as it is listed, or the first of a network."""
    parts = wanted.split("/")
    if len(parts) not in (2, 3):
        raise InvalidInput(f"{TITLE}'s networks are group/network or group/network/subnet.", field="networks")
    path = at(f"{api.within(parts[0])}/providers/{VIRTUAL}/{{}}", parts[1])
    found = api.found(path, NETWORK)
    if found is None:
        raise ProviderNotFound(f"{TITLE} has no network {wanted[:200]!r}.", network=wanted[:200])
    if str(found.get("location")).lower() != location:
        raise InvalidInput(f"The network {wanted!r} is in another location than {location}.", field="networks")
    names = [str(each["name"]) for each in (found.get("properties") or {}).get("subnets") or []]
    chosen = next((name for name in names if len(parts) == 2 or name.lower() == parts[2].lower()), None)
    if chosen is None:
        raise ProviderNotFound(f"{TITLE} has no such subnet: {wanted[:200]!r}.", network=wanted[:200])
    return at(f"{path}/subnets/{{}}", chosen)


def networks(api: Api) -> list[Network]:
    """Virtual networks with their subnets, named by their groups."""
    return [_network(each) for each in api.pages(f"{api.scope}/providers/{VIRTUAL}", NETWORK)]


def _network(each: Json) -> Network:
    group = str(each["id"]).split("/")[4]
    id, properties = f"{group}/{each['name']}", each.get("properties") or {}
    subnets = [
        {
            "id": f"{id}/{inner['name']}",
            "name": inner["name"],
            "cidr": (inner.get("properties") or {}).get("addressPrefix"),
            "location": each.get("location"),
        }
        for inner in properties.get("subnets") or []
    ]
    spaces = (properties.get("addressSpace") or {}).get("addressPrefixes") or []
    return Network(
        id=id,
        name=each["name"],
        status=str(properties.get("provisioningState") or ""),
        subnets=tuple(subnets),
        extra={"cidr": ", ".join(str(space) for space in spaces), "location": each.get("location")},
    )


def _virtual(name: str, location: str) -> Json:
    subnets = [{"name": "default", "properties": {"addressPrefix": _SUBNET}}]
    properties = {"addressSpace": {"addressPrefixes": [_SPACE]}, "subnets": subnets}
    return _part(VIRTUAL, name, location, properties)


def _rules(name: str, location: str) -> Json:
    """SSH from anywhere and nothing else: an address of the kind `Standard` lets nothing in without a rule."""
    ssh = {
        "priority": 1000,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "22",
    }
    return _part(RULES, name, location, {"securityRules": [{"name": "ssh", "properties": ssh}]})


def _part(kind: str, name: str, location: str, properties: Json) -> Json:
    named = {"type": kind, "apiVersion": NETWORK, "name": name, "location": location, "tags": _MADE_BY}
    return named | {"properties": properties}
