"""What the machine must offer before a system can start; what is missing is skipped with the remedy."""

from __future__ import annotations

import os
import shutil

import pytest

# program -> Debian package; `make install` installs exactly these
PACKAGES = {
    "busybox": "busybox-static",
    "containerd": "containerd",
    "debootstrap": "debootstrap",
    "dnsmasq": "dnsmasq-base",
    "dockerd": "docker.io",
    "go": "golang-go",
    "ip": "iproute2",
    "iptables": "iptables",
    "ldd": "libc-bin",
    "libvirtd": "libvirt-daemon-system",
    "lxc": "lxd-client",
    "lxd": "lxd",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux",
    "sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "sudo": "sudo",
    "unshare": "util-linux",
    "virtlogd": "libvirt-daemon-system",
}


def program(name: str) -> str:
    """The path of a program (`/usr/sbin` included), or a skip that names its package."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}")
    return path


def programs(*names: str) -> None:
    """Skip unless all of them are there."""
    for name in names:
        program(name)


def root(why: str) -> None:
    """Skip unless this is root."""
    if os.geteuid() != 0:
        pytest.skip(f"{why} needs root")
