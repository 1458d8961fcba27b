"""Making a guest: its volumes, its definition, its start; what was made is taken back when a later step fails."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import Any

from mistserver.domain.errors import AlreadyExists, InvalidInput, ProviderRejected
from mistserver.domain.machine import MachineSpec
from mistserver.providers import shapes
from mistserver.providers.libvirt.binding import is_code, libvirt_module
from mistserver.providers.libvirt.definition import Boot, Guest, define
from mistserver.providers.libvirt.identity import guest_uuid
from mistserver.providers.libvirt.images import FILE_POOLS, active_pools, find_pool, find_volume, pool_type
from mistserver.providers.libvirt.machines import read_mark
from mistserver.providers.libvirt.markup import NAMESPACE, parse, render, tagged
from mistserver.providers.libvirt.options import Options, has_disk, read_options
from mistserver.providers.libvirt.seed import Seed, iso_image
from mistserver.providers.libvirt.volumes import Made, delete_volumes, make_disk, make_seed

_UNDEFINE = ("MANAGED_SAVE", "SNAPSHOTS_METADATA", "CHECKPOINTS_METADATA", "NVRAM")


def create(connection: Any, spec: MachineSpec, virt_type: str) -> Any:
    """The started guest, as libvirt's domain; the one that carries the mark already, when there is one.

    `virt_type` is the backend's: `auto` takes KVM, and emulation where KVM does not start.
    """
    wanted = read_options(spec).virt_type or virt_type
    found = find(connection, spec.mark, wanted)
    if found is not None:
        return found
    return _start(connection, _define(connection, spec, guest_uuid(spec.mark), wanted), wanted)


def find(connection: Any, mark: str, virt_type: str) -> Any:
    """The guest with that mark; None when there is none. One that was cut off before its first start is started."""
    domain = lookup(connection, guest_uuid(mark))
    if domain is None:
        return None
    made = read_mark(parse(domain.XMLDesc(0)))
    if made is None or not made.pending:
        return domain
    if domain.isActive():
        _note_started(domain)
        return domain
    return _start(connection, domain, virt_type)


def lookup(connection: Any, uuid: str) -> Any:
    """The domain; None when there is none."""
    try:
        return connection.lookupByUUIDString(uuid)
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_DOMAIN"):
            return None
        raise


def undefine(domain: Any) -> None:
    """Take the definition away with all that hangs on it; drivers that know no such things get the plain call."""
    libvirt = libvirt_module()
    flags = 0
    for name in _UNDEFINE:
        flags |= getattr(libvirt, f"VIR_DOMAIN_UNDEFINE_{name}", 0)
    try:
        domain.undefineFlags(flags)
    except libvirt.libvirtError as error:
        if not is_code(error, "NO_SUPPORT", "INVALID_ARG", "ARGUMENT_UNSUPPORTED"):
            raise
        domain.undefine()


def _define(connection: Any, spec: MachineSpec, uuid: str, virt_type: str) -> Any:
    options = read_options(spec)
    _refuse_taken_name(connection, spec.name)
    host = _host(connection)
    guest = Guest(
        uuid=uuid,
        name=spec.name,
        mark=spec.mark,
        image=spec.image,
        shape=shapes.parse(spec.size),
        virt_type=host.virt_type if virt_type == "auto" else virt_type,
        arch=host.arch,
        boot=_boot(connection, options),
        networks=_networks(connection, spec.networks),
    )
    made: list[Made] = []
    try:
        for name, volume in _volumes(connection, spec, options, guest):
            made.append(volume)
            guest = dataclasses.replace(guest, **{name: volume})
        domain = connection.defineXML(define(guest))
    except BaseException:
        with contextlib.suppress(libvirt_module().libvirtError):
            if lookup(connection, uuid) is None:
                delete_volumes(connection, uuid, tuple((volume.pool, volume.name) for volume in made))
        raise
    if options.autostart:
        domain.setAutostart(1)
    return domain


def _volumes(connection: Any, spec: MachineSpec, options: Options, guest: Guest) -> Any:
    """Make the volumes one by one: pairs of their place in the guest and the volume."""
    pool, disk = None, has_disk(spec, options)
    if disk:
        image_pool, image = find_volume(connection, spec.image)
        pool = find_pool(connection, options.pool) if options.pool else image_pool
        yield "disk", make_disk(pool, image, guest.uuid, guest.shape.disk_gb, options.clone)
    if pool is None or pool_type(pool) not in FILE_POOLS:
        pool = _seed_pool(connection, options) or pool
    if pool is None or not (disk or spec.public_key or spec.user_data):
        return
    seed = Seed(
        instance_id=guest.uuid,
        hostname=spec.name.replace("_", "-").strip("-."),
        public_key=spec.public_key,
        user=options.user,
        user_data=spec.user_data,
        macs=guest.macs,
    )
    yield "seed", make_seed(connection, pool, guest.uuid, iso_image(seed.files()))


def _seed_pool(connection: Any, options: Options) -> Any:
    if options.pool:
        return find_pool(connection, options.pool)
    pools = {pool.name(): pool for pool in active_pools(connection) if pool_type(pool) in FILE_POOLS}
    return pools.get("default") or next(iter(pools.values()), None)


def _refuse_taken_name(connection: Any, name: str) -> None:
    try:
        connection.lookupByName(name)
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_DOMAIN"):
            return
        raise
    raise AlreadyExists(f"The hypervisor has a guest called {name!r} already; choose another name.", name=name)


def _boot(connection: Any, options: Options) -> Boot:
    return Boot(
        kernel=_path(connection, options.kernel, "extra.kernel"),
        initrd=_path(connection, options.initrd, "extra.initrd"),
        cmdline=options.cmdline,
        firmware=options.firmware,
    )


def _path(connection: Any, place: str | None, field: str) -> str | None:
    if place is None or place.startswith("/"):
        return place
    return str(find_volume(connection, place, field)[1].path())


def _networks(connection: Any, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The networks to join: those asked for, else `default`, else the only one."""
    active = [
        network.name() for network in connection.listAllNetworks(libvirt_module().VIR_CONNECT_LIST_NETWORKS_ACTIVE)
    ]
    if not wanted:
        if "default" in active or len(active) == 1:
            return ("default" if "default" in active else active[0],)
        raise InvalidInput(
            f"Say which network the guest joins: {', '.join([*active, 'bridge:NAME of the host'])}.", field="networks"
        )
    for network in wanted:
        if network not in active and not network.startswith("bridge:"):
            raise InvalidInput(
                f"The hypervisor has no active network {network!r}; it has {', '.join(active) or 'none'}.",
                field="networks",
            )
    return wanted


@dataclass(frozen=True)
class Host:
    """What the hypervisor can run best."""

    arch: str
    virt_type: str


def _host(connection: Any) -> Host:
    tree = parse(connection.getCapabilities())
    own = tree.findtext("host/cpu/arch")
    guests = [guest for guest in tree.iterfind("guest") if guest.findtext("os_type") == "hvm"]
    arches = [arch for guest in guests if (arch := guest.find("arch")) is not None]
    if not arches:
        raise ProviderRejected("The hypervisor cannot run machines of any architecture.")
    arch = next((arch for arch in arches if arch.get("name") == own), arches[0])
    kinds = [domain.get("type", "") for domain in arch.iterfind("domain")]
    return Host(arch.get("name", ""), next((kind for kind in ("kvm", "qemu") if kind in kinds), kinds[0]))


def _start(connection: Any, domain: Any, virt_type: str) -> Any:
    """Start it; with `auto`, emulated when the host's KVM turns out to be unusable."""
    libvirt = libvirt_module()
    try:
        domain.create()
    except libvirt.libvirtError as error:
        if not _runs_already(error, domain):
            tree = parse(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
            unusable = "kvm" in (error.get_error_message() or "").lower()
            if virt_type == "auto" and unusable and tree.get("type") == "kvm":
                return _start_emulated(connection, domain, tree)
            _take_back(connection, domain)
            raise
    _note_started(domain)
    return domain


def _runs_already(error: Any, domain: Any) -> bool:
    """Whether an earlier call, whose answer was lost, has started it."""
    return is_code(error, "OPERATION_INVALID") and bool(domain.isActive())


def _start_emulated(connection: Any, domain: Any, tree: Any) -> Any:
    tree.set("type", "qemu")
    for processor in tree.findall("cpu"):
        tree.remove(processor)
    try:
        emulated = connection.defineXML(render(tree))
        emulated.create()
        _note_started(emulated)
    except libvirt_module().libvirtError:
        _take_back(connection, domain)
        raise
    return emulated


def _note_started(domain: Any) -> None:
    """Take the word back that it waits for its first start."""
    libvirt = libvirt_module()
    made = parse(domain.XMLDesc(0)).find(f"metadata/{tagged('machine')}")
    if made is None:
        return
    made.tag = "machine"  # libvirt puts it into the namespace itself
    made.attrib.pop("pending", None)
    flags = libvirt.VIR_DOMAIN_AFFECT_CONFIG | libvirt.VIR_DOMAIN_AFFECT_LIVE
    with contextlib.suppress(libvirt.libvirtError):  # it runs, and that is what was asked for
        domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, render(made), "mist", NAMESPACE, flags)


def _take_back(connection: Any, domain: Any) -> None:
    """Leave nothing of a guest that cannot start."""
    with contextlib.suppress(libvirt_module().libvirtError):
        if domain.isActive():
            return
        made = read_mark(parse(domain.XMLDesc(0)))
        delete_volumes(connection, domain.UUIDString(), made.volumes if made else ())
        undefine(domain)
