"""NephoScale's servers, images and sizes as Mist's."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from mistserver.domain.catalog import Image, Size
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.libcloud_base import price
from mistserver.providers.rest import Json

TABLE = "nephoscale"  # of libcloud's prices
_STATES: Mapping[str, MachineState] = MappingProxyType({"on": MachineState.RUNNING, "off": MachineState.STOPPED})
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.DESTROY),
    }
)


def reading(server: Json, marks: Mapping[int, str]) -> MachineReading:
    """One cloud server of the API, with the marks that keys stand for."""
    state = _STATES.get(str(server["power_status"]), MachineState.UNKNOWN)
    addresses = [each.strip() for each in str(server.get("ipaddresses") or "").split(",") if each.strip()]
    private = [each for each in addresses if ipaddress.ip_address(each).is_private]
    keys = [each.get("id") for each in server.get("console_keys") or []]
    created = server.get("create_time")
    return MachineReading(
        external_id=str(server["id"]),
        name=server["name"],
        state=state,
        public_ips=tuple(each for each in addresses if each not in private),
        private_ips=tuple(private),
        size=_id(server.get("service_type")),
        image=_id(server.get("image")),
        location=_id(server.get("zone")),
        actions=_OFFERED.get(state, (Action.DESTROY,)),
        created_at=datetime.fromisoformat(created).replace(tzinfo=UTC) if created else None,
        mark=next((marks[key] for key in keys if key in marks), None),
        extra={
            "hostname": server.get("hostname"),
            "zone": (server.get("zone") or {}).get("name"),
            "image": (server.get("image") or {}).get("friendly_name"),
            "size": (server.get("service_type") or {}).get("friendly_name"),
        },
    )


def image(each: Json) -> Image:
    extra = {"architecture": each.get("architecture"), "type": each.get("base_type")}
    return Image(id=str(each["id"]), name=each["friendly_name"], extra=extra)


def size(each: Json) -> Size:
    cost, currency, when = price(TABLE, str(each["id"])) or (None, None, None)
    return Size(
        id=str(each["id"]),
        name=each["friendly_name"],
        cores=each.get("vcpus"),
        ram_mb=each["ram"],
        disk_gb=each["storage"],
        price=cost,
        currency=currency,
        price_date=when,
        driver="nephoscale",
    )


def _id(thing: Json | None) -> str | None:
    return str(thing["id"]) if thing and thing.get("id") is not None else None
