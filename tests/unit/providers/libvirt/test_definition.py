from __future__ import annotations

import dataclasses
from xml.etree import ElementTree as ET

from mistserver.providers.libvirt.definition import Boot, Guest, define
from mistserver.providers.libvirt.identity import guest_uuid, is_made_for_guests, volume_prefix
from mistserver.providers.libvirt.machines import read_mark
from mistserver.providers.libvirt.volumes import Made
from mistserver.providers.shapes import Shape

UUID = guest_uuid("mark")
GUEST = Guest(
    uuid=UUID,
    name="web-1",
    mark="mark",
    image="default/debian.qcow2",
    shape=Shape(2, 2048),
    virt_type="kvm",
    arch="x86_64",
    boot=Boot(),
    networks=("default", "bridge:br0"),
    disk=Made("default", f"{volume_prefix(UUID)}disk.qcow2", "/images/disk.qcow2", "qcow2"),
    seed=Made("vg", f"{volume_prefix(UUID)}seed", "/dev/vg/seed", "raw", block=True),
)


def test_the_definition_carries_mark_and_volumes() -> None:
    made = read_mark(ET.fromstring(define(GUEST)))
    assert made is not None
    assert (made.mark, made.image) == ("mark", "default/debian.qcow2")
    assert [pool for pool, _ in made.volumes] == ["default", "vg"]
    assert all(is_made_for_guests(name) for _, name in made.volumes)
    assert made.created_at is not None
    assert made.created_at.tzinfo is not None


def test_the_same_mark_gives_the_same_uuid_and_addresses() -> None:
    again = dataclasses.replace(GUEST, uuid=guest_uuid("mark"))
    assert again.macs == GUEST.macs
    assert guest_uuid("other") != UUID


def test_disks_networks_and_boot_are_as_asked() -> None:
    tree = ET.fromstring(define(GUEST))
    disk, seed = tree.findall("devices/disk")
    assert disk.find("source").attrib == {"file": "/images/disk.qcow2"}  # type: ignore[union-attr]
    assert seed.find("source").attrib == {"dev": "/dev/vg/seed"}  # type: ignore[union-attr]
    assert seed.find("readonly") is not None
    kinds = [interface.get("type") for interface in tree.iterfind("devices/interface")]
    assert kinds == ["network", "bridge"]
    assert tree.find("os/boot") is not None


def test_text_stays_text() -> None:
    hostile = "a'/><devices><hostdev/></devices>&"
    guest = dataclasses.replace(GUEST, mark=hostile, boot=Boot(kernel="/vmlinuz", cmdline=hostile), disk=None)
    tree = ET.fromstring(define(guest))
    assert tree.find(".//hostdev") is None
    assert tree.findtext("os/cmdline") == hostile
    assert tree.find("os/boot") is None
