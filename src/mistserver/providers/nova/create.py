"""Asking Nova for one server: its key, its network, and the call that carries the mark."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from mistserver.domain.errors import InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks
from mistserver.providers.http_errors import understood
from mistserver.providers.locations import meant
from mistserver.providers.nova import catalog
from mistserver.providers.nova.cloud import Cloud
from mistserver.providers.nova.machines import MARK, as_pair
from mistserver.providers.rest import Json, Rest

_EXTRA = {"security_groups": list, "config_drive": bool, "boot_volume_gb": int}
_NAME = re.compile(r"(?!\s)[^\x00-\x1f\x7f]{1,255}(?<!\s)")
_KEY_NAME = re.compile(r"[a-zA-Z0-9\-_ ]{1,200}")
_MOST_USER_DATA = 65535  # of base64's characters
_MOST_TAGS = 100  # of Nova's 128 pairs


def check_spec(title: str, spec: MachineSpec) -> None:
    """What Nova would refuse, with its rule; no network."""
    checks.name(title, spec, _NAME, "names of 1 to 255 characters, no blank at an end")
    checks.needs(title, spec, "size")
    checks.options(title, spec, _EXTRA)
    if spec.extra.get("boot_volume_gb", 1) < 1:
        raise InvalidInput(f"{title} takes a boot_volume_gb of at least 1.", field="extra")
    if spec.user_data is not None and len(_encoded(spec.user_data)) > _MOST_USER_DATA:
        raise InvalidInput(f"{title} takes user data of at most 49149 bytes.", field="user_data")
    if len({as_pair(tag)[0] for tag in spec.tags}) < len(spec.tags):
        raise InvalidInput(f"{title} holds one value for each tag: two tags have the same key.", field="tags")
    if len(spec.tags) > _MOST_TAGS:
        raise InvalidInput(f"{title} takes at most {_MOST_TAGS} tags.", field="tags")


def create(cloud: Cloud, spec: MachineSpec) -> str:
    """One `POST /servers`, with the mark among its metadata; the new server's id."""
    wanted: Json = {
        "name": spec.name,
        "flavorRef": spec.size,
        "metadata": {MARK: spec.mark, **dict(map(as_pair, spec.tags))},
        **_disk(spec),
    }
    if spec.networks:
        wanted["networks"] = [{"uuid": _network(cloud, each)} for each in spec.networks]
    if spec.location is not None and (zone := _zone(cloud, spec.location)) is not None:
        wanted["availability_zone"] = zone
    if spec.public_key:
        wanted["key_name"] = import_key(cloud.compute, spec.key_name or "mist", spec.public_key)
    if spec.user_data is not None:
        wanted["user_data"] = _encoded(spec.user_data)
    if "security_groups" in spec.extra:
        wanted["security_groups"] = [{"name": str(each)} for each in spec.extra["security_groups"]]
    if "config_drive" in spec.extra:
        wanted["config_drive"] = spec.extra["config_drive"]
    answer = cloud.compute.post("/servers", {"server": wanted})
    with understood(cloud.compute.where):
        return str(answer["server"]["id"])


def import_key(compute: Rest, name: str, public: str) -> str:
    """Make sure that Nova holds the key for this user, and return its name there.

    That is the key's name in Mist, unless another key has that name already: then the fingerprint is added to it.
    """
    name = name if _KEY_NAME.fullmatch(name) else "mist"
    for called in (name, f"{name} {_fingerprint(public)}"):
        if called not in _held(compute):
            _import(compute, called, public)
        if _held(compute).get(called) == _body(public):
            return called
    raise ProviderRejected(f"There are other keys under the names of the key {name!r}; rename it.", key=name)


def _import(compute: Rest, name: str, public: str) -> None:
    try:
        compute.post("/os-keypairs", {"keypair": {"name": name, "public_key": public.strip()}})
    except ProviderRejected as error:
        if error.facts.get("status") != 409:  # else another job was faster
            raise


def _held(compute: Rest) -> dict[str, str]:
    """The user's keys by their names, without type and comment."""
    found = compute.get("/os-keypairs")
    with understood(compute.where):
        pairs = [each["keypair"] for each in found["keypairs"]]
        return {str(each["name"]): _body(str(each["public_key"])) for each in pairs}


def _body(public: str) -> str:
    parts = public.split()
    return parts[1] if len(parts) > 1 else ""


def _fingerprint(public: str) -> str:
    return hashlib.sha256(_body(public).encode()).hexdigest()[:12]


def _disk(spec: MachineSpec) -> dict[str, Any]:
    """The flavour's own disk, or a volume made from the image, which goes when the server goes."""
    if "boot_volume_gb" not in spec.extra:
        return {"imageRef": spec.image}
    volume = {
        "boot_index": 0,
        "uuid": spec.image,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": spec.extra["boot_volume_gb"],
        "delete_on_termination": True,
    }
    return {"imageRef": "", "block_device_mapping_v2": [volume]}


def _network(cloud: Cloud, wanted: str) -> str:
    """The id of a network given by id or name. An external one would be accepted, and its server end in an error."""
    offered = catalog.networks(cloud)
    found = [each for each in offered if each.id == wanted] or [each for each in offered if each.name == wanted]
    if len(found) > 1:
        raise InvalidInput(f"{cloud.title} has several networks called {wanted[:80]!a}; give an id.", field="networks")
    if not found:
        raise ProviderNotFound(f"{cloud.title} has no network {wanted[:80]!a}.", network=wanted[:200])
    if found[0].extra.get("external"):
        raise InvalidInput(
            f"{wanted[:80]!a} is an external network, to which no machine is connected; choose one of the project's.",
            field="networks",
        )
    return found[0].id


def _zone(cloud: Cloud, wanted: str) -> str | None:
    """The availability zone; None where the cloud has none and the region is meant."""
    zone = meant(cloud.title, wanted, catalog.locations(cloud)).id
    return None if zone == (cloud.region or "default") else zone


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
