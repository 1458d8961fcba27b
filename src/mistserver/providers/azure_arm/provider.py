"""The Azure Resource Manager provider: machines, images, sizes, locations and networks of one subscription."""

from __future__ import annotations

import contextlib
import re
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.azure_arm import catalog, create, images, network
from mistserver.providers.azure_arm.api import COMPUTE, DIALECT, GROUP, NETWORK, RESOURCES, TITLE, Api, said
from mistserver.providers.azure_arm.machines import Around, as_pair, by_id, reading
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Json, refused

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_GROUP = re.compile(r"[\w().-]{0,89}[\w()-]")
_VIRTUAL = "providers/Microsoft.Compute/virtualMachines"


class Settings(ProviderSettings, frozen=True, kw_only=True):
    tenant_id: Annotated[str, setting("Tenant (directory) ID", flag="azure-arm-tenant-id")]
    client_id: Annotated[str, setting("Application (client) ID", flag="azure-arm-client-id")]
    client_secret: Annotated[str, setting("Client secret", flag="azure-arm-client-secret", secret=True)]
    subscription_id: Annotated[str, setting("Subscription ID", flag="azure-arm-subscription-id")]
    resource_group: Annotated[
        str | None,
        setting("Resource group, when only machines in this one are meant", flag="azure-arm-resource-group"),
    ] = None


class AzureArm(Provider):
    id = "azure_arm"
    title = TITLE
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Azure portal, Microsoft Entra ID, App registrations: register an application (its overview has "
        "the application and the directory ID), then Certificates & secrets, New client secret. Give the application "
        "its role under Access control (IAM) of the subscription or of the resource group. In one line: "
        "`az ad sp create-for-rbac --role Contributor --scopes /subscriptions/ID`.",
        permissions="Virtual Machine Contributor, Network Contributor and Tag Contributor on the subscription, or on "
        "the resource group when one is given, and there `Microsoft.Resources/deployments/*`; without a group also "
        "`Microsoft.Resources/subscriptions/resourceGroups/write` (the group `mist` is made once).",
        limits=(
            "A stop deallocates: a machine that is only shut down goes on costing.",
            "The first machine in a location comes with a virtual network and a security group `mist-LOCATION`, which "
            "let SSH in and stay when the machine goes; its disk, interface and address go with it.",
            "With a resource group given, the state of each machine is asked for on its own.",
            "`--search all` shows what the publishers of the distributions offer: Azure's market has no whole list.",
            "Prices are those of libcloud's table: of Linux by the hour, without discounts.",
        ),
        through="Azure Resource Manager's REST API itself",
        source="https://learn.microsoft.com/en-us/rest/api/compute/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        forms = {"tenant_id": _TENANT, "client_id": _GUID, "subscription_id": _GUID, "resource_group": _GROUP}
        for name, form in forms.items():
            value = getattr(settings, name)
            if value is not None and not form.fullmatch(value):
                raise InvalidInput(f"That is not the form of Azure's {name} (--azure-arm-{_flag(name)}).", field=name)
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
        self._api.get(f"{self._api.scope}/{_VIRTUAL}", COMPUTE)

    def list_machines(self) -> list[MachineReading]:
        api = self._api
        machines = api.pages(f"{api.scope}/{_VIRTUAL}", COMPUTE)
        with understood(api.where):
            around = Around(
                self._views(machines),
                by_id(api.pages(f"{api.scope}/providers/Microsoft.Network/networkInterfaces", NETWORK)),
                by_id(api.pages(f"{api.scope}/providers/Microsoft.Network/publicIPAddresses", NETWORK)),
            )
            return [reading(each, around) for each in machines]

    def read_machine(self, external_id: str) -> MachineReading | None:
        """Also tells why a machine never came that a deployment was to make."""
        machine = self._machine(external_id)
        if machine is None:
            return self._deployed(external_id)
        with understood(self._api.where):
            return self._reading(machine)

    def find_marked(self, mark: str) -> MachineReading | None:
        """Machines are looked at first, then the deployment that is about to make the one."""
        for each in self._api.pages(f"{self._api.scope}/{_VIRTUAL}", COMPUTE):
            with understood(self._api.where):
                machine = reading(each, Around())
            if machine.mark == mark and machine.state is not MachineState.TERMINATED:
                return self.read_machine(machine.external_id)
        group = self._api.group or GROUP
        try:
            under_way = self._api.pages(create.deployments(self._api, group), RESOURCES)
        except ProviderNotFound:
            return None
        with understood(self._api.where):
            found = [create.pending(group, each) for each in under_way]
        return next((machine for machine in found if machine is not None and machine.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        with understood(self._api.where):
            return images.images(self._api, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api)

    def list_locations(self) -> list[Location]:
        with understood(self._api.where):
            return catalog.locations(self._api)

    def list_networks(self) -> list[Network]:
        with understood(self._api.where):
            return network.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        with understood(self._api.where):
            return create.create(self._api, spec)

    def start(self, external_id: str) -> None:
        self._api.order("POST", f"{self._path(external_id)}/start", COMPUTE)

    def stop(self, external_id: str) -> None:
        """Deallocates: what is only shut down goes on costing."""
        self._api.order("POST", f"{self._path(external_id)}/deallocate", COMPUTE)

    def reboot(self, external_id: str) -> None:
        self._api.order("POST", f"{self._path(external_id)}/restart", COMPUTE)

    def destroy(self, external_id: str) -> None:
        """What made the machine is forgotten too: what it says of its making is not true of a later namesake."""
        with contextlib.suppress(ProviderNotFound):
            self._api.order("DELETE", self._path(external_id), COMPUTE)
        if self._is_where_mist_makes(external_id):
            with contextlib.suppress(ProviderNotFound, ProviderRejected):  # one that still goes on stays
                self._api.order("DELETE", create.deployment(self._api, external_id), RESOURCES)

    def resize(self, external_id: str, size: str) -> None:
        """A running machine is restarted by it, and is refused a size that only other hardware has."""
        if self.known(external_id).size != size:
            wanted = {"properties": {"hardwareProfile": {"vmSize": size}}}
            self._api.order("PATCH", self._path(external_id), COMPUTE, wanted)

    def add_tag(self, external_id: str, tag: str) -> None:
        """Refuses to change the value of a key that the machine has: it may be another program's."""
        create.check_tag(tag)
        key, value = as_pair(tag)
        for there in self.known(external_id).tags:
            if as_pair(there)[0].casefold() == key.casefold() and there != tag:
                raise Conflict(f"The machine has the tag {there!r} already; remove that one first.", tag=there)
        self._tag(external_id, "Merge", key, value)

    def remove_tag(self, external_id: str, tag: str) -> None:
        if tag in self.known(external_id).tags:
            self._tag(external_id, "Delete", *as_pair(tag))

    def _tag(self, external_id: str, operation: str, key: str, value: str) -> None:
        path = f"{self._path(external_id)}/providers/Microsoft.Resources/tags/default"
        self._api.order("PATCH", path, RESOURCES, {"operation": operation, "properties": {"tags": {key: value}}})

    def _views(self, machines: list[Json]) -> dict[str, Json]:
        """What the machines do at the moment: of a subscription in one listing, of a group one by one."""
        if self._api.group is None:
            told = self._api.pages(f"{self._api.scope}/{_VIRTUAL}", COMPUTE, statusOnly="true")
            return {id: each["properties"].get("instanceView") or {} for id, each in by_id(told).items()}
        views = {}
        for id in by_id(machines):
            views[id] = self._api.found(
                at(f"{self._api.scope}/{_VIRTUAL}/{{}}/instanceView", id.split("/")[-1]), COMPUTE
            )
        return {id: view or {} for id, view in views.items()}

    def _machine(self, external_id: str) -> Json | None:
        try:
            path = self._path(external_id)
        except ProviderNotFound:
            return None
        return self._api.found(path, COMPUTE, **{"$expand": "instanceView"})

    def _reading(self, machine: Json) -> MachineReading:
        interfaces = []
        for named in (machine["properties"].get("networkProfile") or {}).get("networkInterfaces") or []:
            _, _, _, _, group, *_, name = str(named["id"]).split("/")
            path = at(f"{self._api.within(group)}/providers/Microsoft.Network/networkInterfaces/{{}}", name)
            found = self._api.found(path, NETWORK, **{"$expand": "ipConfigurations/publicIPAddress"})
            interfaces += [] if found is None else [found]
        return reading(machine, Around(interfaces=by_id(interfaces)))

    def _deployed(self, external_id: str) -> MachineReading | None:
        """A machine that is not there: on its way, never made (the reason is raised), or gone."""
        if not self._is_where_mist_makes(external_id):
            return None
        group = external_id.partition("/")[0]
        made_by = self._api.found(create.deployment(self._api, external_id), RESOURCES)
        if made_by is None:
            return None
        with understood(self._api.where):
            if made_by["properties"].get("error"):
                raise refused(400, said(made_by["properties"]), DIALECT)
            return create.pending(group, made_by)

    def _is_where_mist_makes(self, external_id: str) -> bool:
        group, _, name = external_id.partition("/")
        return bool(name) and group.lower() == (self._api.group or GROUP).lower()

    def _path(self, external_id: str) -> str:
        """ProviderNotFound for what is no id of a machine's."""
        group, _, name = external_id.partition("/")
        return at("/subscriptions/{}/resourceGroups/{}/" + _VIRTUAL + "/{}", self._api.subscription, group, name)


def _flag(name: str) -> str:
    return name.replace("_", "-")
