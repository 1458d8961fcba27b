"""SoftLayer's virtual guests as machines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.machine import Action, MachineReading, MachineState

MASK = (
    "mask[id,hostname,domain,fullyQualifiedDomainName,createDate,provisionDate,maxCpu,maxMemory,hourlyBillingFlag,"
    "primaryIpAddress,primaryBackendIpAddress,primaryNetworkComponent.primaryVersion6IpAddressRecord.ipAddress,"
    "powerState.keyName,activeTransaction.transactionStatus.name,datacenter[name,longName],networkVlans.id,"
    "operatingSystem.softwareLicense.softwareDescription.referenceCode,blockDeviceTemplateGroup.globalIdentifier,"
    "userData.value,tagReferences.tag.name,billingItem.orderItem.preset.keyName]"
)
DOMAIN = "mist.internal"  # of machines whose name holds none; the vendor wants one
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "RUNNING": MachineState.RUNNING,
        "INITIATING": MachineState.PENDING,
        "HALTED": MachineState.STOPPED,
        "PAUSED": MachineState.PAUSED,
        "SUSPENDED": MachineState.SUSPENDED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.RESIZE, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PAUSED: (Action.START, Action.DESTROY),
        MachineState.SUSPENDED: (Action.START, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
    }
)
_MARKED = re.compile(r"^# mist-mark:(?P<mark>\S+)(?: tags:(?P<tags>.*))?$", re.MULTILINE)


def user_data(given: str | None, mark: str, tags: tuple[str, ...]) -> str:
    """User data with a last line that every reader of it takes for a comment: the one field that a create can mark.

    It tells the tags too, which the vendor sets by a call of its own only.
    """
    line = f"# mist-mark:{mark}" + (f" tags:{','.join(tags)}" if tags else "")
    return f"{given.rstrip() if given else '#cloud-config'}\n{line}\n"


def marked(guest: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """The mark that a guest was created with, and the tags that it was to have: the last line tells."""
    values = (str(each.get("value") or "") for each in guest.get("userData") or [])
    matches = [match for value in values for match in _MARKED.finditer(value)]
    if not matches:
        return None, ()
    found = matches[-1]
    return found["mark"], tuple(tag for tag in (found["tags"] or "").split(",") if tag)


def reading(guest: dict[str, Any]) -> MachineReading:
    """One guest of the API, read with `MASK`."""
    state = _state(guest)
    datacenter = guest.get("datacenter") or {}
    six = _in(guest, "primaryNetworkComponent", "primaryVersion6IpAddressRecord", "ipAddress")
    addresses = (guest.get("primaryIpAddress"), six)
    local = guest.get("domain") == DOMAIN
    return MachineReading(
        external_id=str(guest["id"]),
        name=guest["hostname"] if local else guest["fullyQualifiedDomainName"],
        state=state,
        public_ips=tuple(str(each) for each in addresses if each),
        private_ips=(guest["primaryBackendIpAddress"],) if guest.get("primaryBackendIpAddress") else (),
        size=_size(guest),
        image=_in(guest, "operatingSystem", "softwareLicense", "softwareDescription", "referenceCode")
        or _in(guest, "blockDeviceTemplateGroup", "globalIdentifier"),
        location=datacenter.get("name"),
        tags=tags(guest),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(guest["createDate"]) if guest.get("createDate") else None,
        mark=marked(guest)[0],
        extra={
            "fqdn": guest["fullyQualifiedDomainName"],
            "hourly": guest.get("hourlyBillingFlag"),
            "datacenter": datacenter.get("longName"),
            "vlans": [each["id"] for each in guest.get("networkVlans") or []],
        },
    )


def tags(guest: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(each["tag"]["name"]) for each in guest.get("tagReferences") or [])


def _state(guest: dict[str, Any]) -> MachineState:
    """A guest is halted before it first starts; one that is being taken back is gone."""
    if "RECLAIM" in str(_in(guest, "activeTransaction", "transactionStatus", "name") or "").upper():
        return MachineState.TERMINATED
    state = _STATES.get(str(_in(guest, "powerState", "keyName")), MachineState.UNKNOWN)
    return MachineState.PENDING if state is MachineState.STOPPED and not guest.get("provisionDate") else state


def _size(guest: dict[str, Any]) -> str | None:
    """The flavour's name; cores and MB for guests that were ordered by the piece."""
    preset = _in(guest, "billingItem", "orderItem", "preset", "keyName")
    if preset:
        return str(preset)
    return f"{guest['maxCpu']}x{guest['maxMemory']}" if guest.get("maxCpu") and guest.get("maxMemory") else None


def _in(thing: Any, *names: str) -> Any:
    """What stands at the end of the names; None where the vendor left one out (it sends "" for nothing)."""
    for name in names:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing or None
