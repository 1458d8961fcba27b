"""Making an instance: asked for, let in by the key, started; what cannot start is taken back."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from mistserver.domain.errors import (
    AlreadyExists,
    InvalidInput,
    MistError,
    ProviderNotFound,
    ProviderRejected,
    ProviderUnreachable,
)
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks, locations, shapes
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.lxd import catalog
from mistserver.providers.lxd.api import TITLE, Api
from mistserver.providers.lxd.machines import KEY, MARK, VIRTUAL, never_started, tag_key
from mistserver.providers.rest import Json

CREATE_TIMEOUT_S = 600.0  # an image may have to come from its server first
_NAME = re.compile(r"(?=.{1,63}\Z)(?!\d+\Z)[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?")
_RULE = "names of up to 63 letters, digits and dashes, a letter first and no dash at the end"
_EXTRA = {"type": str, "profiles": list, "pool": str, "config": dict, "ephemeral": bool}
_TYPES = ("container", VIRTUAL)
_FOLDER, _FILE = "/root/.ssh", "/root/.ssh/authorized_keys"


def check_spec(spec: MachineSpec) -> None:
    """What the server would refuse, with its rule; no network."""
    checks.name(TITLE, spec, _NAME, _RULE)
    checks.options(TITLE, spec, _EXTRA)
    checks.needs(TITLE, spec, "image")
    shapes.parse(spec.size)
    if spec.extra.get("type", "container") not in _TYPES:
        raise InvalidInput(f"extra.type is one of {', '.join(_TYPES)}.", field="extra.type")
    config, profiles = spec.extra.get("config") or {}, spec.extra.get("profiles") or []
    if not all(isinstance(value, str) for value in config.values()) or {MARK, KEY} & set(config):
        raise InvalidInput("extra.config has to be an object of texts, without Mist's own keys.", field="extra.config")
    if not all(isinstance(each, str) for each in profiles):
        raise InvalidInput("extra.profiles has to be a list of names.", field="extra.profiles")


def create(api: Api, spec: MachineSpec) -> None:
    """A started instance that carries the mark. One that has it already, under that name, is gone on with."""
    wanted, target = _wanted(api, spec), _target(api, spec)
    try:
        begun = api.begin("POST", "/1.0/instances", wanted, target=target)
        api.finished(begun["id"], CREATE_TIMEOUT_S)
    except AlreadyExists:
        there = api.get(at("/1.0/instances/{}", spec.name))
        with understood(api.where):
            if there["config"].get(MARK) != spec.mark:
                raise AlreadyExists(f"LXD has an instance called {spec.name!r} already.", name=spec.name) from None
    finish(api, api.get(at("/1.0/instances/{}", spec.name)))


def finish(api: Api, instance: Json) -> None:
    """What is left to do for an instance that was made and not started yet; nothing for others."""
    with understood(api.where):
        name, key = str(instance["name"]), instance["config"].get(KEY)
        fresh, virtual = never_started(instance), instance.get("type") == VIRTUAL
    if not fresh:
        return
    try:
        if key and not virtual:
            let_in(api, name, key)
        begun = api.begin("PUT", at("/1.0/instances/{}/state", name), {"action": "start"})
        api.finished(begun["id"], CREATE_TIMEOUT_S)
    except (ProviderRejected, ProviderNotFound):
        with contextlib.suppress(MistError):
            api.tell("DELETE", at("/1.0/instances/{}", name), None)
        raise


def wait_for_makings(api: Api) -> None:
    """Wait until instances that are being made are there, so that they show their marks. ProviderTimeout if need be."""
    told = api.get("/1.0/operations", recursion=1)
    with understood(api.where):
        makings = [each["id"] for each in told.get("running") or [] if each["description"].startswith("Creating inst")]
    for each in makings:
        with contextlib.suppress(ProviderRejected, ProviderNotFound, AlreadyExists, ProviderUnreachable):
            api.finished(each, api.timeout_s)


def let_in(api: Api, name: str, public_key: str) -> None:
    """Add the key to root's; whether an SSH server runs is the image's business."""
    known = b""
    with contextlib.suppress(ProviderNotFound):
        known = api.file(name, _FILE)
    line = public_key.strip().encode()
    if line in known.splitlines():
        return
    owner = {"X-LXD-uid": "0", "X-LXD-gid": "0", "X-Incus-uid": "0", "X-Incus-gid": "0"}
    folder = {**owner, **_kind("directory", "0700")}
    if not known:
        with contextlib.suppress(ProviderRejected):  # it is there
            api.put_file(name, _FOLDER, b"", folder)
    text = known + (b"\n" if known and not known.endswith(b"\n") else b"") + line + b"\n"
    api.put_file(name, _FILE, text, {**owner, **_kind("file", "0600")})


def _kind(kind: str, mode: str) -> dict[str, str]:
    """The headers of LXD and those of Incus; each knows only its own."""
    return {
        f"X-{vendor}-{name}": value for vendor in (TITLE, "Incus") for name, value in (("type", kind), ("mode", mode))
    }


def _wanted(api: Api, spec: MachineSpec) -> Json:
    source, kind = catalog.source(api, spec.image)
    profiles = spec.extra.get("profiles")
    devices = {f"eth{number}": catalog.card(api, each) for number, each in enumerate(spec.networks)}
    root = _root(api, spec, profiles or ["default"])
    return {
        "name": spec.name,
        "type": spec.extra.get("type") or kind or _TYPES[0],
        "source": source,
        "config": {**_config(api, spec), **(spec.extra.get("config") or {})},
        "devices": devices | ({"root": root} if root else {}),
        **({"profiles": profiles} if profiles else {}),
        **({"ephemeral": True} if spec.extra.get("ephemeral") else {}),
    }


def _config(api: Api, spec: MachineSpec) -> dict[str, str]:
    """The key goes to cloud-init as vendor's data, so that the user's data stays as it was given."""
    config = {MARK: spec.mark, **{tag_key(tag): tag for tag in spec.tags}}
    prefix = "cloud-init." if "cloud_init" in (api.about().get("api_extensions") or []) else "user."
    if spec.size:
        shape = shapes.parse(spec.size)
        config |= {"limits.cpu": str(shape.cores), "limits.memory": f"{shape.ram_mb}MiB"}
    if spec.public_key:
        key = spec.public_key.strip()
        told = {"ssh_authorized_keys": [key], "disable_root": False}
        config |= {KEY: key, f"{prefix}vendor-data": f"#cloud-config\n{json.dumps(told)}\n"}
    if spec.user_data is not None:
        config[f"{prefix}user-data"] = spec.user_data
    return config


def _root(api: Api, spec: MachineSpec, profiles: list[str]) -> dict[str, str] | None:
    """The root disk, where pool or size differ from what the profiles say; None where they do not."""
    disk_gb, pool = shapes.parse(spec.size).disk_gb, spec.extra.get("pool")
    if disk_gb is None and pool is None:
        return None
    size = {} if disk_gb is None else {"size": f"{disk_gb}GiB"}
    found: dict[str, Any] = {}
    for each in profiles:
        devices = api.get(at("/1.0/profiles/{}", each)).get("devices") or {}
        found = next((one for one in devices.values() if one.get("path") == "/"), found)
    pool = pool or found.get("pool")
    if pool is None:
        raise InvalidInput("No profile says where the root disk is kept; give extra.pool.", field="extra.pool")
    return {"type": "disk", "path": "/", "pool": str(pool), **size}


def _target(api: Api, spec: MachineSpec) -> str | None:
    """The member of a cluster that is asked for."""
    if spec.location is None:
        return None
    chosen = locations.meant(TITLE, spec.location, catalog.locations(api))
    return chosen.id if api.environment().get("server_clustered") else None
