"""What stands on a hypervisor, as machines: every guest, running or not, and the hypervisor itself."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.providers.libvirt.addresses import Leases, addresses_of
from mistserver.providers.libvirt.binding import at_once, is_code, libvirt_module
from mistserver.providers.libvirt.markup import parse, tagged
from mistserver.providers.libvirt.settings import Settings

_VOLUME = ("volume", tagged("volume"))
HYPERVISOR = "hypervisor"  # external id; guests have UUIDs
_ACTIONS = {
    MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
    MachineState.PENDING: (Action.STOP, Action.DESTROY),
    MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
    MachineState.PAUSED: (Action.START, Action.STOP, Action.DESTROY),
    MachineState.SUSPENDED: (Action.START, Action.DESTROY),
    MachineState.ERROR: (Action.START, Action.DESTROY),
    MachineState.UNKNOWN: (Action.DESTROY,),
}


@dataclass(frozen=True)
class Mark:
    """What Mist wrote into a guest's definition when it made it.

    `volumes` are pairs of pool and volume. `pending` until the guest was started for the first time.
    """

    mark: str
    image: str | None
    created_at: datetime | None
    volumes: tuple[tuple[str, str], ...]
    pending: bool


def read_guests(connection: Any) -> list[MachineReading]:
    """Every guest. One that goes away while it is read is left out; any other failure is an error."""
    leases = Leases(connection)
    location = connection.getHostname()
    found = at_once(lambda one: _read_unless_gone(one[0], one[1], leases, location), _with_states(connection))
    return [reading for reading in found if reading is not None]


def read_guest(connection: Any, domain: Any) -> MachineReading | None:
    """One guest; None when it is gone."""
    return _read_unless_gone(domain, None, Leases(connection), connection.getHostname())


def _with_states(connection: Any) -> list[tuple[Any, int | None]]:
    """All domains and libvirt's number of each one's state, in one question."""
    stats = connection.getAllDomainStats(libvirt_module().VIR_DOMAIN_STATS_STATE, 0)
    return [(domain, found.get("state.state")) for domain, found in stats]


def _read_unless_gone(domain: Any, number: int | None, leases: Leases, location: str) -> MachineReading | None:
    try:
        return _read(domain, state_of(domain, number), leases, location)
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_DOMAIN"):
            return None
        raise


def _read(domain: Any, state: MachineState, leases: Leases, location: str) -> MachineReading:
    tree = parse(domain.XMLDesc(0))
    public, private = addresses_of(domain, tree, leases) if state is MachineState.RUNNING else ((), ())
    made = read_mark(tree)
    ram_mb = int(tree.findtext("currentMemory") or tree.findtext("memory") or 0) // 1024
    cpus = tree.find("vcpu")
    cores = int(cpus.get("current") or cpus.text or 1) if cpus is not None else 1
    return MachineReading(
        external_id=domain.UUIDString(),
        name=domain.name(),
        state=state,
        public_ips=public,
        private_ips=private,
        size=f"{cores}-{ram_mb}",
        image=made.image if made else None,
        location=location,
        actions=_ACTIONS[state],
        created_at=made.created_at if made else None,
        mark=made.mark if made else None,
        extra=_extra(tree, cores, ram_mb),
    )


def _extra(tree: ET.Element, cores: int, ram_mb: int) -> dict[str, Any]:
    kind = tree.find("os/type")
    extra = {
        "cores": cores,
        "ram_mb": ram_mb,
        "virt_type": tree.get("type"),
        "arch": kind.get("arch") if kind is not None else None,
        "title": tree.findtext("title"),
        "disks": [{"device": _attribute(disk, "target", "dev"), "source": _source(disk)} for disk in _disks(tree)],
        "macs": [mac.get("address") for mac in tree.iterfind("devices/interface/mac")],
        "networks": [_source(interface) for interface in tree.iterfind("devices/interface")],
    }
    return {name: value for name, value in extra.items() if value not in (None, [])}


def _disks(tree: ET.Element) -> list[ET.Element]:
    return [disk for disk in tree.iterfind("devices/disk") if disk.get("device", "disk") == "disk"]


def disk_sources(tree: ET.Element) -> set[str]:
    """What the guest's disks are backed by: paths, or names where there is no path."""
    return {source for source in map(_source, tree.iterfind("devices/disk")) if source}


def _source(element: ET.Element) -> str | None:
    source = element.find("source")
    if source is None:
        return None
    return next(
        (source.attrib[key] for key in ("file", "dev", "name", "network", "bridge") if key in source.attrib), None
    )


def _attribute(element: ET.Element, child: str, name: str) -> str | None:
    found = element.find(child)
    return found.get(name) if found is not None else None


def state_of(domain: Any, number: int | None = None) -> MachineState:
    """The state in the words of Mist; `number` is libvirt's, where it is known already."""
    libvirt = libvirt_module()
    states = {
        libvirt.VIR_DOMAIN_RUNNING: MachineState.RUNNING,
        libvirt.VIR_DOMAIN_BLOCKED: MachineState.RUNNING,
        libvirt.VIR_DOMAIN_PAUSED: MachineState.PAUSED,
        libvirt.VIR_DOMAIN_SHUTDOWN: MachineState.PENDING,
        libvirt.VIR_DOMAIN_SHUTOFF: MachineState.STOPPED,
        libvirt.VIR_DOMAIN_CRASHED: MachineState.ERROR,
        libvirt.VIR_DOMAIN_PMSUSPENDED: MachineState.SUSPENDED,
    }
    return states.get(domain.state()[0] if number is None else number, MachineState.UNKNOWN)


def read_mark(tree: ET.Element) -> Mark | None:
    """What Mist wrote into the definition; None for a guest of somebody else's."""
    made = tree.find(f"metadata/{tagged('machine')}")
    if made is None or not made.get("mark"):
        return None
    # libvirt takes a whole element into the namespace when it is changed later, and only itself when it is defined
    volumes = ((child.get("pool", ""), child.get("name", "")) for child in made if child.tag in _VOLUME)
    created_at = _time(made.get("created"))
    return Mark(made.attrib["mark"], made.get("image"), created_at, tuple(volumes), made.get("pending") == "yes")


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def read_hypervisor(connection: Any, settings: Settings) -> MachineReading:
    """The hypervisor itself, reached as the backend reaches it."""
    info = connection.getInfo()
    local = settings.local_socket is not None
    host = "127.0.0.1" if local else settings.machine_hostname
    public, private = _sorted_address(host)
    return MachineReading(
        external_id=HYPERVISOR,
        name=connection.getHostname(),
        state=MachineState.RUNNING,
        public_ips=public,
        private_ips=private,
        size=f"{info[2]}-{info[1]}",
        location=connection.getHostname(),
        actions=(Action.REBOOT,) if settings.machine_key else (),
        ssh_host=host,
        ssh_port=22 if local else settings.ssh_port,
        extra={"hypervisor": True, "cores": info[2], "ram_mb": info[1], "arch": info[0], "type": connection.getType()},
    )


def _sorted_address(host: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (), ()
    return ((host,), ()) if address.is_global else ((), (host,))
