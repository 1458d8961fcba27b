"""Linode (Akamai) through its API v4: https://techdocs.akamai.com/linode-api/reference/api"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

import msgspec

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderQuota, ProviderRateLimited
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images, locations
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.linode import networks, readings
from mistserver.providers.linode.readings import MARK
from mistserver.providers.rest import Dialect, Json, Rest, Said, by_number

_NAME = re.compile(r"(?!.*(--|__|\.\.))(?=.{3,64}\Z)[0-9A-Za-z][0-9A-Za-z_.-]*[0-9A-Za-z]")
_TAG_CHARACTERS = (3, 50)
_USER_DATA_BYTES = 16384
_ROOM = re.compile(r"(account limit|limit of active|sold out|not (currently )?available in|no capacity)", re.IGNORECASE)
_BUSY = re.compile(r"linode busy", re.IGNORECASE)
_WORDS = ((_ROOM, ProviderQuota), (_BUSY, ProviderRateLimited))
_EXTRA: checks.Extra = MappingProxyType(
    {
        "backups_enabled": bool,
        "boot_size": int,
        "disk": (int, str),
        "disk_encryption": str,
        "firewall_id": int,
        "image_extra": str,
        "interface_generation": str,
        "kernel": str,
        "private_ip": bool,
        "swap_size": int,
    }
)
_EARLIER = {"image_extra": "kernel", "disk": "boot_size"}  # names of these options in Mist's first API
_PER_PAGE = 500


class Settings(ProviderSettings, frozen=True, kw_only=True):
    api_key: Annotated[str, setting("Personal access token", flag="linode-api-key", secret=True)]


def _said(body: Any) -> Said:
    """Errors carry reasons only, and the field that each is about."""
    told = (f"{each['reason']} ({each['field']})" if each.get("field") else each["reason"] for each in body["errors"])
    return Said(words=" ".join(told))


class Linode(Provider):
    id = "linode"
    title = "Linode"
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Cloud Manager, your name, API Tokens: create a personal access token.",
        permissions="Scopes Linodes read/write, Images and VPCs read. Tags, which also carry the marks that guard "
        "creates, need a token of a user without restrictions.",
        limits=(
            "800 requests a minute, 200 for lists.",
            "A tag has 3 to 50 characters.",
            "Addresses within a VPC are not shown.",
            "root gets a random password that nobody learns; it is reset in Cloud Manager.",
        ),
        through="Linode's REST API v4 itself",
        source="https://techdocs.akamai.com/linode-api/reference/api",
    )

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        rule = (
            "names of 3 to 64 letters, digits, dashes, underscores and dots that begin and end with a letter or digit "
            "and hold no two dashes, underscores or dots in a row"
        )
        checks.name(cls.title, spec, _NAME, rule)
        checks.needs(cls.title, spec, "size", "location")
        checks.networks(cls.title, spec, networks.MOST, "a VPC or a VLAN each")
        checks.options(cls.title, spec, _EXTRA)
        networks.check(spec)
        if not str(spec.extra.get("disk", 1)).isdecimal():
            raise InvalidInput("disk is the size of the boot disk in MB.", field="extra")
        if len((spec.user_data or "").encode()) > _USER_DATA_BYTES:
            raise InvalidInput(f"{cls.title} takes at most {_USER_DATA_BYTES} bytes of user data.", field="user_data")
        for tag in spec.tags:
            _check_tag(tag)

    def open(self) -> None:
        http = Http(self.account, "https://api.linode.com")
        token = self.account.settings.api_key
        self._api = Rest(http, Dialect(self.title, _said, words=_WORDS), {"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.get("/v4/linode/instances", page_size=25)

    def list_machines(self) -> list[MachineReading]:
        found = self._pages("/v4/linode/instances")
        with understood(self._api.where):
            return [readings.reading(each) for each in found]

    def read_machine(self, external_id: str) -> MachineReading | None:
        found = self._api.found(at("/v4/linode/instances/{}", external_id))
        with understood(self._api.where):
            return None if found is None else readings.reading(found)

    def find_marked(self, mark: str) -> MachineReading | None:
        """Linode filters by tag (header X-Filter); whether it really did is looked at here."""
        found = self._pages("/v4/linode/instances", {"tags": MARK + mark})
        with understood(self._api.where):
            return next(
                (
                    each
                    for each in map(readings.reading, found)
                    if each.mark == mark and each.state is not MachineState.TERMINATED
                ),
                None,
            )

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own images and the newest long-term versions of the distributions."""
        found = self._pages("/v4/images")
        with understood(self._api.where):
            offered = [each for each in found if search is not None or not each.get("deprecated")]
            public = [readings.image(each) for each in offered if each["is_public"]]
            return images.shown(public, search, [readings.image(each) for each in found if not each["is_public"]])

    def list_sizes(self) -> list[Size]:
        found = self._pages("/v4/linode/types")
        with understood(self._api.where):
            return [readings.size(each) for each in found]

    def list_locations(self) -> list[Location]:
        found = self._pages("/v4/regions")
        with understood(self._api.where):
            return [readings.location(each) for each in found if each.get("status", "ok") == "ok"]

    def list_networks(self) -> list[Network]:
        """VPCs with their subnets, then VLANs."""
        vpcs, vlans = self._pages("/v4/vpcs"), self._pages("/v4/networking/vlans")
        with understood(self._api.where):
            return networks.listed(vpcs, vlans)

    def create(self, spec: MachineSpec) -> MachineReading:
        location = locations.meant(self.title, spec.location or "", self.list_locations())
        wanted: Json = {
            "label": spec.name,
            "region": location.id,
            "type": spec.size,
            "image": spec.image,
            "root_pass": secrets.token_urlsafe(48),
            "tags": [MARK + spec.mark, *spec.tags],
            "booted": True,
            **_options(spec),
            **networks.attached(self._api, spec),
        }
        if spec.public_key:
            wanted["authorized_keys"] = [spec.public_key.strip()]
        if spec.user_data is not None:
            wanted["metadata"] = {"user_data": base64.b64encode(spec.user_data.encode()).decode()}
        answer = self._api.post("/v4/linode/instances", wanted)
        with understood(self._api.where):
            return readings.reading(answer)

    def start(self, external_id: str) -> None:
        if self.known(external_id).extra["status"] not in ("running", "booting", "rebooting"):
            self._act(external_id, "boot")

    def stop(self, external_id: str) -> None:
        if self.known(external_id).extra["status"] not in ("offline", "stopped", "shutting_down"):
            self._act(external_id, "shutdown")

    def reboot(self, external_id: str) -> None:
        self._act(external_id, "reboot")

    def destroy(self, external_id: str) -> None:
        try:
            self._api.delete(at("/v4/linode/instances/{}", external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        """The disk grows with it where Linode can do that by itself."""
        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            message = f"Mist resizes stopped Linodes only, and this one is {machine.state}; stop it first."
            raise Conflict(message, machine=external_id)
        self._act(external_id, "resize", {"type": size, "allow_auto_disk_resize": True})

    def add_tag(self, external_id: str, tag: str) -> None:
        _check_tag(tag)
        tags = self._tags(external_id)
        if tag not in tags:
            self._keep_tags(external_id, [*tags, tag])

    def remove_tag(self, external_id: str, tag: str) -> None:
        tags = self._tags(external_id)
        if tag in tags:
            self._keep_tags(external_id, [each for each in tags if each != tag])

    def _tags(self, external_id: str) -> list[str]:
        """All of them, the mark among them."""
        found = self._api.get(at("/v4/linode/instances/{}", external_id))
        with understood(self._api.where):
            return [str(tag) for tag in found["tags"]]

    def _keep_tags(self, external_id: str, tags: list[str]) -> None:
        self._api.call("PUT", at("/v4/linode/instances/{}", external_id), body={"tags": tags})

    def _act(self, external_id: str, action: str, body: Json | None = None) -> None:
        self._api.post(at(f"/v4/linode/instances/{{}}/{action}", external_id), body or {})

    def _pages(self, path: str, only: Mapping[str, str] | None = None) -> list[Json]:
        """`only`: fields and the values that they have to have."""
        filtered = {"X-Filter": msgspec.json.encode(only).decode()} if only else {}
        api = Rest(self._api.http, self._api.dialect, {**self._api.headers, **filtered})
        return api.pages(path, "data", by_number(lambda body: body["pages"]), page_size=_PER_PAGE)


def _check_tag(tag: str) -> None:
    least, most = _TAG_CHARACTERS
    if not least <= len(tag) <= most:
        message = f"Linode's tags have {least} to {most} characters; {tag[:80]!a} has {len(tag)}."
        raise InvalidInput(message, field="tag")


def _options(spec: MachineSpec) -> Json:
    """The extra options as the API calls them, without those that say how networks are attached."""
    given = {_EARLIER.get(name, name): value for name, value in spec.extra.items()}
    given |= {name: int(value) for name, value in given.items() if name == "boot_size"}
    return {name: value for name, value in given.items() if name not in networks.OPTIONS}
