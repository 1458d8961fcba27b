"""The classic Azure provider: machines, images, sizes and locations of one subscription."""

from __future__ import annotations

import contextlib
import re
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Size
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import images, locations
from mistserver.providers.azure import create
from mistserver.providers.azure.api import TITLE, Api
from mistserver.providers.azure.machines import ID, is_ours, readings, service_of
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood

_SUBSCRIPTION = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")
_ORDER = '<{0}RoleOperation xmlns="http://schemas.microsoft.com/windowsazure"><OperationType>{0}RoleOperation</OperationType>{1}</{0}RoleOperation>'
_DEALLOCATED = "<PostShutdownAction>StoppedDeallocated</PostShutdownAction>"


class Settings(ProviderSettings, frozen=True, kw_only=True):
    subscription_id: Annotated[str, setting("Subscription ID", flag="azure-sub-id")]
    certificate: Annotated[
        str,
        setting("Management certificate with its private key (PEM)", flag="azure-cert-path", secret=True, kind="file"),
    ]


class Azure(Provider):
    id = "azure"
    title = TITLE
    Settings = Settings
    over_http = True
    creates = True
    retired_since = "2024"
    actions = frozenset(Action) - {Action.RESIZE}
    guide = Guide(
        credentials="A certificate that was uploaded as a management certificate of the subscription, with its private "
        "key, in one PEM file.",
        permissions="A management certificate may do everything in its subscription.",
        limits=(
            "Microsoft switched this API off in 2024: it answers at endpoints that still speak it, and nowhere else. "
            "Today's Azure is the provider `azure_arm`.",
            "Each new machine has a cloud service of its own, whose description carries the mark; disks are kept in a "
            "storage account that has to be there.",
            "A key reaches a new machine through cloud-init, with images that hold it.",
            "Machines cannot be resized, and the API lists everything at once: each cloud service is asked for on its "
            "own.",
        ),
        through="apache-libcloud's driver for the documents",
        source="https://learn.microsoft.com/en-us/previous-versions/azure/ee460799(v=azure.100)",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        from mistserver.providers.tls import verifying

        if not _SUBSCRIPTION.fullmatch(settings.subscription_id):
            raise InvalidInput("That is not the form of a subscription ID (--azure-sub-id).", field="subscription_id")
        try:
            verifying(None, settings.certificate)
        except InvalidInput:
            raise InvalidInput(
                "Azure needs the management certificate and its unencrypted private key in one PEM file "
                "(--azure-cert-path).",
                field="certificate",
            ) from None
        return settings

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.read("/services/hostedservices", "HostedServices")

    def list_machines(self) -> list[MachineReading]:
        """A cloud service that goes while the list is made has no machines any more."""
        found: list[MachineReading] = []
        for each in self._api.read("/services/hostedservices", "HostedServices"):
            found += self._readings(str(each.service_name))
        return found

    def read_machine(self, external_id: str) -> MachineReading | None:
        match = ID.fullmatch(external_id)
        machines = [] if match is None else self._readings(match[1])
        return next((machine for machine in machines if machine.external_id == external_id), None)

    def find_marked(self, mark: str) -> MachineReading | None:
        return next((machine for machine in self._readings(service_of(mark)) if machine.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        offered = self._api.libcloud.call("list_images")
        with understood(self._api.where), self._api.libcloud.mapped():
            own = [_image(each) for each in offered if each.extra.get("vm_image") or each.extra["category"] == "User"]
            public = [_image(each) for each in offered if each.id not in {image.id for image in own}]
            return images.shown(public, search, own)

    def list_sizes(self) -> list[Size]:
        """Those that the API knew at its end; it tells neither sizes nor prices itself."""
        with self._api.libcloud.mapped():
            return [
                Size(
                    id=each.id,
                    name=each.name,
                    cores=each.extra["cores"],
                    ram_mb=each.ram,
                    disk_gb=each.disk,
                    driver="azure",
                )
                for each in self._api.libcloud.call("list_sizes")
                if isinstance(each.extra["cores"], int)
            ]

    def list_locations(self) -> list[Location]:
        with self._api.libcloud.mapped():
            found = self._api.libcloud.call("list_locations")
            return sorted((Location(id=each.id, name=each.name) for each in found), key=lambda each: each.id)

    def create(self, spec: MachineSpec) -> MachineReading:
        with understood(self._api.where):
            location = locations.meant(TITLE, spec.location or "", self.list_locations()).id
            return create.create(self._api, spec, location)

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._order(external_id, "Start")

    def stop(self, external_id: str) -> None:
        """Deallocates: what is only shut down went on costing."""
        if self.known(external_id).state is not MachineState.STOPPED:
            self._order(external_id, "Shutdown", _DEALLOCATED)

    def reboot(self, external_id: str) -> None:
        self._order(external_id, "Restart")

    def destroy(self, external_id: str) -> None:
        """With its disk; a cloud service that Mist made goes too."""
        match = ID.fullmatch(external_id)
        if match is None:
            return
        path = at("/services/hostedservices/{}", match[1])
        service = self._api.found(f"{path}?embed-detail=True", "HostedService")
        with understood(self._api.where), contextlib.suppress(ProviderNotFound):
            machines = [] if service is None else list(readings(service))
            machine = next((each for each in machines if each.external_id == external_id), None)
            if machine is None:
                return
            if not is_ours(service):
                deployment = str(machine.extra["deployment"])
                beside = [each for each in machines if each.extra["deployment"] == deployment and each is not machine]
                path = at(path + "/deployments/{}", deployment)
                path = at(path + "/roles/{}", machine.name) if beside else path
            self._api.delete(f"{path}?comp=media")

    def _order(self, external_id: str, what: str, more: str = "") -> None:
        machine = self.known(external_id)
        service, _, role = external_id.partition("/")
        path = "/services/hostedservices/{}/deployments/{}/roleinstances/{}/Operations"
        self._api.send(at(path, service, str(machine.extra["deployment"]), role), _ORDER.format(what, more))

    def _readings(self, service: str) -> list[MachineReading]:
        found = self._api.found(at("/services/hostedservices/{}", service) + "?embed-detail=True", "HostedService")
        with understood(self._api.where):
            return [] if found is None else list(readings(found))


def _image(each: Any) -> Image:
    extra = {
        "os": each.extra.get("os"),
        "category": each.extra.get("category"),
        "locations": each.extra.get("location"),
    }
    return Image(id=each.id, name=each.name or each.id, extra={name: told for name, told in extra.items() if told})
