"""The volumes of one guest: its disk and its seed. Creating makes them, destroying deletes them and no others."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from mistserver.domain.errors import InvalidInput
from mistserver.providers.libvirt.binding import is_code, libvirt_module
from mistserver.providers.libvirt.identity import volume_prefix
from mistserver.providers.libvirt.images import FILE_POOLS, pool_type
from mistserver.providers.libvirt.markup import add, parse, render

GIB = 1 << 30
_SECTOR = 4096


@dataclass(frozen=True)
class Made:
    """A volume that belongs to a guest. `block` says that its path is a device and not a file."""

    pool: str
    name: str
    path: str
    format: str
    block: bool = False


def make_disk(pool: Any, image: Any, guest: str, disk_gb: int | None, clone: bool) -> Made:
    """A disk that starts as the image: backed by it where the pool holds files, else (or with `clone`) a copy."""
    described = parse(image.XMLDesc(0))
    form = _format(described)
    capacity = int(described.findtext("capacity") or 0)
    wanted = max(capacity, (disk_gb or 0) * GIB)
    if disk_gb is not None and disk_gb * GIB < capacity:
        least = -(-capacity // GIB)
        raise InvalidInput(f"The image needs a disk of at least {least} GiB.", field="size")
    files = pool_type(pool) in FILE_POOLS
    if files and not clone:
        tree = _volume(f"{volume_prefix(guest)}disk.qcow2", wanted, "qcow2")
        backing = add(tree, "backingStore")
        add(backing, "path", described.findtext("target/path"))
        add(backing, "format", type_=form)
        return _made(pool, _fresh(pool, tree), "qcow2", block=False)
    tree = _volume(f"{volume_prefix(guest)}disk{'.' + form if files else ''}", capacity, form if files else None)
    volume = _fresh(pool, tree, source=image)
    if wanted > capacity:
        volume.resize(wanted, 0)
    return _made(pool, volume, form if files else "raw", block=not files)


def make_seed(connection: Any, pool: Any, guest: str, content: bytes) -> Made:
    """A volume with that content."""
    files = pool_type(pool) in FILE_POOLS
    room = -(-len(content) // _SECTOR) * _SECTOR
    tree = _volume(f"{volume_prefix(guest)}seed{'.iso' if files else ''}", room, "raw" if files else None)
    volume = _fresh(pool, tree)
    stream = connection.newStream(0)
    volume.upload(stream, 0, len(content), 0)
    stream.sendAll(lambda _stream, count, source: source.read(count), io.BytesIO(content))
    stream.finish()
    return _made(pool, volume, "raw", block=not files)


def delete_volumes(connection: Any, guest: str, volumes: tuple[tuple[str, str], ...]) -> None:
    """Delete those of the volumes that were made for the guest; a name that says otherwise is left alone."""
    for pool_name, name in volumes:
        if not name.startswith(volume_prefix(guest)):
            continue
        try:
            connection.storagePoolLookupByName(pool_name).storageVolLookupByName(name).delete(0)
        except libvirt_module().libvirtError as error:
            if not is_code(error, "NO_STORAGE_POOL", "NO_STORAGE_VOL"):
                raise


def _volume(name: str, capacity: int, form: str | None) -> ET.Element:
    tree = ET.Element("volume")
    add(tree, "name", name)
    add(tree, "capacity", str(capacity), unit="bytes")
    if form is not None:
        add(add(tree, "target"), "format", type_=form)
    return tree


def _fresh(pool: Any, tree: ET.Element, source: Any = None) -> Any:
    """The new volume. One of the same name was left by a try that broke off before its guest was defined."""
    try:
        pool.storageVolLookupByName(tree.findtext("name")).delete(0)
    except libvirt_module().libvirtError as error:
        if not is_code(error, "NO_STORAGE_VOL"):
            raise
    return pool.createXML(render(tree), 0) if source is None else pool.createXMLFrom(render(tree), source, 0)


def _made(pool: Any, volume: Any, form: str, *, block: bool) -> Made:
    return Made(pool.name(), volume.name(), volume.path(), form, block)


def _format(described: ET.Element) -> str:
    form = described.find("target/format")
    return form.get("type", "raw") if form is not None else "raw"
