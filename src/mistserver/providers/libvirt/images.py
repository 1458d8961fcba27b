"""Images: the volumes of the hypervisor's storage pools, named `pool/volume`."""

from __future__ import annotations

from typing import Any

from mistserver.domain.catalog import Image
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.providers.libvirt.binding import at_once, is_code, libvirt_module
from mistserver.providers.libvirt.identity import is_made_for_guests
from mistserver.providers.libvirt.machines import disk_sources
from mistserver.providers.libvirt.markup import parse

FILE_POOLS = ("dir", "fs", "netfs")  # their volumes are files, which can back one another
_KERNELS = ("vmlinuz", "bzImage", "vmlinux")


def list_images(connection: Any, search: str | None) -> list[Image]:
    """Volumes; by default those that no guest uses, with `all` also the guests' disks, else what matches."""
    definitions = at_once(_xml_unless_gone, connection.listAllDomains(0))
    used = {source for definition in definitions for source in disk_sources(definition)}
    images = [image for pool in active_pools(connection) for image in _images_of(pool, used)]
    if search is None:
        return [image for image in images if image.star]
    wanted = search.strip().lower()
    return images if wanted == "all" else [image for image in images if wanted in image.id.lower()]


def _xml_unless_gone(thing: Any) -> Any:
    """The description of a guest or volume; an empty one when it went away in the meantime."""
    try:
        return parse(thing.XMLDesc(0))
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_DOMAIN", "NO_STORAGE_VOL"):
            return parse("<gone/>")
        raise


def active_pools(connection: Any) -> list[Any]:
    """The pools whose volumes can be used now."""
    return list(connection.listAllStoragePools(libvirt_module().VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE))


def _images_of(pool: Any, used: set[str]) -> list[Image]:
    refresh(pool)
    found = at_once(lambda volume: _image(pool.name(), volume, used), pool.listAllVolumes(0))
    return sorted((image for image in found if image is not None), key=lambda image: image.id)


def _image(pool: str, volume: Any, used: set[str]) -> Image | None:
    tree = _xml_unless_gone(volume)
    name, path = volume.name(), tree.findtext("target/path")
    if path is None:
        return None
    guests = path in used or is_made_for_guests(name)
    form = tree.find("target/format")
    extra = {
        "path": path,
        "format": form.get("type") if form is not None else None,
        "size_bytes": int(tree.findtext("capacity") or 0),
        "used_by_guest": guests,
    }
    return Image(id=f"{pool}/{name}", name=name, star=not guests, extra=extra)


def refresh(pool: Any) -> None:
    """Have libvirt look what was put into the pool behind its back; a busy pool is left as it is known."""
    try:
        pool.refresh(0)
    except libvirt_module().libvirtError:
        return


def is_kernel(image: str) -> bool:
    """Whether the name of an image says that it is a kernel and no disk."""
    return image.rpartition("/")[2].startswith(_KERNELS)


def find_volume(connection: Any, image: str, field: str = "image") -> tuple[Any, Any]:
    """The pool and the volume that `pool/volume` names, or the path of a volume."""
    if image.startswith("/"):
        return _volume_at(connection, image)
    pool_name, slash, name = image.partition("/")
    if not (pool_name and slash and name):
        raise InvalidInput(f"{image[:80]!a} is not an image; images are called pool/volume.", field=field)
    pool = find_pool(connection, pool_name)
    refresh(pool)
    try:
        return pool, pool.storageVolLookupByName(name)
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_STORAGE_VOL"):
            raise ProviderNotFound(f"There is no image {image!r} on this hypervisor.", image=image) from None
        raise


def _volume_at(connection: Any, path: str) -> tuple[Any, Any]:
    try:
        volume = connection.storageVolLookupByPath(path)
        return volume.storagePoolLookupByVolume(), volume
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_STORAGE_VOL", "NO_STORAGE_POOL"):
            raise ProviderNotFound(f"No storage pool of this hypervisor holds {path!r}.", image=path) from None
        raise


def find_pool(connection: Any, name: str) -> Any:
    """The pool of that name."""
    try:
        return connection.storagePoolLookupByName(name)
    except libvirt_module().libvirtError as error:
        if is_code(error, "NO_STORAGE_POOL"):
            raise ProviderNotFound(f"There is no storage pool {name!r} on this hypervisor.", pool=name) from None
        raise


def pool_type(pool: Any) -> str:
    return parse(pool.XMLDesc(0)).get("type", "")
