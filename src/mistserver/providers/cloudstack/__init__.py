"""Apache CloudStack through its API: https://cloudstack.apache.org/api/"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode, b64encode
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images
from mistserver.providers.base import Provider
from mistserver.providers.cloudstack.api import Api
from mistserver.providers.cloudstack.reading import MARK, TAGS, network, pair, reading, size, tags, wanted_tags
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Json

_NAME = re.compile(r"(?=.{1,63}\Z)[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+", re.IGNORECASE)
_EXTRA = MappingProxyType(
    {
        "cores": int,
        "ram_mb": int,
        "disk_gb": int,
        "disk_offering_id": str,
        "security_group_ids": str,
        "affinity_group_ids": str,
    }
)
_MOST_USER_DATA = 1024 * 1024


class Settings(ProviderSettings, frozen=True, kw_only=True):
    url: Annotated[str, setting("URL of the API (https://host/client/api)", flag="cloudstack-url", kind="url")]
    api_key: Annotated[str, setting("API key", flag="cloudstack-api-key")]
    secret_key: Annotated[str, setting("Secret key", flag="cloudstack-secret-key", secret=True)]


class CloudStack(Provider):
    id = "cloudstack"
    title = "CloudStack"
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="CloudStack's console, your name at the top right, Profile: generate keys; copy API key and "
        "secret key. The URL is the console's with `/client/api` as its path.",
        permissions="A role that may list, deploy, start, stop, reboot, scale and destroy virtual machines, list "
        "zones, templates, offerings and networks, register SSH key pairs, and create and delete tags.",
        limits=(
            "Orders are jobs of the vendor; one that fails later is seen by the state of the machine.",
            "CloudStack 4.3 or newer: the mark of a create is a detail of the machine.",
            "A tag is a key with a value (`key=value`); one without a value is kept with the value `-`.",
            "Prices are the operator's and not in the API.",
            "Projects are not looked into.",
        ),
        through="CloudStack's API itself",
        source="https://cloudstack.apache.org/api/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        parts = urlsplit(settings.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise InvalidInput("CloudStack needs the URL of its API, such as https://host/client/api.", field="url")
        return settings if parts.path.strip("/") else replace(settings, url=f"{settings.url.rstrip('/')}/client/api")

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        rule = "names of at most 63 letters, digits and dashes, that begin with a letter and do not end with a dash"
        checks.name(cls.title, spec, _NAME, rule)
        checks.needs(cls.title, spec, "size")
        checks.networks(cls.title, spec, 10, "guest networks of the zone")
        checks.options(cls.title, spec, _EXTRA)
        if len((spec.user_data or "").encode()) * 4 / 3 > _MOST_USER_DATA:
            raise InvalidInput("CloudStack takes user data of at most 768 KiB.", field="user_data")
        for tag in spec.tags:
            _check_tag(tag)

    def open(self) -> None:
        settings = self.account.settings
        http = Http(self.account, settings.url)
        self._api = Api(http, self.title, settings.api_key, settings.secret_key)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.call("listZones", page=1, pagesize=1)

    def list_machines(self) -> list[MachineReading]:
        machines = self._machines()
        with understood(self._api.where):
            return [reading(each) for each in machines]

    def read_machine(self, external_id: str) -> MachineReading | None:
        found = self._machine(external_id)
        with understood(self._api.where):
            return None if found is None else reading(found)

    def find_marked(self, mark: str) -> MachineReading | None:
        """Also gives the machine the tags that it was created with, should that call have been lost."""
        machines = self._machines()
        with understood(self._api.where):
            for each in machines:
                found = reading(each)
                if found.mark == mark and found.state is not MachineState.TERMINATED:
                    self._tag(found.external_id, tuple(tag for tag in wanted_tags(each) if tag not in tags(each)))
                    return found
        return None

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own templates and the newest long-term versions of the distributions."""
        wanted: dict[str, str] = {}
        if search is not None and search.casefold() != "all":
            wanted = {"id": search} if _UUID.fullmatch(search) else {"keyword": search}
        try:
            own = self._templates("self", wanted)
            offered = {id: image for id, image in self._templates("executable", wanted).items() if id not in own}
        except ProviderNotFound:
            return []
        return images.shown(offered.values(), search, own.values())

    def list_sizes(self) -> list[Size]:
        found = self._api.list("listServiceOfferings", "serviceoffering")
        with understood(self._api.where):
            return [size(each) for each in found]

    def list_locations(self) -> list[Location]:
        found = self._api.list("listZones", "zone", available="true")
        with understood(self._api.where):
            return [Location(id=str(each["id"]), name=each["name"]) for each in found]

    def list_networks(self) -> list[Network]:
        found = self._api.list("listNetworks", "network", listall="true")
        with understood(self._api.where):
            return [network(each) for each in found]

    def create(self, spec: MachineSpec) -> MachineReading:
        details = {MARK: spec.mark, TAGS: ",".join(spec.tags), "cpuNumber": spec.extra.get("cores")}
        details["memory"] = spec.extra.get("ram_mb")
        wanted: Json = {f"details[0].{name}": value for name, value in details.items() if value}
        zone = self._zone(spec.location)
        wanted |= {
            "name": spec.name,
            "displayname": spec.name,
            "serviceofferingid": spec.size,
            "templateid": spec.image,
            "zoneid": zone,
            "networkids": ",".join(spec.networks) or None,
            "rootdisksize": spec.extra.get("disk_gb"),
            "diskofferingid": spec.extra.get("disk_offering_id"),
            "securitygroupids": spec.extra.get("security_group_ids"),
            "affinitygroupids": spec.extra.get("affinity_group_ids"),
        }
        if spec.public_key:
            wanted["keypair"] = self._key(spec.key_name or "mist", spec.public_key)
        user_data = {"userdata": b64encode(spec.user_data.encode()).decode()} if spec.user_data else {}
        answer = self._api.call("deployVirtualMachine", user_data, **wanted)
        with understood(self._api.where):
            id = str(answer["id"])
        self._tag(id, spec.tags)
        return MachineReading(
            external_id=id,
            name=spec.name,
            state=MachineState.PENDING,
            size=spec.size,
            image=spec.image,
            location=zone,
            tags=spec.tags,
            mark=spec.mark,
        )

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._api.call("startVirtualMachine", id=external_id)

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._api.call("stopVirtualMachine", id=external_id)

    def reboot(self, external_id: str) -> None:
        self.known(external_id)
        self._api.call("rebootVirtualMachine", id=external_id)

    def destroy(self, external_id: str) -> None:
        try:
            self.known(external_id)
            self._api.call("destroyVirtualMachine", id=external_id)
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            words = f"CloudStack resizes stopped machines only, and this one is {machine.state}; stop it first."
            raise Conflict(words, machine=external_id)
        self._api.call("scaleVirtualMachine", id=external_id, serviceofferingid=size)

    def add_tag(self, external_id: str, tag: str) -> None:
        _check_tag(tag)
        if tag not in self.known(external_id).tags:
            self._tag(external_id, (tag,))

    def remove_tag(self, external_id: str, tag: str) -> None:
        if tag in self.known(external_id).tags:
            key, value = pair(tag)
            wanted = {"tags[0].key": key, "tags[0].value": value}
            self._api.call("deleteTags", resourceids=external_id, resourcetype="UserVm", **wanted)

    def _machines(self) -> list[Json]:
        return self._api.list("listVirtualMachines", "virtualmachine", listall="true")

    def _machine(self, external_id: str) -> Json | None:
        try:
            found = self._api.list("listVirtualMachines", "virtualmachine", listall="true", id=external_id)
        except ProviderNotFound:
            return None
        return next((each for each in found if str(each.get("id")) == external_id), None)

    def _templates(self, which: str, wanted: dict[str, str]) -> dict[str, Image]:
        """By id: the vendor tells each once for every zone."""
        found = self._api.list("listTemplates", "template", templatefilter=which, **wanted)
        with understood(self._api.where):
            return {
                str(each["id"]): Image(id=str(each["id"]), name=each["name"], extra={"zone": each.get("zonename")})
                for each in found
                if each.get("isready", True)
            }

    def _tag(self, external_id: str, wanted: tuple[str, ...]) -> None:
        if not wanted:
            return
        pairs = {}
        for number, tag in enumerate(wanted):
            pairs[f"tags[{number}].key"], pairs[f"tags[{number}].value"] = pair(tag)
        self._api.call("createTags", resourceids=external_id, resourcetype="UserVm", **pairs)

    def _zone(self, location: str | None) -> str:
        """The id of the zone that is meant: by its id, its name or its position, or the only one."""
        known = self.list_locations()
        for each in known:
            if location in (each.id, each.name):
                return each.id
        if location is not None and location.isdecimal() and int(location) < len(known):
            return known[int(location)].id
        if location is None and len(known) == 1:
            return known[0].id
        names = ", ".join(each.name for each in known) or "none"
        raise InvalidInput(f"Name one of CloudStack's zones (--location): {names}.", field="location")

    def _key(self, name: str, public: str) -> str:
        """The name of the key pair at CloudStack, brought there if need be. Keys are told apart by what they are."""
        with understood(self._api.where):
            blob = b64decode(public.split()[1])
            digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
            mark = ":".join(digest[index : index + 2] for index in range(0, 32, 2))
            known = {
                str(each["name"]): each.get("fingerprint") for each in self._api.list("listSSHKeyPairs", "sshkeypair")
            }
        for each, fingerprint in known.items():
            if fingerprint == mark:
                return each
        name = f"{name}-{secrets.token_hex(3)}" if name in known else name
        self._api.call("registerSSHKeyPair", name=name, publickey=public.strip())
        return name


def _check_tag(tag: str) -> None:
    key, value = pair(tag)
    if not 0 < len(key) <= 255 or not 0 < len(value) <= 255:
        raise InvalidInput(
            f"CloudStack's tags are a key with a value, at most 255 each; {tag[:80]!a} is none.", field="tag"
        )
