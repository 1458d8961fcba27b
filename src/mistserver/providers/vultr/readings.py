"""Vultr's objects as Mist shows them, and its ways to say what a machine is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from mistserver.domain.catalog import Image, Network, Size
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.rest import Json

MARK = "mist-mark:"
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "pending": MachineState.PENDING,
        "resizing": MachineState.PENDING,
        "suspended": MachineState.SUSPENDED,
        "closed": MachineState.TERMINATED,
    }
)
_POWER: Mapping[str, MachineState] = MappingProxyType(
    {"running": MachineState.RUNNING, "stopped": MachineState.STOPPED, "starting": MachineState.PENDING}
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.SUSPENDED: (Action.DESTROY,),
    }
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HOURS_OF_A_MONTH = 672  # https://docs.vultr.com/support/platform/billing/how-am-i-billed-for-my-servers
_HOURS_OF_A_GPU_MONTH = 730


def reading(instance: Json) -> MachineReading:
    """One instance of the API. A new one says that its power is on while it is still being installed."""
    state = _STATES.get(instance["status"])
    if state is None and instance["status"] == "active":
        state = _POWER.get(instance["power_status"])
        installing = instance.get("server_status") == "installingbooting" and state is MachineState.RUNNING
        state = MachineState.PENDING if installing else state
    state = state or MachineState.UNKNOWN
    tags = [str(tag) for tag in instance.get("tags") or ([instance["tag"]] if instance.get("tag") else [])]
    public, private = addresses.split(
        [instance.get("main_ip"), instance.get("v6_main_ip"), instance.get("internal_ip")]
    )
    image = instance.get("snapshot_id") or instance.get("image_id") or instance.get("os_id")
    return MachineReading(
        external_id=str(instance["id"]),
        name=instance.get("label") or instance.get("hostname") or str(instance["id"]),
        state=state,
        public_ips=public,
        private_ips=private,
        size=instance.get("plan"),
        image=str(image) if image else None,
        location=instance.get("region"),
        tags=tuple(tag for tag in tags if not tag.startswith(MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(instance["date_created"]).astimezone(UTC)
        if instance.get("date_created")
        else None,
        mark=next((tag.removeprefix(MARK) for tag in tags if tag.startswith(MARK)), None),
        extra={"os": instance.get("os"), "power_status": instance["power_status"], "status": instance["status"]},
    )


def source(image: str) -> Json:
    """An operating system goes by its number, a snapshot by its UUID, an application by its name."""
    if image.isascii() and image.isdecimal():
        return {"os_id": int(image)}
    return {"snapshot_id" if _UUID.fullmatch(image) else "image_id": image}


def system(each: Json) -> Image:
    return Image(
        id=str(each["id"]), name=each["name"], extra={"family": each["family"], "architecture": each.get("arch")}
    )


def snapshot(each: Json) -> Image:
    return Image(id=each["id"], name=each.get("description") or each["id"], extra={"family": "snapshot"})


def application(each: Json) -> Image:
    return Image(
        id=each["image_id"], name=each["deploy_name"], extra={"family": "application", "vendor": each.get("vendor")}
    )


def size(each: Json) -> Size:
    """Prices are today's, in US dollars (the vendor's only currency), without VAT."""
    hours = _HOURS_OF_A_GPU_MONTH if each.get("gpu_vram_gb") else _HOURS_OF_A_MONTH
    return Size(
        id=each["id"],
        name=each["id"],
        cores=each["vcpu_count"],
        ram_mb=each["ram"],
        disk_gb=each["disk"],
        bandwidth_gb=each.get("bandwidth"),
        price=round(each["monthly_cost"] / hours, 5),
        currency="USD",
        price_date=date.today().isoformat(),
        driver="vultr",
        extra={"locations": each["locations"], "price_month": each["monthly_cost"], "type": each.get("type")},
    )


def network(each: Json) -> Network:
    cidr = f"{each['v4_subnet']}/{each['v4_subnet_mask']}"
    subnet = {"id": each["id"], "name": cidr, "cidr": cidr, "location": each["region"]}
    return Network(id=each["id"], name=each.get("description") or each["id"], subnets=(subnet,))
