"""The addresses of machines. Instances do not show them: they belong to virtual network interfaces (VNICs)."""

from __future__ import annotations

from collections.abc import Iterable

from mistserver.providers import addresses
from mistserver.providers.http import at
from mistserver.providers.oci.api import Api
from mistserver.providers.oci.machines import Held
from mistserver.providers.rest import Json

ROOT = "/20160918"
_FEW = 8  # so many interfaces are asked for one by one; of more, the subnets are


def held(api: Api, compartment: str, instances: list[Json], *, one: bool = False) -> dict[str, Held]:
    """What each of the instances holds, by their ids. `one`: there is one instance, so others' interfaces are left out.

    Of many machines, a reserved public address that is kept in another compartment is not found.
    """
    if not instances:
        return {}
    query = {"instanceId": instances[0]["id"]} if one else {}
    found = api.all_of(f"{ROOT}/vnicAttachments", compartmentId=compartment, **query)
    attached = [each for each in found if each["lifecycleState"] == "ATTACHED" and each.get("vnicId")]
    by_vnic = _one_by_one(api, attached) if len(attached) <= _FEW else _by_subnet(api, compartment, instances, attached)
    machines: dict[str, list[str]] = {}
    for each in attached:
        machines.setdefault(each["instanceId"], []).extend(by_vnic.get(each["vnicId"], []))
    return {id: Held(*addresses.split(every)) for id, every in machines.items()}


def _one_by_one(api: Api, attached: list[Json]) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for each in attached:
        vnic = api.found(at(ROOT + "/vnics/{}", each["vnicId"])) or {}
        every = [vnic.get("publicIp"), vnic.get("privateIp"), *(vnic.get("ipv6Addresses") or [])]
        held[each["vnicId"]] = [address for address in every if address]
    return held


def _by_subnet(api: Api, compartment: str, instances: list[Json], attached: list[Json]) -> dict[str, list[str]]:
    private: list[Json] = []
    six: list[Json] = []
    for subnet in _once(each.get("subnetId") for each in attached):
        private += api.all_of(f"{ROOT}/privateIps", subnetId=subnet)
        six += api.all_of(f"{ROOT}/ipv6", subnetId=subnet)
    vnics = {each["vnicId"] for each in attached}
    private = [each for each in private if each.get("vnicId") in vnics]
    public: dict[str, str] = {}
    for place in _once([compartment, *(each.get("compartmentId") for each in private)]):
        for each in _public(api, place, _once(each.get("availabilityDomain") for each in instances)):
            if each.get("privateIpId") and each.get("ipAddress"):
                public[each["privateIpId"]] = each["ipAddress"]
    held: dict[str, list[str]] = {}
    for each in private:
        shown = [public[each["id"]]] if each["id"] in public else []
        held.setdefault(each["vnicId"], []).extend([*shown, each["ipAddress"]])
    for each in six:
        if each.get("vnicId") in vnics:
            held.setdefault(each["vnicId"], []).append(each["ipAddress"])
    return held


def _public(api: Api, compartment: str, domains: list[str]) -> list[Json]:
    """Those that came with the machines are kept by availability domain, reserved ones by region."""
    path, query = f"{ROOT}/publicIps", {"compartmentId": compartment}
    found = api.all_of(path, scope="REGION", **query)
    for domain in domains:
        found += api.all_of(path, scope="AVAILABILITY_DOMAIN", availabilityDomain=domain, **query)
    return found


def _once(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
