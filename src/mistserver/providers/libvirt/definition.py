"""The definition of a guest, as libvirt wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from mistserver.providers.libvirt.addresses import AGENT_CHANNEL
from mistserver.providers.libvirt.identity import mac_address
from mistserver.providers.libvirt.markup import add, render, tagged
from mistserver.providers.libvirt.volumes import Made
from mistserver.providers.shapes import Shape


@dataclass(frozen=True)
class Boot:
    """`kernel` and what goes with it are paths on the hypervisor; without a kernel the disk is booted."""

    kernel: str | None = None
    initrd: str | None = None
    cmdline: str | None = None
    firmware: str | None = None


@dataclass(frozen=True)
class Guest:
    """All of a guest. `arch` and `virt_type` in libvirt's words; a network `bridge:NAME` is a bridge of the host."""

    uuid: str
    name: str
    mark: str
    image: str
    shape: Shape
    virt_type: str
    arch: str
    boot: Boot
    networks: tuple[str, ...]
    disk: Made | None = None
    seed: Made | None = None

    @property
    def macs(self) -> tuple[str, ...]:
        return tuple(mac_address(self.uuid, number) for number in range(len(self.networks)))


def define(guest: Guest) -> str:
    """The guest as XML."""
    tree = ET.Element("domain", type=guest.virt_type)
    add(tree, "name", guest.name)
    add(tree, "uuid", guest.uuid)
    add(tree, "title", guest.name)
    _add_mark(add(tree, "metadata"), guest)
    add(tree, "memory", str(guest.shape.ram_mb), unit="MiB")
    add(tree, "vcpu", str(guest.shape.cores))
    _add_boot(tree, guest)
    features = add(tree, "features")
    add(features, "acpi")
    if guest.arch in ("x86_64", "i686"):
        add(features, "apic")
    if guest.virt_type == "kvm":
        add(tree, "cpu", mode="host-model")
    add(tree, "clock", offset="utc")
    for event, then in (("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "destroy")):
        add(tree, event, then)
    _add_devices(add(tree, "devices"), guest)
    return render(tree)


def _add_mark(metadata: ET.Element, guest: Guest) -> None:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    made = add(metadata, tagged("machine"), mark=guest.mark, image=guest.image, created=created, pending="yes")
    for volume in (guest.disk, guest.seed):
        if volume is not None:
            add(made, "volume", pool=volume.pool, name=volume.name)


def _add_boot(tree: ET.Element, guest: Guest) -> None:
    boot = add(tree, "os")
    if guest.boot.firmware == "efi":
        boot.set("firmware", "efi")
    add(boot, "type", "hvm", arch=guest.arch)
    if guest.boot.kernel is None:
        add(boot, "boot", dev="hd")
        return
    for name, value in (("kernel", guest.boot.kernel), ("initrd", guest.boot.initrd), ("cmdline", guest.boot.cmdline)):
        if value:
            add(boot, name, value)


def _add_devices(devices: ET.Element, guest: Guest) -> None:
    if guest.disk is not None:
        _add_disk(devices, guest.disk, "vda")
    if guest.seed is not None:
        # not a CD drive: the kernels of many cloud images have no driver for one
        add(_add_disk(devices, guest.seed, "vdb"), "readonly")
    for network, mac in zip(guest.networks, guest.macs, strict=True):
        bridge = network.removeprefix("bridge:")
        kind = "network" if bridge == network else "bridge"
        interface = add(devices, "interface", type_=kind)
        add(interface, "mac", address=mac)
        add(interface, "source", None, **{kind: bridge})
        add(interface, "model", type_="virtio")
    add(add(devices, "serial", type_="pty"), "target", port="0")
    add(add(devices, "console", type_="pty"), "target", type_="serial", port="0")
    add(add(devices, "channel", type_="unix"), "target", type_="virtio", name=AGENT_CHANNEL)
    add(add(devices, "rng", model="virtio"), "backend", "/dev/urandom", model="random")


def _add_disk(devices: ET.Element, volume: Made, target: str) -> ET.Element:
    disk = add(devices, "disk", type_="block" if volume.block else "file", device="disk")
    add(disk, "driver", name="qemu", type_=volume.format)
    add(disk, "source", None, **{"dev" if volume.block else "file": volume.path})
    add(disk, "target", dev=target, bus="virtio")
    return disk
