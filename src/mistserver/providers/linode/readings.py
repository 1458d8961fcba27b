"""Linode's objects as Mist shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from mistserver.domain.catalog import Image, Location, Size
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.rest import Json

MARK = "mist-mark:"
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "running": MachineState.RUNNING,
        "offline": MachineState.STOPPED,
        "stopped": MachineState.STOPPED,
        "booting": MachineState.PENDING,
        "rebooting": MachineState.REBOOTING,
        "shutting_down": MachineState.PENDING,
        "provisioning": MachineState.PENDING,
        "deleting": MachineState.TERMINATED,
        "migrating": MachineState.PENDING,
        "rebuilding": MachineState.PENDING,
        "cloning": MachineState.PENDING,
        "restoring": MachineState.PENDING,
        "resizing": MachineState.PENDING,
        "billing_suspension": MachineState.SUSPENDED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.REBOOTING: (Action.DESTROY,),
        MachineState.SUSPENDED: (Action.DESTROY,),
    }
)


def reading(linode: Json) -> MachineReading:
    """One Linode of the API. Its times are in UTC, without saying so."""
    state = _STATES.get(linode["status"], MachineState.UNKNOWN)
    tags = [str(tag) for tag in linode.get("tags") or []]
    public, private = addresses.split([*linode["ipv4"], linode.get("ipv6")])
    return MachineReading(
        external_id=str(linode["id"]),
        name=linode["label"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=linode.get("type"),
        image=linode.get("image"),
        location=linode.get("region"),
        tags=tuple(tag for tag in tags if not tag.startswith(MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(linode["created"]).replace(tzinfo=UTC) if linode.get("created") else None,
        mark=next((tag.removeprefix(MARK) for tag in tags if tag.startswith(MARK)), None),
        extra={"status": linode["status"], "hypervisor": linode.get("hypervisor")},
    )


def image(each: Json) -> Image:
    extra = {"public": each["is_public"], "vendor": each.get("vendor"), "end_of_life": each.get("eol")}
    return Image(id=each["id"], name=each["label"], extra=extra)


def size(each: Json) -> Size:
    """Prices are today's, in US dollars (the vendor's only currency); some regions have others, told in `extra`."""
    price = each.get("price") or {}
    return Size(
        id=each["id"],
        name=each["label"],
        cores=each["vcpus"],
        ram_mb=each["memory"],
        disk_gb=each["disk"] // 1024,
        bandwidth_gb=each.get("transfer"),
        price=price.get("hourly"),
        currency="USD",
        price_date=date.today().isoformat(),
        driver="linode",
        extra={
            "class": each.get("class"),
            "gpus": each.get("gpus"),
            "price_month": price.get("monthly"),
            "region_prices": each.get("region_prices") or [],
        },
    )


def location(each: Json) -> Location:
    return Location(id=each["id"], name=each.get("label") or each["id"], country=str(each["country"]).upper())
