"""UpCloud's objects as Mist shows them, and tags in both directions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.rest import Json

MARK = "mist-mark"
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "started": MachineState.RUNNING,
        "stopped": MachineState.STOPPED,
        "maintenance": MachineState.PENDING,
        "error": MachineState.ERROR,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
        MachineState.ERROR: (Action.DESTROY,),
    }
)
_ISO = {"UK": "GB"}
# https://developers.upcloud.com/1.3/8-servers/
_KEY = re.compile(r"[!-<>-^`-~][!-<>-~]{1,31}")
_VALUE = re.compile(r"[ -~]{1,255}")


def reading(server: Json, attached: Iterable[str] = ()) -> MachineReading:
    """One server. A list holds no addresses: they come from elsewhere as `attached`."""
    state = _STATES.get(server["state"], MachineState.UNKNOWN)
    own = [each["address"] for each in (server.get("ip_addresses") or {}).get("ip_address", [])]
    public, private = addresses.split([*own, *attached])
    labels = labels_of(server)
    return MachineReading(
        external_id=server["uuid"],
        name=server.get("title") or server["hostname"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=server.get("plan"),
        location=server.get("zone"),
        tags=tuple(sorted(_as_tag(key, value) for key, value in labels.items() if key != MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromtimestamp(server["created"], UTC) if server.get("created") else None,
        mark=labels.get(MARK),
        extra={
            "hostname": server.get("hostname"),
            "cores": int(server["core_number"]),
            "ram_mb": int(server["memory_amount"]),
        },
    )


def labels_of(server: Json) -> dict[str, str]:
    return {str(each["key"]): str(each["value"]) for each in (server.get("labels") or {}).get("label", [])}


def as_labels(labels: Mapping[str, str]) -> Json:
    return {"label": [{"key": key, "value": value} for key, value in labels.items()]}


def as_label(tag: str) -> tuple[str, str]:
    """A tag as key and value of a label (`env=prod`; a plain tag has no value). InvalidInput when it cannot be one."""
    key, given, value = tag.partition("=")
    if not _KEY.fullmatch(key) or key == MARK or (bool(given) and not _VALUE.fullmatch(value)):
        message = (
            "UpCloud's tags are KEY or KEY=VALUE: a key of 2 to 32 ASCII characters without blanks that does not begin "
            f"with an underscore, a value of up to 255; {tag[:80]!a} does not fit."
        )
        raise InvalidInput(message, field="tag")
    return key, value


def image(storage: Json) -> Image:
    extra = {"access": storage["access"], "size_gb": storage["size"], "kind": storage.get("template_type")}
    return Image(id=storage["uuid"], name=storage["title"], extra=extra)


def size(plan: Json, prices: Iterable[Mapping[str, Any]], currency: str | None) -> Size:
    """The price is the lowest among the zones. UpCloud tells cents an hour, in the currency of the account."""
    item = f"server_plan_{plan['name']}"
    by_zone = {zone["name"]: round(float(zone[item]["price"]) / 100, 6) for zone in prices if item in zone}
    known = bool(by_zone) and currency is not None
    return Size(
        id=plan["name"],
        name=plan["name"],
        cores=plan["core_number"],
        ram_mb=plan["memory_amount"],
        disk_gb=plan["storage_size"],
        bandwidth_gb=plan.get("public_traffic_out"),
        price=min(by_zone.values()) if known else None,
        currency=currency if known else None,
        price_date=date.today().isoformat() if known else None,
        driver="upcloud",
        extra={"storage_tier": plan.get("storage_tier"), "gpus": plan.get("gpu_amount") or 0, "locations": by_zone},
    )


def location(zone: Json) -> Location:
    country = zone["id"].partition("-")[0].upper()
    return Location(id=zone["id"], name=zone["description"], country=_ISO.get(country, country))


def network(found: Json) -> Network:
    subnets = tuple(
        {"id": each["address"], "name": each["address"], "cidr": each["address"], "location": found["zone"]}
        for each in (found.get("ip_networks") or {}).get("ip_network", [])
    )
    return Network(id=found["uuid"], name=found["name"], subnets=subnets)


def _as_tag(key: str, value: str) -> str:
    return f"{key}={value}" if value else key
