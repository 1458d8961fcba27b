"""The Compute Engine provider: machines, images, sizes, locations and networks of one project."""

from __future__ import annotations

from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide
from mistserver.providers.gce import catalog, create
from mistserver.providers.gce.api import TITLE, Api, failure
from mistserver.providers.gce.machines import MARK, label_of, last, reading
from mistserver.providers.gce.settings import Settings, validated
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Json


class Gce(Provider):
    id = "gce"
    title = TITLE
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Cloud console, IAM & Admin, Service accounts: create an account, then Keys, Add key, JSON. The "
        "file may be given as the private key, and says the rest; so may application-default credentials "
        "(`gcloud auth application-default login` writes `application_default_credentials.json`) of a user, of an "
        "impersonated service account, or of an external account whose token comes from an https URL.",
        permissions="The role Compute Instance Admin (v1), `roles/compute.instanceAdmin.v1`, and Service Account User "
        "only where instances get an account. The Compute Engine API has to be switched on in the project.",
        limits=(
            "Tags are network tags: firewall rules refer to them, and they hold lower-case letters, digits and dashes "
            "only.",
            "A key is for the user that the distribution's cloud images have (ubuntu, debian, rocky ...), else for "
            "`user`; the option ssh_user names another. OS Login is switched off for such a machine.",
            "User data that begins with `#!` is a startup script, which runs at every boot; other user data is for "
            "cloud-init, which Ubuntu's and Container-Optimized OS's images have, and Debian's have not.",
            "A new boot disk is of Google's default type; the newest machine series want the option disk_type "
            "(hyperdisk-balanced).",
            "Prices are those of libcloud's table, of us-central1 where the size is offered there, without discounts.",
        ),
        through="google-auth for the access token, Compute Engine's REST API v1 itself for the rest",
        source="https://cloud.google.com/compute/docs/reference/rest/v1",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return validated(settings)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        create.check_spec(spec)

    def open(self) -> None:
        self._api = Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.get("/aggregated/instances", maxResults=1)

    def list_machines(self) -> list[MachineReading]:
        return self._readings()

    def read_machine(self, external_id: str) -> MachineReading | None:
        """Also tells why an instance that was asked for never came: Google finds out after it has taken the order."""
        instance = self._instance(external_id)
        if instance is None:
            self._raise_if_never_made(external_id)
            return None
        with understood(self._api.where):
            return reading(instance)

    def find_marked(self, mark: str) -> MachineReading | None:
        found = self._readings(filter=f"labels.{MARK} = {label_of(mark)}")
        return next((machine for machine in found if machine.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        with understood(self._api.where):
            return catalog.images(self._api, search)

    def list_sizes(self) -> list[Size]:
        with understood(self._api.where):
            return catalog.sizes(self._api)

    def list_locations(self) -> list[Location]:
        with understood(self._api.where):
            return catalog.locations(self._api)

    def list_networks(self) -> list[Network]:
        with understood(self._api.where):
            return catalog.networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        with understood(self._api.where):
            return create.create(self._api, spec)

    def start(self, external_id: str) -> None:
        instance = self._there(external_id)
        if instance["status"] == "SUSPENDED":
            self._order("POST", instance, "/resume")
        elif reading(instance).state is not MachineState.RUNNING:
            self._order("POST", instance, "/start")

    def stop(self, external_id: str) -> None:
        instance = self._there(external_id)
        if reading(instance).state is not MachineState.STOPPED:
            self._order("POST", instance, "/stop")

    def reboot(self, external_id: str) -> None:
        """Google has no other reboot than that of the reset button."""
        self._order("POST", self._there(external_id), "/reset")

    def destroy(self, external_id: str) -> None:
        """The boot disk goes with it."""
        instance = self._instance(external_id)
        try:
            if instance is not None:
                self._order("DELETE", instance, "")
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        instance = self._there(external_id)
        machine = reading(instance)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"{TITLE} resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        wanted = at("zones/{}/machineTypes/{}", machine.location or "", size)
        self._order("POST", instance, "/setMachineType", {"machineType": wanted})

    def add_tag(self, external_id: str, tag: str) -> None:
        create.check_tag(tag)
        instance = self._there(external_id)
        tags = list(reading(instance).tags)
        if tag not in tags:
            self._set_tags(instance, [*tags, tag])

    def remove_tag(self, external_id: str, tag: str) -> None:
        instance = self._there(external_id)
        tags = list(reading(instance).tags)
        if tag in tags:
            self._set_tags(instance, [each for each in tags if each != tag])

    def _set_tags(self, instance: Json, tags: list[str]) -> None:
        """The fingerprint has Google refuse when somebody else has changed them meanwhile."""
        wanted = {"items": tags, "fingerprint": (instance.get("tags") or {}).get("fingerprint")}
        self._order("POST", instance, "/setTags", {name: value for name, value in wanted.items() if value is not None})

    def _order(self, method: str, instance: Json, what: str, body: Any = None) -> None:
        """Instances are addressed by zone and name; the id that leads here is theirs alone, whatever bears the name."""
        path = at("/zones/{}/instances/{}", last(instance.get("zone")) or "", str(instance["name"])) + what
        self._api.order(method, path, body)

    def _there(self, external_id: str) -> Json:
        instance = self._instance(external_id)
        if instance is None:
            raise ProviderNotFound(f"{TITLE} has no machine {external_id[:200]!r}.", machine=external_id[:200])
        with understood(self._api.where):
            reading(instance)
        return instance

    def _instance(self, external_id: str) -> Json | None:
        if not _is_id(external_id):
            return None
        found = self._api.aggregated("instances", filter=f"id = {external_id}")
        return next((each for each in found if str(each.get("id")) == external_id), None)

    def _raise_if_never_made(self, external_id: str) -> None:
        if not _is_id(external_id):
            return
        ordered = f"(targetId = {external_id}) (operationType = insert)"
        for operation in self._api.aggregated("operations", filter=ordered):
            error = failure(operation) if str(operation.get("targetId")) == external_id else None
            if error is not None and operation.get("operationType") == "insert":
                raise error

    def _readings(self, **query: Any) -> list[MachineReading]:
        found = self._api.aggregated("instances", **query)
        with understood(self._api.where):
            return [reading(each) for each in found]


def _is_id(external_id: str) -> bool:
    return external_id.isascii() and external_id.isdecimal() and len(external_id) <= 20
