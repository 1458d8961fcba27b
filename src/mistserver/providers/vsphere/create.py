"""Making a machine: a template's clone, fitted out and switched on."""

from __future__ import annotations

import base64
import contextlib
import json
import re
from typing import Any

from mistserver.domain.errors import (
    AlreadyExists,
    Conflict,
    InvalidInput,
    MistError,
    ProviderNotFound,
    ProviderRejected,
)
from mistserver.domain.machine import MachineSpec
from mistserver.providers import checks, shapes
from mistserver.providers.http_errors import understood
from mistserver.providers.vsphere import catalog, soap
from mistserver.providers.vsphere.api import Api, Told
from mistserver.providers.vsphere.machines import annotation, instance_uuid
from mistserver.providers.vsphere.settings import TITLE

CREATE_TIMEOUT_S = 3600.0  # a clone copies disks
PLAN = "mist.plan"  # the option of a machine that says what is still to be done to it
_NAME = re.compile(r"(?=.{1,80}\Z)[^\x00-\x1f\x7f/\\%]+")
_RULE = "names of up to 80 characters, without slashes, backslashes, percent signs and control characters"
_EXTRA = {"datastore": str, "folder": str}
_DATA_LIMIT = 48 * 1024


def check_spec(spec: MachineSpec) -> None:
    """What the server would refuse, with its rule; no network."""
    checks.name(TITLE, spec, _NAME, _RULE)
    checks.needs(TITLE, spec, "image")
    checks.options(TITLE, spec, _EXTRA)
    shapes.parse(spec.size)
    if spec.user_data is not None and len(spec.user_data.encode()) > _DATA_LIMIT:
        raise InvalidInput(f"{TITLE} takes at most {_DATA_LIMIT // 1024} KiB of user data.", field="user_data")


def create(api: Api, spec: MachineSpec) -> Any:
    """A machine that carries the mark and was switched on; one that has it already is gone on with."""
    source = catalog.template(api, spec.image)
    folder, wanted = _clone(api, source, spec)
    try:
        made = api.finished(source.CloneVM_Task(folder, spec.name, wanted), CREATE_TIMEOUT_S)
    except AlreadyExists:
        found = find(api, spec.mark)
        if found is None:
            raise AlreadyExists(f"{TITLE} has something called {spec.name!r} there already.", name=spec.name) from None
        return found
    finish(api, made)
    return made


def find(api: Api, mark: str) -> Any:
    """The machine that carries the mark, made ready if need be; None when there is none.

    Waits for clones that are being made. ProviderTimeout when that takes long.
    """
    search, wanted = api.content.searchIndex, instance_uuid(mark)
    found = search.FindByUuid(None, wanted, True, True)
    if found is None and _waited(api):
        found = search.FindByUuid(None, wanted, True, True)
    if found is not None:
        with contextlib.suppress(ProviderNotFound):
            finish(api, found)
    return found


def finish(api: Api, machine: Any) -> None:
    """Fit a fresh clone out as it was asked for, and switch it on; nothing for one that was."""
    told = api.tell(machine, ("config.extraConfig", "config.hardware.device", "runtime.powerState"))
    packed = next((each.value for each in told.get("config.extraConfig") or [] if each.key == PLAN), None)
    if not packed:
        return
    with understood(api.where):
        wanted: dict[str, Any] = json.loads(base64.b64decode(packed))
        plan = {name: wanted[name] for name in ("mark", "shape", "disk_gb", "networks", "options")}
    try:
        _fit_out(api, machine, told, plan)
        if str(told.get("runtime.powerState")) != "poweredOn":
            api.finished(machine.PowerOnVM_Task(None), CREATE_TIMEOUT_S)
        api.finished(machine.ReconfigVM_Task(_config(options={PLAN: ""})), CREATE_TIMEOUT_S)
    except (ProviderRejected, ProviderNotFound, InvalidInput, Conflict):
        with contextlib.suppress(MistError):
            api.finished(machine.Destroy_Task(), CREATE_TIMEOUT_S)
        raise


def _fit_out(api: Api, machine: Any, told: Told, plan: dict[str, Any]) -> None:
    devices = told.get("config.hardware.device") or []
    changes = [*_cards(api, devices, plan["networks"]), *_disk(devices, plan["disk_gb"])]
    shape = plan["shape"] and {"numCPUs": plan["shape"][0], "memoryMB": plan["shape"][1]}
    wanted = _config(options=plan["options"], annotation=annotation(plan["mark"]), **(shape or {}))
    wanted.deviceChange = changes
    api.finished(machine.ReconfigVM_Task(wanted), CREATE_TIMEOUT_S)


def _clone(api: Api, source: Any, spec: MachineSpec) -> tuple[Any, Any]:
    """The folder of the clone, and what is asked for: its place, its mark, and the plan for what follows."""
    vim = soap.vim()

    told = api.tell(source, ("parent", "runtime.host"))
    if spec.location is not None:
        home, where = catalog.place(api, spec.location)
    else:
        home, where = _home(api, told.get("runtime.host"))
    place = vim.vm.RelocateSpec(pool=where["resourcePool"])
    if "datastore" in spec.extra:
        place.datastore = catalog.datastore(api, spec.extra["datastore"])
    for each in spec.networks:
        catalog.network(api, each)  # before anything is made
    shape = shapes.parse(spec.size) if spec.size else None
    plan = {
        "mark": spec.mark,
        "shape": shape and [shape.cores, shape.ram_mb],
        "disk_gb": shape and shape.disk_gb,
        "networks": list(spec.networks),
        "options": _guest_options(spec),
    }
    options = {PLAN: base64.b64encode(json.dumps(plan).encode()).decode()}
    config = _config(options=options, annotation=annotation(spec.mark), instanceUuid=instance_uuid(spec.mark))
    folder = _folder(api, spec, home) if "folder" in spec.extra or spec.location else told.get("parent")
    wanted = vim.vm.CloneSpec(location=place, config=config, powerOn=False, template=False)
    return folder or _folder(api, spec, home), wanted


def _home(api: Api, host: Any) -> tuple[Any, Told]:
    """The cluster (or host) that a template's host belongs to."""
    found = catalog.places(api)
    for each, told in found:
        if host is not None and any(one._moId == host._moId for one in told.get("host") or []):
            return each, told
    raise InvalidInput(
        f"Choose a location (--location): {TITLE} does not tell where the template is.", field="location"
    )


def _folder(api: Api, spec: MachineSpec, home: Any) -> Any:
    """The folder of machines of the datacenter that a place is in, or one below it by its path."""
    vim = soap.vim()

    above = home
    while above is not None and not isinstance(above, vim.Datacenter):
        above = api.tell(above, ("parent",)).get("parent")
    if above is None:
        raise InvalidInput(f"{TITLE} does not tell which datacenter that location is in.", field="location")
    folder = api.tell(above, ("vmFolder",))["vmFolder"]
    for name in filter(None, spec.extra.get("folder", "").split("/")):
        children = api.tell(folder, ("childEntity",)).get("childEntity") or []
        folders = [each for each in children if isinstance(each, vim.Folder)]
        named = [each for each in folders if api.tell(each, ("name",)).get("name") == name]
        if not named:
            raise InvalidInput(f"{TITLE} has no folder {name[:80]!a} there.", field="extra.folder")
        folder = named[0]
    return folder


def _guest_options(spec: MachineSpec) -> dict[str, str]:
    """What cloud-init reads: https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html"""
    meta: dict[str, Any] = {"instance-id": instance_uuid(spec.mark), "local-hostname": spec.name}
    if spec.public_key:
        meta["public-keys-data"] = spec.public_key.strip()
    options = {"metadata": json.dumps(meta)}
    if spec.user_data is not None:
        options["userdata"] = spec.user_data
    packed = {f"guestinfo.{name}": base64.b64encode(text.encode()).decode() for name, text in options.items()}
    return packed | {f"guestinfo.{name}.encoding": "base64" for name in options}


def _config(options: dict[str, str], **values: Any) -> Any:
    """An option with an empty value is taken away."""
    vim = soap.vim()

    pairs = [vim.option.OptionValue(key=key, value=value) for key, value in options.items()]
    return vim.vm.ConfigSpec(extraConfig=pairs, **values)


def _cards(api: Api, devices: Any, wanted: list[str]) -> list[Any]:
    """Network cards in their order join the networks in theirs; further ones are added."""
    vim = soap.vim()

    change = vim.vm.device.VirtualDeviceSpec
    cards = [each for each in devices if isinstance(each, vim.vm.device.VirtualEthernetCard)]
    changes = []
    for number, name in enumerate(wanted):
        card = cards[number] if number < len(cards) else vim.vm.device.VirtualVmxnet3(key=-number - 1)
        card.backing = _backing(api, catalog.network(api, name))
        if card.connectable is None:
            card.connectable = vim.vm.device.VirtualDevice.ConnectInfo(allowGuestControl=True)
        card.connectable.startConnected = True
        operation = "edit" if number < len(cards) else "add"
        changes.append(change(device=card, operation=operation))
    return changes


def _backing(api: Api, network: Any) -> Any:
    vim = soap.vim()

    ethernet = vim.vm.device.VirtualEthernetCard
    if isinstance(network, vim.dvs.DistributedVirtualPortgroup):
        told = api.tell(network, ("key", "config.distributedVirtualSwitch"))
        switch = api.tell(told["config.distributedVirtualSwitch"], ("uuid",))
        port = vim.dvs.PortConnection(portgroupKey=told["key"], switchUuid=switch["uuid"])
        return ethernet.DistributedVirtualPortBackingInfo(port=port)
    name = api.tell(network, ("name",))["name"]
    return ethernet.NetworkBackingInfo(deviceName=name, network=network)


def _disk(devices: Any, wanted_gb: int | None) -> list[Any]:
    """The first disk grows; none ever shrinks."""
    vim = soap.vim()

    if wanted_gb is None:
        return []
    disk = next((each for each in devices if isinstance(each, vim.vm.device.VirtualDisk)), None)
    if disk is None or disk.capacityInKB >= wanted_gb << 20:
        return []
    disk.capacityInKB = wanted_gb << 20
    disk.capacityInBytes = None
    return [vim.vm.device.VirtualDeviceSpec(device=disk, operation="edit")]


def _waited(api: Api) -> bool:
    """Whether there were clones being made that are done by now."""
    recent = api.tell(api.content.taskManager, ("recentTask",)).get("recentTask") or []
    waited = False
    for task in recent:
        with contextlib.suppress(ProviderNotFound, ProviderRejected, AlreadyExists, Conflict):
            told = api.tell(task, ("info.descriptionId", "info.state"))
            clones = str(told.get("info.descriptionId")).startswith("VirtualMachine.clone")
            if clones and str(told.get("info.state")) in ("queued", "running"):
                waited = True
                api.finished(task, api.timeout_s)
    return waited
