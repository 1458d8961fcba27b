"""What SoftLayer offers, from the one call that tells what a create may hold."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from msgspec.structs import replace

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.providers import images
from mistserver.providers.softlayer.api import Api

_FLAVOR = re.compile(r"\w*?_(\d+)X(\d+)(?:X(\d+))?(?:\D.*)?")
_PIECES = re.compile(r"(\d{1,3})x(\d{3,7})")


def list_images(api: Api, options: dict[str, Any], search: str | None) -> list[Image]:
    mask = "mask[globalIdentifier,name,createDate]"
    own = [
        Image(id=each["globalIdentifier"], name=each["name"], extra={"public": False})
        for each in api.pages("Account", "getPrivateBlockDeviceTemplateGroups", mask=mask)
        if each.get("globalIdentifier")
    ]
    codes = {
        each["template"]["operatingSystemReferenceCode"]: str(each["itemPrice"]["item"]["description"])
        for each in options["operatingSystems"]
    }
    return images.shown([Image(id=code, name=name) for code, name in codes.items()], search, own)


def list_sizes(options: dict[str, Any]) -> list[Size]:
    """The flavours; for an account that has none, cores and RAM by the piece."""
    flavors = [each["flavor"] for each in options.get("flavors") or [] if "transientGuestFlag" not in each["template"]]
    return [size for size in map(_flavor, flavors) if size is not None] if flavors else _pieces(options)


def list_locations(api: Api, options: dict[str, Any]) -> list[Location]:
    names = {each["name"]: each.get("longName") for each in api.pages("Location_Datacenter", "getDatacenters")}
    offered = sorted(each["template"]["datacenter"]["name"] for each in options["datacenters"])
    return [Location(id=each, name=str(names.get(each) or each)) for each in offered]


def position(options: dict[str, Any], asked: str) -> str:
    """The datacenter at a position in the list of locations."""
    known = sorted(each["template"]["datacenter"]["name"] for each in options["datacenters"])
    if int(asked) >= len(known):
        raise InvalidInput(f"SoftLayer has no location {asked[:80]!r}; it has {', '.join(known)}.", field="location")
    return str(known[int(asked)])


def list_networks(api: Api) -> list[Network]:
    """The account's VLANs. A machine may be put into one that is public and one that is private."""
    return [_network(each) for each in vlans(api)]


def vlans(api: Api) -> list[dict[str, Any]]:
    mask = (
        "mask[id,name,vlanNumber,networkSpace,primaryRouter.datacenter.name,subnets[id,networkIdentifier,cidr,gateway]]"
    )
    return api.pages("Account", "getNetworkVlans", mask=mask)


def components(api: Api, wanted: tuple[str, ...]) -> dict[str, Any]:
    """The part of a create that names its VLANs."""
    known = {str(each["id"]): each for each in vlans(api)} if wanted else {}
    found: dict[str, Any] = {}
    for id in wanted:
        if id not in known:
            raise InvalidInput(f"SoftLayer has no VLAN {id[:80]!a} in this account.", field="networks")
        public = known[id].get("networkSpace") == "PUBLIC"
        found["primaryNetworkComponent" if public else "primaryBackendNetworkComponent"] = {
            "networkVlan": {"id": int(id)}
        }
    if len(found) < len(wanted):
        raise InvalidInput("SoftLayer takes one public and one private VLAN, not two of a kind.", field="networks")
    return found


def pieces(size: str) -> tuple[int, int] | None:
    """Cores and MB of a size that is no flavour (`2x4096`)."""
    match = _PIECES.fullmatch(size)
    return (int(match[1]), int(match[2])) if match else None


def _flavor(each: dict[str, Any]) -> Size | None:
    match = _FLAVOR.fullmatch(each["keyName"])
    if match is None:
        return None
    disk = int(match[3]) if match[3] else None
    size = Size(
        id=each["keyName"],
        name=str(each.get("name") or each["keyName"]),
        cores=int(match[1]),
        ram_mb=int(match[2]) * 1024,
        disk_gb=disk,
        driver="softlayer",
    )
    return _priced(size, each.get("totalMinimumHourlyFee"))


def _pieces(options: dict[str, Any]) -> list[Size]:
    cores = {each["template"]["startCpus"]: each for each in reversed(options["processors"]) if _shared(each)}
    rams = {each["template"]["maxMemory"]: each for each in reversed(options["memory"]) if _shared(each)}
    disks = [each["template"]["blockDevices"][0] for each in options["blockDevices"]]
    disk = min((each["diskImage"]["capacity"] for each in disks if each["device"] == "0"), default=None)
    return [
        _priced(
            Size(
                id=f"{core}x{ram}",
                name=f"{core} x {ram // 1024} GB",
                cores=core,
                ram_mb=ram,
                disk_gb=disk,
                driver="softlayer",
            ),
            _fee(cores[core]) + _fee(rams[ram]),
        )
        for core in sorted(cores)
        for ram in sorted(rams)
    ]


def _shared(each: dict[str, Any]) -> bool:
    """Not on a host of one's own."""
    template = each["template"]
    return (
        not template.get("dedicatedAccountHostOnlyFlag")
        and "dedicatedHost" not in template
        and not each["itemPrice"].get("dedicatedHostInstanceFlag")
    )


def _fee(each: dict[str, Any]) -> float:
    return float(each["itemPrice"]["hourlyRecurringFee"])


def _priced(size: Size, fee: Any) -> Size:
    """Prices are today's, in US dollars, as the account sees them."""
    if fee in (None, ""):
        return size
    return replace(size, price=round(float(fee), 5), currency="USD", price_date=date.today().isoformat())


def _network(each: dict[str, Any]) -> Network:
    where = ((each.get("primaryRouter") or {}).get("datacenter") or {}).get("name")
    subnets = tuple(
        {
            "id": str(subnet["id"]),
            "name": subnet["networkIdentifier"],
            "cidr": f"{subnet['networkIdentifier']}/{subnet['cidr']}",
            "location": where,
        }
        for subnet in each.get("subnets") or []
    )
    name = each.get("name") or f"{str(each.get('networkSpace') or 'vlan').lower()} {each.get('vlanNumber')}"
    extra = {"vlan": each.get("vlanNumber"), "public": each.get("networkSpace") == "PUBLIC", "location": where}
    return Network(id=str(each["id"]), name=str(name), subnets=subnets, extra=extra)
