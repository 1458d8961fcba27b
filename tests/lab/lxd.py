"""A private LXD: unix socket and HTTPS, one storage pool, one bridge, one image whose containers run sshd."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import socket
import ssl
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import needs
from tests.lab.certificates import Authority, Pair
from tests.lab.daemon import Daemon, free_port
from tests.lab.guest import DHCP
from tests.lab.rootfs import ssh_rootfs

IMAGE = "lab"
POOL = "lab"
PROJECT = "lab"
# Heeds the server's words to stop, and nothing else.
INIT = """\
#!/bin/sh
trap 'exit 0' PWR TERM
[ -f /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
mkdir -p /run/sshd
/usr/sbin/sshd -h /etc/ssh/ssh_host_ed25519_key
ip link set lo up
ip link set eth0 up && udhcpc -i eth0 -q -n -t 20 -T 1 -s /dhcp &
while :; do sleep 1000 & wait $!; done
"""
ABOUT = {
    "architecture": "x86_64",
    "creation_date": 1_700_000_000,
    "properties": {"os": "Lab", "release": "1", "description": "Lab 1, busybox and sshd"},
}


@dataclass(frozen=True)
class LxdHost:
    """Where the server listens, and a client that it trusts."""

    folder: Path
    port: int
    client: Pair
    network: str

    @property
    def socket_path(self) -> Path:
        return self.folder / "unix.socket"

    @property
    def fingerprint(self) -> str:
        """Of the certificate that the server made for itself."""
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert((self.folder / "server.crt").read_text())).hexdigest()

    def dial(self) -> socket.socket:
        dialled = socket.socket(socket.AF_UNIX)
        try:
            dialled.connect(str(self.socket_path))
        except OSError:
            dialled.close()
            raise
        return dialled

    def lxc(self, *arguments: str) -> str:
        """The vendor's own client."""
        environment = {**os.environ, "LXD_DIR": str(self.folder), "LXD_CONF": str(self.folder / "client")}
        argv = [needs.program("lxc"), *arguments]
        return subprocess.run(
            argv, check=True, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL
        ).stdout

    def query(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the API, waited for."""
        sent = [] if body is None else ["--data", json.dumps(body)]
        told = self.lxc("query", "--wait", "--request", method, *sent, path)
        return json.loads(told) if told.strip() else None

    def token(self) -> str:
        """A trust token, good for one client."""
        return self.lxc("config", "trust", "add", "--name", "mist", "--quiet").strip().splitlines()[-1]


@contextlib.contextmanager
def lxd_host(folder: Path, public_key: str) -> Iterator[LxdHost]:
    """A server with the project `lab`, where containers of the image `lab` let root in with `public_key`.

    It lives in its own mount and PID namespace, and its containers with it. It adds no firewall rule.
    """
    needs.root("LXD")
    needs.programs("lxd", "lxc", "dnsmasq", "ip", "unshare", "setpriv", "busybox", "sshd", "ldd")
    port, bridge = free_port(), _free_bridge()
    host = LxdHost(folder, port, Authority().client("lab client"), bridge[0])
    environment = {**os.environ, "LXD_DIR": str(folder)}
    daemon = Daemon([needs.program("lxd"), "--group", "root"], folder / "lxd.log", fenced=True, env=environment)
    try:
        daemon.wait_until(lambda: host.lxc("query", "/1.0") if host.socket_path.exists() else False, 60)
        _furnish(host, bridge[1], public_key)
        try:
            yield host
        finally:
            _empty(host)
    finally:
        daemon.stop()
        subprocess.run(["ip", "link", "del", host.network], check=False, capture_output=True)
        _unmount(folder)


def _furnish(host: LxdHost, subnet: str, public_key: str) -> None:
    host.query("PATCH", "/1.0", {"config": {"core.https_address": f"127.0.0.1:{host.port}"}})
    host.query("POST", "/1.0/storage-pools", {"name": POOL, "driver": "dir"})
    network = {"ipv4.address": f"{subnet}.1/24", "ipv6.address": "none"}
    network |= {f"{family}.{what}": "false" for family in ("ipv4", "ipv6") for what in ("firewall", "nat")}
    host.query("POST", "/1.0/networks", {"name": host.network, "type": "bridge", "config": network})
    features = {"features.images": "false", "features.profiles": "false", "features.storage.volumes": "false"}
    host.query("POST", "/1.0/projects", {"name": PROJECT, "config": features})
    devices = {
        "root": {"type": "disk", "path": "/", "pool": POOL},
        "eth0": {"type": "nic", "network": host.network},
    }
    host.query("PUT", "/1.0/profiles/default", {"devices": devices})
    certificate = "".join(host.client.certificate.splitlines()[1:-1])
    host.query("POST", "/1.0/certificates", {"type": "client", "name": "lab", "certificate": certificate})
    packed = host.folder / "lab-image.tar"
    packed.write_bytes(_image(public_key))
    host.lxc("image", "import", str(packed), "--alias", IMAGE, "--quiet")
    packed.unlink()


def _image(public_key: str) -> bytes:
    """The server's form of an image: its description and a root file system in one archive."""
    tree = ssh_rootfs(public_key)
    tree.folder("sbin")
    tree.file("sbin/init", INIT, 0o755)
    tree.file("dhcp", DHCP, 0o755)
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=out, mode="w") as archive,
        tarfile.open(fileobj=io.BytesIO(tree.tar())) as root,
    ):
        about = tarfile.TarInfo("metadata.yaml")
        text = json.dumps(ABOUT).encode()
        about.size = len(text)
        archive.addfile(about, io.BytesIO(text))
        for member in root:
            data = root.extractfile(member) if member.isfile() else None
            member.name = f"rootfs/{member.name}"
            archive.addfile(member, data)
    return out.getvalue()


def _empty(host: LxdHost) -> None:
    """A container's end takes its network card along, which the namespaces alone do not."""
    for path in host.query("GET", "/1.0/instances?all-projects=true") or []:
        with contextlib.suppress(subprocess.CalledProcessError):
            host.lxc("delete", "--force", "--project", path.partition("project=")[2] or "default", _name(path))


def _name(path: str) -> str:
    return path.partition("?")[0].rpartition("/")[2]


def _unmount(folder: Path) -> None:
    """What the server mounted was within its own namespace; nothing is left unless that was not its own."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    for place in reversed(mounted):
        subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)


def _free_bridge() -> tuple[str, str]:
    """A bridge's name, and the first three numbers of a subnet that nobody on this machine uses."""
    taken = subprocess.run(["ip", "-4", "route", "show"], capture_output=True, text=True, check=True).stdout
    # by chance, because another session may be choosing at the same moment
    number = random.choice([n for n in range(20, 250) if f"10.215.{n}." not in taken])
    return f"mistlxd{number}", f"10.215.{number}"
