"""Exoscale through its API v2, one zone a backend: https://openapi-v2.exoscale.com"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode, b64encode
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images
from mistserver.providers.base import Provider, Region
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.exoscale.api import Api
from mistserver.providers.exoscale.reading import MARK, image, labels, network, reading, size, tags
from mistserver.providers.http import at
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.rest import Json

_NAME = re.compile(r".{1,255}", re.DOTALL)
_ZONE = re.compile(r"[a-z]{2}-[a-z]{2,4}-\d{1,2}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EXTRA = MappingProxyType({"disk_gb": int, "ipv6": bool, "security_group_ids": str, "anti_affinity_group_ids": str})
_LEAST_DISK_GB, _USUAL_DISK_GB, _MOST_DISK_GB = 10, 50, 51200
_MOST_USER_DATA = 32768
_MOST_LABEL = 255


class Settings(ProviderSettings, frozen=True, kw_only=True):
    api_key: Annotated[str, setting("API key", flag="exoscale-api-key")]
    api_secret: Annotated[str, setting("API secret", flag="exoscale-api-secret", secret=True)]


class Exoscale(Provider):
    id = "exoscale"
    title = "Exoscale"
    Settings = Settings
    regions = (
        Region("at-vie-1", "Vienna 1"),
        Region("at-vie-2", "Vienna 2"),
        Region("bg-sof-1", "Sofia"),
        Region("ch-dk-2", "Zurich"),
        Region("ch-gva-2", "Geneva"),
        Region("de-fra-1", "Frankfurt"),
        Region("de-muc-1", "Munich"),
        Region("hr-zag-1", "Zagreb"),
    )
    region_required = True
    region_flag = "exoscale-zone"
    free_region = True
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Portal, IAM, Keys: add a key with a role; the secret is shown once.",
        permissions="A role whose policy allows the service compute: the operations of instances, templates, instance "
        "types, SSH keys and private networks.",
        limits=(
            "A backend is one zone.",
            "A machine without the extra option security_group_ids is in the group `default`, which lets nothing in "
            "until port 22 is opened there.",
            "Private networks are attached to machines that exist, so a create takes none.",
            "Disks are bought apart from sizes: the extra option disk_gb (50 without it).",
            "A resize stays within the family of the size, and is for stopped machines.",
            "The API tells no prices.",
        ),
        through="Exoscale's API v2 itself",
        source="https://openapi-v2.exoscale.com",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return f"{cls.title} {region}"

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        checks.name(cls.title, spec, _NAME, "names of 1 to 255 characters")
        checks.needs(cls.title, spec, "size")
        checks.options(cls.title, spec, _EXTRA)
        if spec.networks:
            words = "Exoscale attaches private networks to machines that exist; create it without, then attach them."
            raise InvalidInput(words, field="networks")
        if not _LEAST_DISK_GB <= spec.extra.get("disk_gb", _USUAL_DISK_GB) <= _MOST_DISK_GB:
            raise InvalidInput("Exoscale's disks have 10 to 51200 GB (the extra option disk_gb).", field="extra")
        if len(_encoded(spec.user_data or "")) > _MOST_USER_DATA:
            raise InvalidInput("Exoscale takes user data of at most 24 KiB.", field="user_data")
        for tag in spec.tags:
            _check_tag(tag)

    def open(self) -> None:
        self._zone = self.account.region or ""
        if not _ZONE.fullmatch(self._zone):
            raise InvalidInput(f"Exoscale has no zone {self._zone[:80]!a}.", field="region")
        self._api = Api(self.account, f"https://api-{self._zone}.exoscale.com/v2", self.title)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.list("/ssh-key", "ssh-keys")

    def list_machines(self) -> list[MachineReading]:
        found = self._api.list("/instance", "instances")
        with understood(self._api.where):
            return [reading(each, self._zone) for each in found]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            found = self._instance(external_id)
        except ProviderNotFound:
            return None
        with understood(self._api.where):
            return reading(found, self._zone)

    def find_marked(self, mark: str) -> MachineReading | None:
        gone = MachineState.TERMINATED
        return next((each for each in self.list_machines() if each.mark == mark and each.state is not gone), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own templates and the newest long-term versions of the distributions."""
        public = self._api.list("/template", "templates", visibility="public")
        own = self._api.list("/template", "templates", visibility="private")
        with understood(self._api.where):
            return images.shown([image(each) for each in public], search, [image(each) for each in own])

    def list_sizes(self) -> list[Size]:
        """Those that the account may use and the zone has."""
        found = self._api.list("/instance-type", "instance-types")
        with understood(self._api.where):
            here = [each for each in found if not each.get("zones") or self._zone in each["zones"]]
            return [size(each) for each in here if each.get("authorized", True)]

    def list_locations(self) -> list[Location]:
        titles = {region.id: region.title for region in self.regions}
        return [Location(id=self._zone, name=titles.get(self._zone, self._zone))]

    def list_networks(self) -> list[Network]:
        found = self._api.list("/private-network", "private-networks")
        with understood(self._api.where):
            return [network(each, self._zone) for each in found]

    def create(self, spec: MachineSpec) -> MachineReading:
        (here,) = self.list_locations()
        if spec.location not in (None, "0", here.id, here.name):
            raise InvalidInput(
                f"This backend is the zone {here.id}; add another for {spec.location}.", field="location"
            )
        type_id = self._type(spec.size or "")
        wanted: Json = {
            "name": spec.name,
            "instance-type": {"id": type_id},
            "template": {"id": spec.image},
            "disk-size": spec.extra.get("disk_gb", _USUAL_DISK_GB),
            "labels": {**labels(spec.tags), MARK: spec.mark},
            "public-ip-assignment": "dual" if spec.extra.get("ipv6", True) else "inet4",
        }
        for option, field in (
            ("security_group_ids", "security-groups"),
            ("anti_affinity_group_ids", "anti-affinity-groups"),
        ):
            if option in spec.extra:
                wanted[field] = [{"id": each.strip()} for each in str(spec.extra[option]).split(",")]
        if spec.public_key:
            wanted["ssh-keys"] = [{"name": self._key(spec.key_name or "mist", spec.public_key)}]
        if spec.user_data:
            wanted["user-data"] = _encoded(spec.user_data)
        made = self._api.order("POST", "/instance", wanted)
        if not made:
            raise bad_answer(self._api.where)
        with understood(self._api.where):
            instance = {"id": made, "name": spec.name, "state": "starting", "labels": wanted["labels"]}
            parts = {"instance-type": {"id": type_id}, "template": {"id": spec.image}}
            return reading({**instance, **parts}, self._zone)

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._api.order("PUT", at("/instance/{}:start", external_id), {})

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._api.order("PUT", at("/instance/{}:stop", external_id))

    def reboot(self, external_id: str) -> None:
        self.known(external_id)
        self._api.order("PUT", at("/instance/{}:reboot", external_id))

    def destroy(self, external_id: str) -> None:
        try:
            self.known(external_id)
            self._api.order("DELETE", at("/instance/{}", external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        machine, wanted = self.known(external_id), self._type(size)
        if machine.size == wanted:
            return
        if machine.state is not MachineState.STOPPED:
            words = f"Exoscale resizes stopped machines only, and this one is {machine.state}; stop it first."
            raise Conflict(words, machine=external_id)
        self._api.order("PUT", at("/instance/{}:scale", external_id), {"instance-type": {"id": wanted}})

    def add_tag(self, external_id: str, tag: str) -> None:
        _check_tag(tag)
        known = self._labels(external_id)
        if tag not in tags(known):
            self._api.order("PUT", at("/instance/{}", external_id), {"labels": {**known, **labels((tag,))}})

    def remove_tag(self, external_id: str, tag: str) -> None:
        known = self._labels(external_id)
        if tag in tags(known):
            rest = {key: value for key, value in known.items() if key not in labels((tag,))}
            self._api.order("PUT", at("/instance/{}", external_id), {"labels": rest})

    def _instance(self, external_id: str) -> Json:
        if not _UUID.fullmatch(external_id):
            raise ProviderNotFound(f"Exoscale has no machine {external_id[:80]!a}.", machine=external_id[:200])
        return self._api.get(at("/instance/{}", external_id))

    def _labels(self, external_id: str) -> dict[str, str]:
        found = self._instance(external_id).get("labels") or {}
        with understood(self._api.where):
            return {str(key): str(value) for key, value in found.items()}

    def _type(self, wanted: str) -> str:
        """The id of a size that is told by its id or its name (standard.small)."""
        if _UUID.fullmatch(wanted):
            return wanted
        known = {each.name: each.id for each in self.list_sizes()}
        if wanted not in known:
            raise InvalidInput(f"Exoscale has no size {wanted[:80]!a} in {self._zone}.", field="size")
        return known[wanted]

    def _key(self, name: str, public: str) -> str:
        """The name of the key at Exoscale, brought there if need be. Keys are told apart by what they are."""
        blob = b64decode(public.split()[1])
        digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
        colons = ":".join(digest[index : index + 2] for index in range(0, 32, 2))
        sha256 = b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        known = {str(each.get("name")): str(each.get("fingerprint")) for each in self._api.list("/ssh-key", "ssh-keys")}
        for each, fingerprint in known.items():
            if fingerprint.removeprefix("MD5:") == colons or fingerprint.rstrip("=") == f"SHA256:{sha256}":
                return each
        fit = re.sub(r"[^a-zA-Z0-9._-]", "-", name)[:200]
        fit = fit if fit[:1].isalnum() else f"key-{fit}"
        fit = f"{fit}-{secrets.token_hex(3)}" if fit in known else fit
        self._api.order("POST", "/ssh-key", {"name": fit, "public-key": public.strip()})
        return fit


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _check_tag(tag: str) -> None:
    key, _, value = tag.partition("=")
    if not 0 < len(key) <= _MOST_LABEL or len(value) > _MOST_LABEL or key == MARK:
        raise InvalidInput(
            f"Exoscale keeps tags as labels, key=value, at most 255 each; {tag[:80]!a} is none.", field="tag"
        )
