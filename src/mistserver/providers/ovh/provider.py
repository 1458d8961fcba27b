"""The OVHcloud provider: the machines of one Public Cloud project, in all of its regions."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, locations
from mistserver.providers.base import Provider, Region
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.ovh import catalog
from mistserver.providers.ovh.api import Api, Keys
from mistserver.providers.ovh.machines import marked, reading
from mistserver.providers.rest import Json

_URLS = MappingProxyType(
    {"eu": "https://eu.api.ovh.com", "ca": "https://ca.api.ovh.com", "us": "https://api.us.ovhcloud.com"}
)
_SUBSIDIARIES = MappingProxyType({"eu": "IE", "ca": "CA", "us": "US"})  # whose price list counts
_LONGEST_NAME = 200
_EXTRA = MappingProxyType({"monthly_billing": bool, "group_id": str})


class Settings(ProviderSettings, frozen=True, kw_only=True):
    application_key: Annotated[str, setting("Application key", flag="ovh-application-key")]
    application_secret: Annotated[str, setting("Application secret", flag="ovh-application-secret", secret=True)]
    consumer_key: Annotated[str, setting("Consumer key", flag="ovh-consumer-key", secret=True)]
    project_id: Annotated[str, setting("Public Cloud project ID", flag="ovh-project-id")]


class Ovh(Provider):
    id = "ovh"
    title = "OVHcloud"
    Settings = Settings
    regions = (Region("eu", "Europe"), Region("ca", "Canada"), Region("us", "United States"))
    region_required = True
    region_flag = "ovh-region"
    over_http = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="https://eu.api.ovh.com/createToken/ (ca.api.ovh.com, api.us.ovhcloud.com) gives an application "
        "key, an application secret and a consumer key at once. The project's ID stands below its name in the Public "
        "Cloud console.",
        permissions="GET, POST and DELETE on /cloud/project/ID/* (and on /cloud/project/ID), GET on "
        "/order/catalog/public/cloud.",
        limits=(
            "The region is the API that your account belongs to; the datacenters are locations.",
            "OVHcloud keeps neither tags nor metadata of a machine: the mark of a create stands behind the machine's "
            "name there (web.mist-...), and Mist shows the name without it. Tags are kept by Mist.",
            "A machine that is given networks has those alone; name the public one too (Ext-Net) for the Internet.",
            "A resize restarts the machine, and goes to sizes with as much disk or more.",
            "Prices are those of the price lists of Ireland, Canada and the United States, without tax.",
        ),
        through="OVHcloud's REST API v1 itself",
        source="https://eu.api.ovh.com/console/?section=%2Fcloud&branch=v1",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return f"OVHcloud {(region or '').upper()}".strip()

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        if len(spec.name) > _LONGEST_NAME:
            raise InvalidInput(f"OVHcloud takes names of at most {_LONGEST_NAME} characters.", field="name")
        checks.needs(cls.title, spec, "size", "location")
        checks.options(cls.title, spec, _EXTRA)

    def open(self) -> None:
        given = self.account.settings
        region = self.account.region or "eu"
        http = Http(self.account, _URLS[region])
        keys = Keys(given.application_key, given.application_secret, given.consumer_key)
        self._api = Api(http, self.title, keys)
        self._subsidiary = _SUBSIDIARIES[region]
        self._project = at("/1.0/cloud/project/{}", given.project_id)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.call("GET", f"{self._project}/region")

    def list_machines(self) -> list[MachineReading]:
        found = self._api.all_of(f"{self._project}/instance")
        with understood(self._api.where):
            return [reading(each) for each in found]

    def read_machine(self, external_id: str) -> MachineReading | None:
        found = self._instance(external_id)
        with understood(self._api.where):
            return None if found is None else reading(found)

    def find_marked(self, mark: str) -> MachineReading | None:
        there = [each for each in self.list_machines() if each.state is not MachineState.TERMINATED]
        return next((each for each in there if each.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the project's own snapshots and the newest long-term versions of the distributions."""
        return catalog.images_of(self._api, self._project, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, self._project, self._subsidiary)

    def list_locations(self) -> list[Location]:
        return catalog.locations(self._api, self._project)

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api, self._project)

    def create(self, spec: MachineSpec) -> MachineReading:
        region = locations.meant(self.title, spec.location or "", self.list_locations()).id
        wanted: Json = {
            "name": marked(spec.name, spec.mark),
            "region": region,
            "flavorId": catalog.flavor_id(self._api, self._project, region, spec.size or ""),
            "imageId": catalog.image_id(self._api, self._project, region, spec.image),
            "monthlyBilling": spec.extra.get("monthly_billing", False),
        }
        if "group_id" in spec.extra:
            wanted["groupId"] = spec.extra["group_id"]
        if spec.public_key:
            wanted["sshKeyId"] = self._key(region, spec.key_name or "mist", spec.public_key)
        if spec.user_data is not None:
            wanted["userData"] = spec.user_data
        if spec.networks:
            wanted["networks"] = [{"networkId": network} for network in spec.networks]
        answer = self._api.post(f"{self._project}/instance", wanted)
        with understood(self._api.where):
            return reading(answer)

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._act(external_id, "start")

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._act(external_id, "stop")

    def reboot(self, external_id: str) -> None:
        self._act(external_id, "reboot", {"type": "soft"})

    def destroy(self, external_id: str) -> None:
        with suppress(ProviderNotFound):
            self._api.delete(at(self._project + "/instance/{}", external_id))

    def resize(self, external_id: str, size: str) -> None:
        machine = self.known(external_id)
        if machine.size != size:
            flavor = catalog.flavor_id(self._api, self._project, machine.location or "", size)
            self._act(external_id, "resize", {"flavorId": flavor})

    def _act(self, external_id: str, action: str, body: Json | None = None) -> None:
        self._api.told(at(self._project + "/instance/{}/" + action, external_id), body)

    def _instance(self, external_id: str) -> Json | None:
        return self._api.found(at(self._project + "/instance/{}", external_id))

    def _key(self, region: str, name: str, public: str) -> str:
        """The id of the key at OVHcloud, brought there if need be. Keys are told apart by what they are."""
        body = public.split()[:2]
        for each in self._api.all_of(f"{self._project}/sshkey", region=region):
            if str(each.get("publicKey", "")).split()[:2] == body:
                return str(each["id"])
        called = f"{name[:60]}-{hashlib.sha256(' '.join(body).encode()).hexdigest()[:8]}"
        answer = self._api.post(f"{self._project}/sshkey", {"name": called, "publicKey": public.strip()})
        with understood(self._api.where):
            return str(answer["id"])
