"""The VMware vSphere provider: the virtual machines of a vCenter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import shapes
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide
from mistserver.providers.http_errors import understood
from mistserver.providers.vsphere import catalog, create, soap
from mistserver.providers.vsphere.api import Api, Told
from mistserver.providers.vsphere.machines import PATHS, has_tools, is_template, reading
from mistserver.providers.vsphere.settings import TITLE, Settings, url, validated


class Vsphere(Provider):
    id = "vsphere"
    title = TITLE
    Settings = Settings
    over_http = True
    creates = True
    needs_size = False
    needs_key = False
    actions = frozenset(Action)
    guide = Guide(
        credentials="A user of the vCenter (Administration, Single Sign On, Users and Groups). A vCenter's "
        "certificate is signed by its own authority: give that (from `https://VCENTER/certs/download.zip`) with "
        "`--ca-file`, or the fingerprint that `openssl s_client -connect VCENTER:443 | openssl x509 -noout "
        "-fingerprint -sha256` prints.",
        permissions="A role with Virtual machine (Change configuration, Edit inventory, Interaction, Provisioning: "
        "deploy template), Datastore: allocate space, Network: assign network, Resource: assign virtual machine to "
        "resource pool, and Global: cancel task; on the datacenter, propagated.",
        limits=(
            "Images are templates of the inventory; a machine is made by cloning one, which a lone ESXi host cannot.",
            "A key and user data reach machines whose template has cloud-init with its VMware data source.",
            "Stop and reboot ask the VMware Tools within a machine, and pull the plug where there are none.",
            "Addresses are those that the VMware Tools tell.",
            "Tags are kept by Mist.",
        ),
        through="the vendor's `pyvmomi`, on Mist's own connections",
        source="https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return validated(settings)

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        return (cls.id, url(settings), settings.username)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        """That it could sign in is the proof; the root folder is what every user may see."""
        self._api.tell(self._api.content.rootFolder, ("name",))

    def list_machines(self) -> list[MachineReading]:
        vim = soap.vim()

        found, hosts = self._api.all(vim.VirtualMachine, PATHS), self._hosts()
        with understood(self._api.where):
            return [reading(each, told, hosts) for each, told in found if not is_template(told)]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            machine, told = self._told(external_id)
        except ProviderNotFound:
            return None
        hosts = self._hosts()
        with understood(self._api.where):
            return reading(machine, told, hosts)

    def find_marked(self, mark: str) -> MachineReading | None:
        """By an id that the mark becomes. A clone whose making broke off before its start is gone on with."""
        found = create.find(self._api, mark)
        return None if found is None else self.read_machine(found._moId)

    def list_images(self, search: str | None = None) -> list[Image]:
        return catalog.images(self._api, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, self.id)

    def list_locations(self) -> list[Location]:
        return catalog.all_locations(self._api)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        return self.known(create.create(self._api, spec)._moId)

    def start(self, external_id: str) -> None:
        machine, told = self._told(external_id)
        if str(told.get("runtime.powerState")) != "poweredOn":
            machine.PowerOnVM_Task(None)

    def stop(self, external_id: str) -> None:
        machine, told = self._told(external_id)
        if str(told.get("runtime.powerState")) != "poweredOff":
            self._ask(told, machine.ShutdownGuest, machine.PowerOffVM_Task)

    def reboot(self, external_id: str) -> None:
        machine, told = self._told(external_id)
        if str(told.get("runtime.powerState")) != "poweredOn":
            raise Conflict(f"The machine {external_id} does not run; start it instead.", machine=external_id)
        self._ask(told, machine.RebootGuest, machine.ResetVM_Task)

    def destroy(self, external_id: str) -> None:
        try:
            machine, told = self._told(external_id)
            if str(told.get("runtime.powerState")) != "poweredOff":
                self._api.finished(machine.PowerOffVM_Task(), self.account.timeout_s)
            self._api.finished(machine.Destroy_Task(), create.CREATE_TIMEOUT_S)
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        vim = soap.vim()

        shape = shapes.parse(size)
        if shape.disk_gb is not None:
            raise InvalidInput("A machine's disk keeps its size; write cores-MiB, as 2-2048.", field="size")
        machine = self.known(external_id)
        if machine.size == shape.id:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"{TITLE} resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        wanted = vim.vm.ConfigSpec(numCPUs=shape.cores, memoryMB=shape.ram_mb)
        found = self._api.object(vim.VirtualMachine, external_id)
        self._api.finished(found.ReconfigVM_Task(wanted), self.account.timeout_s)

    def _told(self, external_id: str) -> tuple[Any, Told]:
        """ProviderNotFound for a template too: it is no machine."""
        vim = soap.vim()

        machine = self._api.object(vim.VirtualMachine, external_id)
        told = self._api.tell(machine, PATHS)
        if is_template(told):
            raise ProviderNotFound(f"{TITLE} has no machine {external_id!r}.", machine=external_id)
        return machine, told

    def _hosts(self) -> dict[str, str]:
        """Hosts and the location that each belongs to."""
        found = catalog.places(self._api)
        with understood(self._api.where):
            return {host._moId: str(place._moId) for place, told in found for host in told.get("host") or []}

    def _ask(self, told: Told, politely: Callable[[], Any], firmly: Callable[[], Any]) -> None:
        if has_tools(told):
            try:
                politely()
            except ProviderRejected:  # the tools went away meanwhile, or take no orders
                firmly()
            return
        firmly()
