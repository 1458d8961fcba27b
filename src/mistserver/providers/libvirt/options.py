"""What a create takes beyond name, image and size: checked before anything is asked of the hypervisor."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers import shapes
from mistserver.providers.libvirt.images import is_kernel

NO_IMAGE = "kernel"  # the image of a guest that has no disk and boots what `extra` names
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_BRIDGE = re.compile(r"bridge:[A-Za-z0-9][A-Za-z0-9._-]{0,14}\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of `extra`. `kernel` and `initrd` are paths on the hypervisor, or volumes as `pool/volume`."""

    kernel: str | None = None
    initrd: str | None = None
    cmdline: str | None = None
    virt_type: str | None = None  # kvm or qemu; default: as the backend says
    pool: str | None = None  # for the volumes of the guest; default: the image's
    user: str | None = None  # made at the first boot, with sudo and the key
    firmware: str | None = None  # bios or efi
    clone: bool = False  # a full copy of the image instead of a disk backed by it
    autostart: bool = False  # start with the hypervisor


def read_options(spec: MachineSpec) -> Options:
    """The options of a create, with the kernel that an image's name stands for; InvalidInput names what is wrong."""
    options = _converted(spec.extra)
    texts = {name: value for name, value in msgspec.structs.asdict(options).items() if isinstance(value, str)}
    for name, value in texts.items():
        if _CONTROL.search(value) or len(value) > 2048:
            raise InvalidInput(f"extra.{name} holds a control character or is too long.", field=f"extra.{name}")
    _one_of("virt_type", options.virt_type, ("kvm", "qemu"))
    _one_of("firmware", options.firmware, ("bios", "efi"))
    if options.user is not None and not _USER.match(options.user):
        raise InvalidInput("extra.user has to be a user's name: a-z, 0-9, _ and -.", field="extra.user")
    if options.kernel is None and is_kernel(spec.image):
        options = msgspec.structs.replace(options, kernel=spec.image)
    if options.kernel is None and (options.initrd or options.cmdline or spec.image == NO_IMAGE):
        raise InvalidInput("extra.initrd and extra.cmdline need extra.kernel.", field="extra.kernel")
    return options


def has_disk(spec: MachineSpec, options: Options) -> bool:
    """Whether the image is a disk, not a kernel."""
    return spec.image not in (NO_IMAGE, options.kernel)


def check(spec: MachineSpec) -> None:
    """Raise InvalidInput for what libvirt or a guest's host name cannot be."""
    if not _NAME.match(spec.name):
        raise InvalidInput(
            f"{spec.name[:80]!a} cannot be a guest's name: up to 63 letters, digits, dots, dashes and "
            "underscores, a letter or digit first.",
            field="name",
        )
    shapes.parse(spec.size)
    options = read_options(spec)
    if has_disk(spec, options) and "/" not in spec.image.strip("/"):
        raise InvalidInput(f"{spec.image[:80]!a} is not an image; images are called pool/volume.", field="image")
    for network in spec.networks:
        if network.startswith("bridge:") and not _BRIDGE.match(network):
            raise InvalidInput(f"{network[:80]!a} does not name a bridge.", field="networks")


def _converted(extra: dict[str, Any]) -> Options:
    known = Options.__struct_fields__
    unknown = sorted(set(extra) - set(known))
    if unknown:
        raise InvalidInput(
            f"extra.{unknown[0]} is not known here; there are {', '.join(known)}.", field=f"extra.{unknown[0]}"
        )
    given = {name: value for name, value in extra.items() if value not in (None, "")}
    try:
        return msgspec.convert(given, Options, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"extra: {error}.", field="extra") from None


def _one_of(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise InvalidInput(f"extra.{name} is one of {', '.join(allowed)}.", field=f"extra.{name}")
