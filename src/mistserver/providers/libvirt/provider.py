"""The libvirt provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import (
    Conflict,
    InvalidInput,
    MachineLost,
    NotSupported,
    ProviderBadAnswer,
    ProviderNotFound,
    ProviderRejected,
)
from mistserver.domain.machine import Action, MachineReading, MachineSpec
from mistserver.providers import shapes
from mistserver.providers.base import Account, Provider
from mistserver.providers.declare import Guide
from mistserver.providers.libvirt import images, lifecycle, link, machines, networks, options
from mistserver.providers.libvirt.binding import faults
from mistserver.providers.libvirt.create import create, find, lookup
from mistserver.providers.libvirt.identity import is_uuid
from mistserver.providers.libvirt.machines import HYPERVISOR
from mistserver.providers.libvirt.settings import Settings, validated


class Libvirt(Provider):
    id = "libvirt"
    title = "KVM (via libvirt)"
    Settings = Settings
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset({Action.START, Action.STOP, Action.REBOOT, Action.DESTROY, Action.RESIZE})
    guide = Guide(
        credentials="An SSH key of a user on the hypervisor, added to Mist with `mist add-key`; or a socket of the "
        "service's own machine.",
        permissions="Reading and writing libvirt's socket `libvirt-sock` (usually by the group `libvirt`).",
        limits=(
            "Guests are resized while they are stopped.",
            "A guest that never heeds its power button does not stop.",
            "There are no locations to choose from but the hypervisor itself.",
        ),
        through="libvirt-python",
        source="https://libvirt.org/html/index.html",
    )

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._stack = ExitStack()
        self._connection: Any = None

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        """The hypervisor and the libvirt on it, whoever signs in there and how."""
        return (cls.id, settings.machine_hostname.lower(), settings.socket or "", str(settings.ssh_port))

    @classmethod
    def reaches_host(cls, settings: Any) -> bool:
        return settings.local_socket is not None

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return validated(settings)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        options.check(spec)

    def open(self) -> None:
        self._connection = link.connect(self.account, self._stack)

    def close(self) -> None:
        self._stack.close()
        self._connection = None

    def check(self) -> None:
        with self._doing("answer") as connection:
            connection.getInfo()
            if not connection.getType():
                raise ProviderBadAnswer(f"{self._host} does not say what kind of hypervisor it is.")

    def list_machines(self) -> list[MachineReading]:
        with self._doing("list its machines") as connection:
            return [machines.read_hypervisor(connection, self.account.settings), *machines.read_guests(connection)]

    def read_machine(self, external_id: str) -> MachineReading | None:
        with self._doing("show a machine") as connection:
            if external_id == HYPERVISOR:
                return machines.read_hypervisor(connection, self.account.settings)
            domain = lookup(connection, external_id) if is_uuid(external_id) else None
            return machines.read_guest(connection, domain) if domain is not None else None

    def list_images(self, search: str | None = None) -> list[Image]:
        with self._doing("list its volumes") as connection:
            return images.list_images(connection, search)

    def list_sizes(self) -> list[Size]:
        with self._doing("describe itself") as connection:
            _, ram_mb, cores, *_ = connection.getInfo()
            return shapes.offered(cores, ram_mb, self.id)

    def list_locations(self) -> list[Location]:
        with self._doing("say its name") as connection:
            return [Location(id=connection.getHostname(), name=connection.getHostname())]

    def list_networks(self) -> list[Network]:
        with self._doing("list its networks") as connection:
            return networks.list_networks(connection)

    def create(self, spec: MachineSpec) -> MachineReading:
        options.check(spec)
        with self._doing(f"create the machine {spec.name}") as connection:
            if spec.location not in (None, "", "0", connection.getHostname()):
                raise InvalidInput(f"The only location here is {connection.getHostname()!r}.", field="location")
            domain = create(connection, spec, self.account.settings.virt_type)
            reading = machines.read_guest(connection, domain)
        if reading is None:
            raise ProviderRejected(f"The machine {spec.name} went away while it was made.")
        return reading

    def find_marked(self, mark: str) -> MachineReading | None:
        with self._doing("find a machine") as connection:
            domain = find(connection, mark, self.account.settings.virt_type)
            return machines.read_guest(connection, domain) if domain is not None else None

    def start(self, external_id: str) -> None:
        with self._guest(external_id, "start the machine") as domain:
            lifecycle.start(domain)

    def stop(self, external_id: str) -> None:
        with self._guest(external_id, "stop the machine") as domain:
            lifecycle.stop(domain)

    def reboot(self, external_id: str) -> None:
        if external_id == HYPERVISOR:
            self._reboot_hypervisor()
            return
        with self._guest(external_id, "reboot the machine") as domain:
            lifecycle.reboot(domain)

    def destroy(self, external_id: str) -> None:
        self._refuse_hypervisor(external_id)
        with self._doing("destroy the machine") as connection:
            domain = lookup(connection, external_id) if is_uuid(external_id) else None
            if domain is not None:
                lifecycle.destroy(connection, domain)

    def resize(self, external_id: str, size: str) -> None:
        shape = shapes.parse(size)
        if shape.disk_gb is not None:
            raise InvalidInput("A machine's disk keeps its size; write cores-MiB, as 2-2048.", field="size")
        with self._guest(external_id, "resize the machine") as domain:
            lifecycle.resize(domain, shape)

    @property
    def _host(self) -> str:
        return str(self.account.settings.machine_hostname)

    @contextmanager
    def _doing(self, what: str) -> Iterator[Any]:
        """The connection, with libvirt's errors as ours."""
        with faults(what, self._host):
            yield self._connection

    @contextmanager
    def _guest(self, external_id: str, what: str) -> Iterator[Any]:
        self._refuse_hypervisor(external_id)
        with self._doing(what) as connection:
            domain = lookup(connection, external_id) if is_uuid(external_id) else None
            if domain is None:
                raise ProviderNotFound(f"{self._host} has no machine {external_id!r}.", external_id=external_id)
            yield domain

    def _refuse_hypervisor(self, external_id: str) -> None:
        if external_id == HYPERVISOR:
            raise NotSupported(f"{self._host} is the hypervisor itself: it can only be rebooted.", provider=self.id)

    def _reboot_hypervisor(self) -> None:
        settings: Settings = self.account.settings
        if self.account.ssh is None or settings.machine_key is None:
            raise NotSupported(f"{self._host} cannot be rebooted without a key for SSH.", provider=self.id)
        sudo = "" if settings.machine_user == "root" else "sudo -n "
        command = f"{sudo}true && {{ (sleep 1; exec {sudo}reboot) >/dev/null 2>&1 </dev/null & }}"
        try:
            done = self.account.ssh.run(
                self._host, settings.ssh_port, settings.machine_user, settings.machine_key, command,
                self.account.timeout_s,
            )  # fmt: skip
        except MachineLost:
            return
        if done.exit_code != 0:
            raise Conflict(f"{settings.machine_user} may not reboot {self._host}: sudo asks for a password.")
