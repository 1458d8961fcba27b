"""The Scaleway provider: the machines of one project in one zone."""

from __future__ import annotations

import re
from contextlib import suppress
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import (
    Conflict,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
)
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, locations
from mistserver.providers.base import Provider, Region
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Dialect, Json, Rest, Said
from mistserver.providers.scaleway import catalog
from mistserver.providers.scaleway.machines import KEY, MARK, STATES, UNFINISHED, reading, user_tags

_NAME = re.compile(r"[0-9A-Za-z. -]+")
_EXTRA = MappingProxyType({"security_group": str, "placement_group": str, "dynamic_ip_required": bool})
_KINDS = MappingProxyType(
    {"quotas_exceeded": ProviderQuota, "out_of_stock": ProviderQuota, "transient_state": ProviderRateLimited}
)
_ZONES = (
    Region("fr-par-1", "Paris 1"),
    Region("fr-par-2", "Paris 2"),
    Region("fr-par-3", "Paris 3"),
    Region("nl-ams-1", "Amsterdam 1"),
    Region("nl-ams-2", "Amsterdam 2"),
    Region("nl-ams-3", "Amsterdam 3"),
    Region("pl-waw-1", "Warsaw 1"),
    Region("pl-waw-2", "Warsaw 2"),
    Region("pl-waw-3", "Warsaw 3"),
    Region("it-mil-1", "Milan 1"),
)


class Settings(ProviderSettings, frozen=True, kw_only=True):
    secret_key: Annotated[str, setting("Secret key of an API key", flag="scaleway-secret-key", secret=True)]
    project_id: Annotated[str, setting("Project ID", flag="scaleway-project-id")]


def _said(body: Any) -> Said:
    words = [body.get("message") or f"{body['type']} {body.get('resource') or ''}"]
    for each in body.get("details") or []:
        words += [str(each.get(part)) for part in ("argument_name", "resource", "help_message") if each.get(part)]
    return Said(code=body["type"], words=" ".join(words))


class Scaleway(Provider):
    id = "scaleway"
    title = "Scaleway"
    Settings = Settings
    regions = _ZONES
    region_required = True
    free_region = True  # the vendor opens zones faster than Mist is released
    region_flag = "scaleway-zone"
    label_is_region = True
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Console, IAM, API keys: generate an API key and note its secret key; the project's ID is under "
        "Project settings.",
        permissions="An IAM policy on the project with InstancesFullAccess, BlockStorageFullAccess, "
        "PrivateNetworksReadOnly and IPAMReadOnly.",
        limits=(
            "A backend is one zone; add one for each zone that you use.",
            "The key goes to the machine as a tag AUTHORIZED_KEY, which the vendor's images read when they boot.",
            "A new machine has a public IPv4 address of its own; for IPv6 attach an address in the console.",
            "Machines that are destroyed while they run leave the block volume they started from behind, detached: "
            "Scaleway then bills it until it is deleted. Local storage goes with the machine; so does the block volume "
            "of a machine that was stopped first.",
            "Resizing asks for a stopped machine.",
        ),
        through="Scaleway's REST APIs themselves (Instance v1, Marketplace v2, VPC v2, IPAM v1, Block v1)",
        source="https://www.scaleway.com/en/developers/api/instances/",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return f"Scaleway {next((zone.title for zone in _ZONES if zone.id == region), region)}"

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        checks.name(cls.title, spec, _NAME, "names of letters, digits, dots, spaces and dashes")
        checks.needs(cls.title, spec, "size")
        checks.options(cls.title, spec, _EXTRA)

    def open(self) -> None:
        dialect = Dialect(
            self.title, _said, kinds=_KINDS, words=((re.compile("quota exceeded", re.IGNORECASE), ProviderQuota),)
        )
        http = Http(self.account, "https://api.scaleway.com")
        self._api = Rest(http, dialect, {"X-Auth-Token": self.account.settings.secret_key})
        self._zone = self.account.region or ""
        self._at = at("/instance/v1/zones/{}", self._zone)
        self._servers = f"{self._at}/servers"

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.get(self._servers, per_page=1, project=self._project)

    def list_machines(self) -> list[MachineReading]:
        return self._readings(catalog.listed(self._api, self._servers, "servers", project=self._project))

    def read_machine(self, external_id: str) -> MachineReading | None:
        server = self._server(external_id)
        return None if server is None else self._readings([server])[0]

    def find_marked(self, mark: str) -> MachineReading | None:
        query = {"project": self._project, "tags": MARK + mark}
        return next(iter(self._readings(catalog.listed(self._api, self._servers, "servers", **query))), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the project's own images and the newest long-term versions of the distributions."""
        return catalog.images_of(self._api, self._at, self._project, search)

    def list_sizes(self) -> list[Size]:
        return catalog.sizes(self._api, self._at)

    def list_locations(self) -> list[Location]:
        """The zone of the backend."""
        title = next((zone.title for zone in _ZONES if zone.id == self._zone), self._zone)
        return [Location(id=self._zone, name=title)]

    def list_networks(self) -> list[Network]:
        return catalog.networks(self._api, self._zone, self._project)

    def create(self, spec: MachineSpec) -> MachineReading:
        """The machine is made stopped and carries a tag until it was told the rest: see `finish`."""
        if spec.location:
            locations.meant(self.title, spec.location, self.list_locations())
        key = [KEY + spec.public_key.strip().replace(" ", "_")] if spec.public_key else []
        wanted = {
            "name": spec.name,
            "project": self._project,
            "commercial_type": spec.size,
            "image": catalog.image_id(self._api, self._zone, spec.image, spec.size or ""),
            "dynamic_ip_required": True,
            "tags": [MARK + spec.mark, UNFINISHED, *key, *spec.tags],
            **spec.extra,
        }
        answer = self._api.post(self._servers, wanted)
        with understood(self._api.where):
            return self._finished(spec, answer["server"])

    def finish(self, spec: MachineSpec, found: MachineReading) -> MachineReading:
        """Networks, user data and power are calls of their own; a machine that lacks them is told so by its tag."""
        server = self._server(found.external_id)
        with understood(self._api.where):
            return found if server is None else self._finished(spec, server)

    def start(self, external_id: str) -> None:
        if self._known(external_id)["state"] not in ("running", "starting"):
            self._act(external_id, "poweron")

    def stop(self, external_id: str) -> None:
        if self._known(external_id)["state"] not in ("stopped", "stopping"):
            self._act(external_id, "poweroff")

    def reboot(self, external_id: str) -> None:
        self._act(external_id, "reboot")

    def destroy(self, external_id: str) -> None:
        server = self._server(external_id)
        if server is None:
            return
        with suppress(ProviderNotFound):
            if server["state"] == "stopped":
                self._delete(server)
            else:
                self._act(external_id, "terminate")

    def resize(self, external_id: str, size: str) -> None:
        server = self._known(external_id)
        if server.get("commercial_type") == size:
            return
        if server["state"] != "stopped":
            state = STATES.get(server["state"], MachineState.UNKNOWN)
            raise Conflict(
                f"Scaleway resizes stopped machines only, and this one is {state}; stop it first.", machine=external_id
            )
        self._patch(external_id, commercial_type=size)

    def add_tag(self, external_id: str, tag: str) -> None:
        """Scaleway takes all tags of a machine at once, so that two changes at the same moment may lose one."""
        self._retag(external_id, lambda tags: tags if tag in tags else [*tags, tag])

    def remove_tag(self, external_id: str, tag: str) -> None:
        self._retag(external_id, lambda tags: [each for each in tags if each != tag])

    @property
    def _project(self) -> str:
        return str(self.account.settings.project_id)

    def _finished(self, spec: MachineSpec, server: Json) -> MachineReading:
        if UNFINISHED not in server["tags"]:
            return self._readings([server])[0]
        if server["state"] == "stopped":
            try:
                self._complete(spec, server)
            except (ProviderQuota, ProviderRejected, ProviderNotFound):
                with suppress(ProviderError):  # what cannot run is not left to be paid for
                    self._delete(server)
                raise
        done = self._patch(server["id"], tags=[tag for tag in server["tags"] if tag != UNFINISHED])
        return self._readings([done["server"]])[0]

    def _complete(self, spec: MachineSpec, server: Json) -> None:
        path = at(self._servers + "/{}", server["id"])
        there = [nic["private_network_id"] for nic in server.get("private_nics") or []]
        for network in spec.networks:
            if network not in there:
                self._api.post(f"{path}/private_nics", {"private_network_id": network})
        if spec.user_data is not None:
            plain = {"Content-Type": "text/plain"}
            self._api.call("PATCH", f"{path}/user_data/cloud-init", body=spec.user_data.encode(), headers=plain)
        self._act(server["id"], "poweron")

    def _delete(self, server: Json) -> None:
        """A stopped server, its local volumes (as terminating a running one does), and its first volume."""
        self._api.delete(at(self._servers + "/{}", server["id"]))
        for place, volume in (server.get("volumes") or {}).items():
            is_block = volume.get("volume_type") == "sbs_volume"
            if is_block and place != "0":
                continue
            path = at("/block/v1/zones/{}", self._zone) if is_block else self._at
            with suppress(ProviderNotFound):
                self._api.delete(at(path + "/volumes/{}", str(volume["id"])))

    def _act(self, external_id: str, action: str) -> None:
        self._api.post(at(self._servers + "/{}/action", external_id), {"action": action})

    def _patch(self, external_id: str, **changed: Any) -> Json:
        answer = self._api.call("PATCH", at(self._servers + "/{}", external_id), body=changed)
        return answer if isinstance(answer, dict) else {}

    def _retag(self, external_id: str, changed: Any) -> None:
        server = self._known(external_id)
        tags = list(reading(server).tags)
        if changed(tags) != tags:
            self._patch(external_id, tags=user_tags(server, changed(tags)))

    def _server(self, external_id: str) -> Json | None:
        """None also for what Scaleway finds malformed as an id."""
        try:
            found = self._api.found(at(self._servers + "/{}", external_id))
        except ProviderRejected as error:
            if error.facts.get("vendor_code") != "invalid_arguments":
                raise
            return None
        with understood(self._api.where):
            return None if found is None else {**found["server"]}

    def _known(self, external_id: str) -> Json:
        server = self._server(external_id)
        if server is None:
            raise ProviderNotFound(f"Scaleway has no machine {external_id[:200]!r} here.", machine=external_id[:200])
        return server

    def _readings(self, servers: list[Json]) -> list[MachineReading]:
        with understood(self._api.where):
            nics = [str(nic["id"]) for server in servers for nic in server.get("private_nics") or []]
            private = catalog.private_addresses(self._api, self._zone, nics, self._project) if nics else {}
            return [reading(server, private) for server in servers]
