from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers.libvirt import Libvirt
from mistserver.providers.libvirt.options import read_options


def spec(**changes: Any) -> MachineSpec:
    return MachineSpec(**{"name": "web-1", "mark": "m", "image": "default/debian.qcow2", **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "-rf"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "$(reboot)"}, "name"),
        ({"name": "x" * 64}, "name"),
        ({"image": "debian"}, "image"),
        ({"size": "big"}, "size"),
        ({"networks": ("bridge:a b",)}, "networks"),
        ({"extra": {"kernal": "/x"}}, "extra.kernal"),
        ({"extra": {"virt_type": "xen"}}, "extra.virt_type"),
        ({"extra": {"firmware": "coreboot"}}, "extra.firmware"),
        ({"extra": {"user": "Root!"}}, "extra.user"),
        ({"extra": {"kernel": "/vmlinuz", "cmdline": "a\nb"}}, "extra.cmdline"),
        ({"extra": {"initrd": "/initrd"}}, "extra.kernel"),
        ({"image": "kernel"}, "extra.kernel"),
        ({"extra": {"clone": "perhaps"}}, "extra"),
    ],
)
def test_what_the_hypervisor_would_refuse_is_refused_before(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Libvirt.check_spec(spec(**changes))
    assert caught.value.facts["field"] == field


def test_an_image_that_is_a_kernel_is_booted_as_one() -> None:
    options = read_options(spec(image="default/vmlinuz-6.1", extra={"initrd": "default/initrd", "autostart": "true"}))
    assert options.kernel == "default/vmlinuz-6.1"
    assert options.autostart is True
