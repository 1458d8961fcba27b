"""Making a VirtualMachine: one object that holds all that is asked for, and a secret where its data is long."""

from __future__ import annotations

import base64
import contextlib
import re
from typing import Any

from mistserver.domain.errors import AlreadyExists, InvalidInput, MistError, ProviderRejected
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks, cloud_init, locations, shapes
from mistserver.providers.http_errors import understood
from mistserver.providers.kubevirt import catalog
from mistserver.providers.kubevirt.api import MACHINES, Api
from mistserver.providers.kubevirt.machines import MARK, NAME, as_label
from mistserver.providers.kubevirt.settings import NAMESPACE, TITLE
from mistserver.providers.rest import Json

DEFAULT_NAMESPACE = "default"
INLINE_LIMIT = 2048  # bytes of user data that the object itself may hold
_RULE = "names of up to 63 small letters, digits and dashes, none of those at an end"
_IMAGE = re.compile(r"[a-z0-9][A-Za-z0-9._:/@-]{0,510}")
_KIND = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_PAIR = re.compile(rf"(({NAMESPACE.pattern})/)?{NAME.pattern}")
_EXTRA = {"disk_gb": int, "storage_class": str, "preference": str, "user": str}
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_SECRETS = "/api/v1{}/secrets"


def check_spec(spec: MachineSpec) -> None:
    """What the cluster would refuse, with its rule; no network."""
    checks.name(TITLE, spec, NAMESPACE, _RULE)
    checks.needs(TITLE, spec, "image")
    checks.options(TITLE, spec, _EXTRA)
    source = spec.image.removeprefix(catalog.SOURCE)
    if not (_PAIR if source != spec.image else _IMAGE).fullmatch(source):
        message = "An image is a container disk, as quay.io/containerdisks/debian:13, or datasource:namespace/name."
        raise InvalidInput(message, field="image")
    if spec.size is not None and not _is_kind(spec.size):
        shapes.parse(spec.size)
    for network in spec.networks:
        if network != catalog.POD and not _PAIR.fullmatch(network):
            raise InvalidInput(
                f"{network[:80]!a} cannot be a network; they are pod, or namespace/name.", field="networks"
            )
    for tag in spec.tags:
        as_label(tag)
    _check_extra(spec.extra)


def create(api: Api, spec: MachineSpec) -> Json:
    """The object, made and to be started by the cluster. One of that name that carries the mark is taken for it."""
    namespace = _namespace(api, spec)
    data = cloud_init.combined(_config(spec), spec.user_data) if _has_data(spec) else None
    secret = data is not None and len(data.encode()) > INLINE_LIMIT
    if secret:
        _keep(api, spec, namespace, data or "")
    try:
        made = api.make(MACHINES, namespace, _wanted(spec, namespace, data))
    except AlreadyExists:
        made = api.one(MACHINES, namespace, spec.name)
        with understood(api.where):
            if (made["metadata"].get("labels") or {}).get(MARK) != spec.mark:
                raise AlreadyExists(
                    f"{TITLE} has a machine called {spec.name!r} in {namespace} already.", name=spec.name
                ) from None
    except ProviderRejected:
        if secret:
            with contextlib.suppress(MistError):
                api.delete(_SECRETS, namespace, _secret(spec.name))
        raise
    if secret:
        _hand_over(api, namespace, made)
    return made


def sized(size: str) -> Json:
    """What of a machine's specification tells its size: an instance type's name, or cores and memory."""
    nothing: Json = {"cpu": None, "memory": None, "resources": None}
    if _is_kind(size):
        kind = {"kind": "VirtualMachineClusterInstancetype", "name": size, "revisionName": None}
        return {"instancetype": kind, "template": {"spec": {"domain": nothing}}}
    shape = shapes.parse(size)
    domain = {**nothing, "cpu": {"cores": shape.cores}, "memory": {"guest": f"{shape.ram_mb}Mi"}}
    return {"instancetype": None, "template": {"spec": {"domain": domain}}}


def _wanted(spec: MachineSpec, namespace: str, data: str | None) -> Json:
    volumes, made = _root(spec, namespace)
    disks: list[Json] = [{"name": "root", "disk": {"bus": "virtio"}}]
    if data is not None:
        disks.append({"name": "cloudinit", "disk": {"bus": "virtio"}})
        volumes.append({"name": "cloudinit", "cloudInitNoCloud": _told(spec.name, data)})
    cards = [_card(number, each) for number, each in enumerate(spec.networks or (catalog.POD,))]
    size = _without_none(sized(spec.size or shapes.DEFAULT.id))
    domain = {
        **size["template"]["spec"]["domain"],
        "devices": {"disks": disks, "interfaces": [card for card, _ in cards], "rng": {}},
    }
    labels = {**dict(as_label(tag) for tag in spec.tags), MARK: spec.mark}
    guest = {"domain": domain, "networks": [network for _, network in cards], "volumes": volumes}
    preference = {"kind": "VirtualMachineClusterPreference", "name": spec.extra.get("preference")}
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {"name": spec.name, "namespace": namespace, "labels": labels},
        "spec": {
            "runStrategy": "RerunOnFailure",
            **({"instancetype": size["instancetype"]} if "instancetype" in size else {}),
            **({"preference": preference} if preference["name"] else {}),
            **({"dataVolumeTemplates": made} if made else {}),
            "template": {"metadata": {"labels": {"kubevirt.io/domain": spec.name, MARK: spec.mark}}, "spec": guest},
        },
    }


def _root(spec: MachineSpec, namespace: str) -> tuple[list[Json], list[Json]]:
    """The volume that the machine boots from, and the template of a disk that is made with it."""
    wanted_gb = spec.extra.get("disk_gb") or _disk_gb(spec)
    source = spec.image.removeprefix(catalog.SOURCE)
    if source == spec.image and wanted_gb is None:
        return [{"name": "root", "containerDisk": {"image": spec.image}}], []
    storage: Json = {"resources": {"requests": {"storage": f"{wanted_gb}Gi"}}} if wanted_gb else {}
    storage |= {"storageClassName": spec.extra["storage_class"]} if "storage_class" in spec.extra else {}
    if source == spec.image:
        origin: Json = {"source": {"registry": {"url": f"docker://{spec.image}"}}}
    else:
        home, _, name = source.rpartition("/")
        origin = {"sourceRef": {"kind": "DataSource", "namespace": home or namespace, "name": name}}
    disk = {"metadata": {"name": f"{spec.name}-root"}, "spec": {"storage": storage, **origin}}
    return [{"name": "root", "dataVolume": {"name": f"{spec.name}-root"}}], [disk]


def _card(number: int, network: str) -> tuple[Json, Json]:
    name = f"net{number}"
    if network == catalog.POD:
        return {"name": name, "masquerade": {}}, {"name": name, "pod": {}}
    return {"name": name, "bridge": {}}, {"name": name, "multus": {"networkName": network}}


def _has_data(spec: MachineSpec) -> bool:
    return bool(spec.public_key or spec.user_data or spec.extra.get("user"))


def _config(spec: MachineSpec) -> dict[str, object]:
    keys = [spec.public_key.strip()] if spec.public_key else []
    config: dict[str, object] = {"hostname": spec.name, "disable_root": False}
    if keys:
        config["ssh_authorized_keys"] = keys
    if spec.extra.get("user"):
        sudo = "ALL=(ALL) NOPASSWD:ALL"
        user = {"name": spec.extra["user"], "sudo": sudo, "lock_passwd": True, "ssh_authorized_keys": keys}
        config["users"] = ["default", user]
    return config


def _told(name: str, data: str) -> Json:
    if len(data.encode()) > INLINE_LIMIT:
        return {"secretRef": {"name": _secret(name)}}
    return {"userData": data}


def _secret(name: str) -> str:
    return f"{name}-cloud-init"


def _keep(api: Api, spec: MachineSpec, namespace: str, data: str) -> None:
    """Put long user data where the object only refers to it; what stands there under that name has to be ours."""
    name, labels = _secret(spec.name), {MARK: spec.mark}
    packed = {"userdata": base64.b64encode(data.encode()).decode()}
    wanted = {"metadata": {"name": name, "labels": labels}, "type": "Opaque", "data": packed}
    try:
        api.make(_SECRETS, namespace, {"apiVersion": "v1", "kind": "Secret", **wanted})
    except AlreadyExists:
        found = api.one(_SECRETS, namespace, name)
        with understood(api.where):
            if (found["metadata"].get("labels") or {}).get(MARK) != spec.mark:
                raise AlreadyExists(f"{namespace} has a secret called {name!r} already.", name=name) from None


def _hand_over(api: Api, namespace: str, machine: Json) -> None:
    """The secret goes away with the machine."""
    with understood(api.where):
        meta = machine["metadata"]
        owner = {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "name": meta["name"], "uid": meta["uid"]}
    api.change(_SECRETS, namespace, _secret(meta["name"]), {"metadata": {"ownerReferences": [owner]}})


def _namespace(api: Api, spec: MachineSpec) -> str:
    if spec.location is None:
        return api.namespace or DEFAULT_NAMESPACE
    return locations.meant(TITLE, spec.location, catalog.locations(api)).id


def _disk_gb(spec: MachineSpec) -> int | None:
    return None if spec.size is None or _is_kind(spec.size) else shapes.parse(spec.size).disk_gb


def _is_kind(size: str) -> bool:
    """Whether a size is the name of an instance type, and not cores and memory."""
    return bool(_KIND.fullmatch(size)) and not re.fullmatch(r"[\d-]+", size)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(each) for key, each in value.items() if each is not None}
    return value


def _check_extra(extra: dict[str, Any]) -> None:
    for name, pattern in (("storage_class", _KIND), ("preference", _KIND), ("user", _USER)):
        if name in extra and not pattern.fullmatch(extra[name]):
            raise InvalidInput(f"extra.{name} cannot be {extra[name][:80]!a}.", field=f"extra.{name}")
    if "disk_gb" in extra and not 0 < extra["disk_gb"] < 1 << 16:
        raise InvalidInput("extra.disk_gb goes from 1 to 65535.", field="extra.disk_gb")
