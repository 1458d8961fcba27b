"""The settings of a libvirt backend, and what may stand in them."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from mistserver.domain.errors import InvalidInput
from mistserver.providers.declare import ProviderSettings, setting

VIRT_TYPES = ("auto", "kvm", "qemu")
_HOST_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,63}\Z")


class Settings(ProviderSettings, frozen=True, kw_only=True):
    machine_hostname: Annotated[
        str,
        setting(
            "Address of the hypervisor; localhost or a socket's path for the host of the service",
            flag="libvirt-hostname",
            kind="host",
        ),
    ]
    machine_user: Annotated[str, setting("User on the hypervisor", flag="libvirt-user")] = "root"
    machine_key: Annotated[
        str | None,
        setting(
            "Name of the key that opens the hypervisor over SSH; without one libvirt's TCP port is used",
            flag="libvirt-key",
            kind="key",
        ),
    ] = None
    ssh_port: Annotated[int, setting("Port of the hypervisor's SSH server", flag="libvirt-port", kind="port")] = 22
    socket: Annotated[
        str | None,
        setting("Path of libvirt's socket on the hypervisor, where it is not the usual one", flag="libvirt-socket"),
    ] = None
    tcp_port: Annotated[int, setting("Port of libvirt without a key", flag="libvirt-tcp-port", kind="port")] = 16509
    virt_type: Annotated[
        str,
        setting("How guests are run: kvm, qemu (emulated), or auto: kvm where it starts", flag="libvirt-virt-type"),
    ] = "auto"

    @property
    def local_socket(self) -> str | None:
        """The socket on the host of the service; "" for the usual one, None for a remote hypervisor."""
        if self.machine_hostname.startswith("/"):
            return self.machine_hostname
        if self.machine_hostname == "localhost" and self.machine_key is None:
            return self.socket or ""
        return None


def validated(settings: Settings) -> Settings:
    """The same settings, or InvalidInput naming the field."""
    host = settings.machine_hostname
    if not (host.startswith("/") or _is_address(host) or _HOST_NAME.match(host)):
        raise InvalidInput(
            f"{host[:80]!a} is neither a host name nor an address nor the path of a socket.",
            field="machine_hostname",
        )
    if not _USER.match(settings.machine_user):
        raise InvalidInput(f"{settings.machine_user[:80]!a} cannot be a user's name.", field="machine_user")
    if settings.socket is not None and not settings.socket.startswith("/"):
        raise InvalidInput("The path of libvirt's socket has to begin with a slash.", field="socket")
    if settings.virt_type not in VIRT_TYPES:
        raise InvalidInput(f"virt_type is one of {', '.join(VIRT_TYPES)}.", field="virt_type")
    return settings


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
