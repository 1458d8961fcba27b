"""What a create asks of UpCloud: https://developers.upcloud.com/1.3/8-servers/#create-server"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks
from mistserver.providers.rest import Json
from mistserver.providers.upcloud import readings

_NETWORKS = 5
_LABEL = r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
_NAME = re.compile(rf"(?=.{{1,128}}\Z){_LABEL}(\.{_LABEL})*")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EXTRA: checks.Extra = MappingProxyType(
    {
        "firewall": bool,
        "server_group": str,
        "simple_backup": str,
        "storage_size": int,
        "storage_tier": str,
        "timezone": str,
        "username": str,
    }
)


def check(title: str, spec: MachineSpec) -> None:
    """See `Provider.check_spec`."""
    rule = (
        "names that are host names: letters, digits, dashes and dots, at most 63 characters between dots and 128 in "
        "all, no dash at an end"
    )
    checks.name(title, spec, _NAME, rule)
    checks.needs(title, spec, "size", "location")
    checks.networks(title, spec, _NETWORKS, "private networks of the location")
    checks.options(title, spec, _EXTRA)
    for field, id in (("image", spec.image), *(("networks", each) for each in spec.networks)):
        if not _UUID.fullmatch(id):
            raise InvalidInput(f"{title} calls images and networks by UUIDs; {id[:80]!a} is none.", field=field)
    for tag in spec.tags:
        readings.as_label(tag)


def server(title: str, spec: MachineSpec, zone: str, plans: Mapping[str, Json]) -> Json:
    """The server of a create request. InvalidInput for a size that is none of the `plans`."""
    plan = plans.get(spec.size or "")
    if plan is None:
        raise InvalidInput(f"{title} has no size {spec.size!a}; it has {', '.join(plans)}.", field="size")
    labels = {readings.MARK: spec.mark, **dict(map(readings.as_label, spec.tags))}
    wanted: Json = {
        "zone": zone,
        "title": spec.name,
        "hostname": spec.name,
        "plan": spec.size,
        "metadata": "yes",
        "labels": readings.as_labels(labels),
        "password_delivery": "none",
        "storage_devices": {"storage_device": [_disk(spec, plan)]},
        "networking": {"interfaces": {"interface": _interfaces(spec.networks)}},
    }
    if spec.public_key:
        keys = {"ssh_key": [spec.public_key.strip()]}
        user = spec.extra.get("username", "root")
        wanted["login_user"] = {"username": user, "create_password": "no", "ssh_keys": keys}
    if spec.user_data is not None:
        wanted["user_data"] = spec.user_data
    if "firewall" in spec.extra:
        wanted["firewall"] = "on" if spec.extra["firewall"] else "off"
    taken = ("server_group", "simple_backup", "timezone")
    return wanted | {name: spec.extra[name] for name in taken if name in spec.extra}


def _disk(spec: MachineSpec, plan: Json) -> Json:
    """A copy of the image, as large as the plan says; plans without a disk of their own leave it as the image is."""
    disk: dict[str, Any] = {"action": "clone", "storage": spec.image, "title": f"{spec.name} disk"}
    size = spec.extra.get("storage_size") or plan["storage_size"]
    tier = spec.extra.get("storage_tier") or plan.get("storage_tier")
    return disk | ({"size": size} if size else {}) | ({"tier": tier} if tier else {})


def _interfaces(networks: tuple[str, ...]) -> list[Json]:
    usual = (("public", "IPv4"), ("utility", "IPv4"), ("public", "IPv6"))
    found: list[Json] = [{"type": kind, "ip_addresses": {"ip_address": [{"family": family}]}} for kind, family in usual]
    for network in networks:
        found.append({"type": "private", "network": network, "ip_addresses": {"ip_address": [{"family": "IPv4"}]}})
    return found
