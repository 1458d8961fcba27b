"""VirtualMachine objects as machines, and labels as tags."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers import addresses
from mistserver.providers.kubevirt.settings import NAMESPACE, TITLE
from mistserver.providers.rest import Json
from mistserver.providers.shapes import Shape

MARK = "mist-mark"
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_KEY = re.compile(
    r"(?=.{1,317}\Z)([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
)
_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_OTHERS = re.compile(r"(^|\.)kubevirt\.io/|(^|\.)kubernetes\.io/")  # labels that belong to the cluster
_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "Stopped": MachineState.STOPPED,
        "Provisioning": MachineState.PENDING,
        "WaitingForVolumeBinding": MachineState.PENDING,
        "WaitingForReceiver": MachineState.PENDING,
        "Starting": MachineState.PENDING,
        "Running": MachineState.RUNNING,
        "Migrating": MachineState.RUNNING,
        "Paused": MachineState.PAUSED,
        "Stopping": MachineState.PENDING,
        "Terminating": MachineState.TERMINATED,
        "CrashLoopBackOff": MachineState.ERROR,
        "ErrorUnschedulable": MachineState.ERROR,
        "ErrImagePull": MachineState.ERROR,
        "ImagePullBackOff": MachineState.ERROR,
        "ErrorPvcNotFound": MachineState.ERROR,
        "DataVolumeError": MachineState.ERROR,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.STOP, Action.DESTROY),
        MachineState.PAUSED: (Action.START, Action.STOP, Action.DESTROY),
        MachineState.ERROR: (Action.STOP, Action.DESTROY),
    }
)
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
_AMOUNT = re.compile(r"(\d{1,18}(?:\.\d{1,6})?)([A-Za-z]{0,2})\Z")


def reading(machine: Json, instance: Json | None) -> MachineReading:
    """A VirtualMachine, with the instance of it that runs, if one does."""
    meta = machine["metadata"]
    labels, spec = meta.get("labels") or {}, machine["spec"]["template"]["spec"]
    state = state_of(machine, instance)
    public, private = addresses.split(_addresses(instance or {}))
    return MachineReading(
        external_id=f"{meta['namespace']}/{meta['name']}",
        name=meta["name"],
        state=state,
        public_ips=public,
        private_ips=private,
        size=_size(machine, spec),
        image=_image(machine, spec),
        location=meta["namespace"],
        tags=tuple(sorted(as_tag(key, value) for key, value in labels.items() if is_tag(key))),
        actions=_OFFERED.get(state, ()),
        created_at=_moment(meta.get("creationTimestamp")),
        mark=labels.get(MARK),
        extra=_extra(machine, instance or {}),
    )


def state_of(machine: Json, instance: Json | None) -> MachineState:
    """Versions before 0.36 do not sum it up."""
    if machine["metadata"].get("deletionTimestamp"):
        return MachineState.TERMINATED
    status = machine.get("status") or {}
    if status.get("printableStatus"):
        return _STATES.get(status["printableStatus"], MachineState.UNKNOWN)
    if instance is None:
        wanted = machine["spec"].get("running") or machine["spec"].get("runStrategy") not in (None, "Halted", "Manual")
        return MachineState.RUNNING if status.get("ready") else MachineState.PENDING if wanted else MachineState.STOPPED
    phase = str((instance.get("status") or {}).get("phase"))
    known = {"Running": MachineState.RUNNING, "Failed": MachineState.ERROR, "Succeeded": MachineState.STOPPED}
    return known.get(phase, MachineState.PENDING)


def place(external_id: str) -> tuple[str, str]:
    """Namespace and name; ProviderNotFound for what cannot be a machine's id."""
    namespace, _, name = external_id.partition("/")
    if not NAMESPACE.fullmatch(namespace) or not NAME.fullmatch(name):
        raise ProviderNotFound(f"{TITLE} has no machine {external_id[:200]!a}.", machine=external_id[:200])
    return namespace, name


def is_tag(key: str) -> bool:
    return key != MARK and not _OTHERS.search(key)


def as_tag(key: str, value: str) -> str:
    """Clusters keep pairs, Mist words: `key=value`, or the key alone when the value is empty."""
    return f"{key}={value}" if value else key


def as_label(tag: str) -> tuple[str, str]:
    """The reverse of `as_tag`; InvalidInput, with the rule, for what no label can be."""
    key, _, value = tag.partition("=")
    if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value) or not is_tag(key):
        raise InvalidInput(
            f"{TITLE} keeps tags as labels: a word, or word=value, of letters, digits, dots, dashes and underscores; "
            f"{tag[:80]!a} does not fit.",
            field="tag",
        )
    return key, value


def amount(text: Any) -> int | None:
    """Bytes, from a quantity as Kubernetes writes it."""
    match = _AMOUNT.match(str(text if text is not None else ""))
    unit = _UNITS.get(match[2]) if match else None
    return int(float(match[1]) * unit) if match and unit else None


def _addresses(instance: Json) -> Iterator[str]:
    for card in (instance.get("status") or {}).get("interfaces") or []:
        yield from card.get("ipAddresses") or []
        if card.get("ipAddress"):
            yield card["ipAddress"]


def _size(machine: Json, spec: Json) -> str | None:
    kind = machine["spec"].get("instancetype") or {}
    if kind.get("name"):
        return str(kind["name"])
    domain = spec["domain"]
    resources = domain.get("resources") or {}
    asked = {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    memory = amount((domain.get("memory") or {}).get("guest") or asked.get("memory"))
    return None if memory is None else Shape(_cores(domain.get("cpu") or {}, asked), memory >> 20).id


def _cores(cpu: Json, asked: Json) -> int:
    """As KubeVirt counts them: its topology, else the container's limit or request, rounded up."""
    parts = [int(cpu.get(part) or 1) for part in ("cores", "sockets", "threads")]
    if any(cpu.get(part) for part in ("cores", "sockets", "threads")):
        return math.prod(parts)
    text = str(asked.get("cpu") or "1")
    return max(1, math.ceil(float(text.removesuffix("m")) / (1000 if text.endswith("m") else 1)))


def _image(machine: Json, spec: Json) -> str | None:
    """The container disk, or the source of the disk that was made with it."""
    for volume in spec.get("volumes") or []:
        if volume.get("containerDisk"):
            return str(volume["containerDisk"].get("image"))
    for made in machine["spec"].get("dataVolumeTemplates") or []:
        source = made["spec"].get("sourceRef") or {}
        if source.get("kind") == "DataSource":
            return f"datasource:{source.get('namespace') or machine['metadata']['namespace']}/{source['name']}"
        registry = (made["spec"].get("source") or {}).get("registry") or {}
        if registry.get("url"):
            return str(registry["url"]).removeprefix("docker://")
    return None


def _extra(machine: Json, instance: Json) -> dict[str, Any]:
    status, running = machine.get("status") or {}, instance.get("status") or {}
    wrong = {"Ready": "False", "Failure": "True"}
    told = [each for each in status.get("conditions") or [] if wrong.get(each.get("type")) == each.get("status")]
    failed = [each for each in told if each.get("message")]
    found = {
        "node": running.get("nodeName"),
        "status": status.get("printableStatus"),
        "os": (running.get("guestOSInfo") or {}).get("prettyName"),
        "reason": failed[0]["message"] if failed else None,
        "uid": machine["metadata"].get("uid"),
    }
    return {name: value for name, value in found.items() if value}


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
