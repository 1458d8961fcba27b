"""A guest that lives in RAM: Debian's cloud kernel, busybox and sshd; up in ten to thirty seconds without KVM."""

from __future__ import annotations

from pathlib import Path

from tests.lab.kernel import Kernel
from tests.lab.rootfs import ssh_rootfs

# It takes host name and keys from a NoCloud seed when there is one, its address by DHCP, and powers off on ACPI.
INIT = """\
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /run/sshd /seed /etc/acpi/PWRF
mount -t devpts pts /dev/pts
for pass in 1 2 3; do for module in /lib/modules/*.ko; do insmod $module 2>/dev/null; done; done
printf '#!/bin/sh\\npoweroff -f\\n' > /etc/acpi/PWRF/00000080
chmod +x /etc/acpi/PWRF/00000080
acpid -f >/dev/null 2>&1 &
for disk in /dev/vd?; do
  mount -t iso9660 -o ro $disk /seed 2>/dev/null && [ -f /seed/meta-data ] && break
  umount /seed 2>/dev/null
done
if [ -f /seed/meta-data ]; then
  hostname $(tr -d '",' < /seed/meta-data | sed -n 's/.*local-hostname: *\\([^ }]*\\).*/\\1/p')
  grep -o 'ssh-[a-z0-9-]* [A-Za-z0-9+/=]*' /seed/user-data >> /root/.ssh/authorized_keys
fi
ip link set lo up
ip link set eth0 up
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
udhcpc -i eth0 -q -n -t 20 -T 1 -x hostname:$(hostname) -s /dhcp
/usr/sbin/sshd -e -h /etc/ssh/ssh_host_ed25519_key
echo "guest up after $(cut -d' ' -f1 /proc/uptime) s"
while :; do sleep 3600; done
"""
DHCP = """\
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add $ip/${mask:-24} dev $interface
[ -z "$router" ] || ip route add default via $router
"""


def write_initramfs(kernel: Kernel, public_key: str, path: Path) -> Path:
    """An initramfs that lets `root` in with `public_key`, and with the keys of the guest's seed."""
    tree = ssh_rootfs(public_key)
    for name, module in kernel.modules.items():
        tree.file(f"lib/modules/{name}.ko", module)
    tree.file("init", INIT, 0o755)
    tree.file("dhcp", DHCP, 0o755)
    path.write_bytes(tree.initramfs())
    return path


# 16-bit code: enable ACPI's power button, write a sector to say so, sleep until the button is pressed, switch off.
_BOOT_CODE = """
    ba 02 06  b8 00 01  ef                                out 0x602, 0x100
    31 c0  8e c0  bb 00 7c                                es:bx = 0:0x7c00
    b8 01 03  b9 02 00  ba 80 00  cd 13                   write one sector, the second, of the first disk
    fb  ba 00 06                                          sti; dx = 0x600
    f4  ed  f6 c4 01  74 f9                               again: hlt; in ax, dx; test ah, 1; jz again
    ba 04 06  b8 00 20  ef  f4  eb fd                     out 0x604, 0x2000; hlt
"""


def write_button_disk(path: Path) -> Path:
    """A bootable disk of 1 MiB whose whole system waits for the power button; it is up a second after its BIOS.

    Its first write says that it heeds the button from now on.
    """
    code = b"".join(bytes.fromhex(line[:54]) for line in _BOOT_CODE.splitlines())
    path.write_bytes(code.ljust(510, b"\0") + b"\x55\xaa" + bytes((1 << 20) - 512))
    return path
