"""A private libvirtd with one storage pool and one network, reached by unix socket and by TCP; guests are emulated."""

from __future__ import annotations

import contextlib
import random
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.lab import needs
from tests.lab.daemon import Daemon, free_port
from tests.lab.guest import write_button_disk, write_initramfs
from tests.lab.kernel import cache_folder, find_kernel

POOL = "lab"
NETWORK = "lab"
# Guests run as root without cgroups and confinement: their only enemies here are these tests.
QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
"""
# Orphans of libvirtd need a parent that buries them, or it takes a dead guest for one that will not die.
RUN = (
    'trap "kill -TERM \\$daemon" TERM; {mounts}; '
    "libvirtd --listen -f {conf} -p {pid} & daemon=$!; wait $daemon; wait $daemon"
)
PLACES = {
    "run": "/run/libvirt",
    "lib": "/var/lib/libvirt",
    "cache": "/var/cache/libvirt",
    "etc": "/etc/libvirt",
    "log": "/var/log/libvirt",
}


@dataclass(frozen=True)
class LibvirtHost:
    """Where libvirtd listens, and what its guests boot from. `subnet` is the first three numbers of the network."""

    socket: Path
    tcp_port: int
    images: Path
    kernel: Path
    initrd: Path
    subnet: str

    @property
    def uri(self) -> str:
        return f"qemu+unix:///system?socket={self.socket}"

    @contextlib.contextmanager
    def button_image(self, name: str) -> Iterator[Path]:
        """An image in the pool whose guest is up in a second and does nothing but heed its power button."""
        path = write_button_disk(self.images / name)
        try:
            yield path
        finally:
            path.unlink()

    def heeds_button(self, uuid: str) -> bool:
        """Whether a guest made from such an image is up."""
        import libvirt

        connection = libvirt.open(self.uri)
        try:
            return bool(connection.lookupByUUIDString(uuid).blockStats("vda")[2])
        finally:
            connection.close()


@contextlib.contextmanager
def libvirt_host(folder: Path, public_key: str) -> Iterator[LibvirtHost]:
    """A hypervisor with nothing on it; guests made from `kernel` and `initrd` let root in with `public_key`.

    It lives in its own mount and PID namespace: guests cannot outlive it, and the machine's own libvirt is not seen.
    """
    needs.root("a hypervisor")
    needs.programs("libvirtd", "qemu-system-x86_64", "qemu-img", "dnsmasq", "ip", "unshare", "setpriv", "busybox")
    libvirt = pytest.importorskip("libvirt", reason="libvirt-python is not installed: make install")
    kernel = find_kernel()
    if kernel is None:
        pytest.skip("there is no guest kernel: apt-get install linux-image-cloud-amd64")
    libvirt.registerErrorHandler(lambda *_: None, None)
    images = folder / "images"
    for name in (*PLACES, "sock", "images"):
        (folder / name).mkdir(mode=0o711)
    with contextlib.suppress(FileNotFoundError):
        shutil.copytree(cache_folder() / "libvirt", folder / "cache", dirs_exist_ok=True)
    image = Path(shutil.copyfile(kernel.image, folder / "vmlinuz"))
    initrd = write_initramfs(kernel, public_key, folder / "initrd")
    port, subnet = free_port(), _free_subnet()
    host = LibvirtHost(folder / "sock/libvirt-sock", port, images, image, initrd, subnet)
    daemon = Daemon(["bash", "-c", _script(folder, port)], folder / "libvirtd.out", fenced=True)
    try:
        daemon.wait_until(lambda: _opens(libvirt, host.uri), 30)
        connection = libvirt.open(host.uri)
        try:
            _furnish(connection, host)
            _keep_capabilities(folder)
            yield host
        finally:
            _empty(libvirt, connection)
            connection.close()
    finally:
        daemon.stop()


def _script(folder: Path, port: int) -> str:
    (folder / "etc/qemu.conf").write_text(QEMU_CONF)
    conf = folder / "libvirtd.conf"
    conf.write_text(
        f'unix_sock_dir = "{folder}/sock"\nauth_unix_rw = "none"\nunix_sock_rw_perms = "0700"\n'
        f'listen_tls = 0\nlisten_tcp = 1\nlisten_addr = "127.0.0.1"\ntcp_port = "{port}"\nauth_tcp = "none"\n'
    )
    mounts = []
    for name, place in PLACES.items():
        Path(place).mkdir(parents=True, exist_ok=True)
        mounts.append(f"mount --bind {shlex.quote(str(folder / name))} {place}")
    pid = folder / "libvirtd.pid"  # the usual place is that of another session's too
    return RUN.format(mounts="; ".join(mounts), conf=shlex.quote(str(conf)), pid=shlex.quote(str(pid)))


def _opens(libvirt: Any, uri: str) -> bool:
    try:
        libvirt.open(uri).close()
    except libvirt.libvirtError:
        return False
    return True


def _furnish(connection: Any, host: LibvirtHost) -> None:
    pool = ET.Element("pool", type="dir")
    ET.SubElement(pool, "name").text = POOL
    ET.SubElement(ET.SubElement(pool, "target"), "path").text = str(host.images)
    connection.storagePoolDefineXML(ET.tostring(pool, encoding="unicode"), 0).create(0)
    network = ET.Element("network")
    ET.SubElement(network, "name").text = NETWORK
    ET.SubElement(network, "forward", mode="open")  # no firewall rule of libvirt's
    ET.SubElement(network, "bridge", name=f"mistvir{host.subnet.rpartition('.')[2]}", stp="off", delay="0")
    address = ET.SubElement(network, "ip", address=f"{host.subnet}.1", netmask="255.255.255.0")
    ET.SubElement(ET.SubElement(address, "dhcp"), "range", start=f"{host.subnet}.10", end=f"{host.subnet}.250")
    connection.networkDefineXML(ET.tostring(network, encoding="unicode")).create()
    connection.getDomainCapabilities(None, "x86_64", None, "qemu", 0)  # probes QEMU, which takes long the first time


def _keep_capabilities(folder: Path) -> None:
    """What libvirt learnt of QEMU, for the next session; it checks by itself whether that still holds."""
    kept = cache_folder() / "libvirt/qemu/capabilities"
    if not kept.exists():
        with contextlib.suppress(OSError, shutil.Error):
            shutil.copytree(folder / "cache/qemu/capabilities", kept)


def _empty(libvirt: Any, connection: Any) -> None:
    for domain in connection.listAllDomains(0):
        with contextlib.suppress(libvirt.libvirtError):
            domain.destroy()
    for network in connection.listAllNetworks(0):
        with contextlib.suppress(libvirt.libvirtError):
            network.destroy()  # takes its bridge with it


def _free_subnet() -> str:
    taken = subprocess.run(["ip", "-4", "addr", "show"], capture_output=True, text=True, check=True).stdout
    # by chance, because another session may be choosing at the same moment
    return random.choice([f"10.214.{n}" for n in range(20, 250) if f"10.214.{n}." not in taken])
