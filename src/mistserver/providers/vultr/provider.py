"""Vultr through its API v2: https://www.vultr.com/api/"""

from __future__ import annotations

import base64
import re
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderQuota, ProviderRateLimited
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images, locations
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Dialect, Json, Rest, Said, by_cursor
from mistserver.providers.vultr import readings
from mistserver.providers.vultr.readings import MARK

_NAME = re.compile(r"[^\x00-\x1f]{1,255}")
_HOST_NAME = re.compile(r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?")
_ROOM = re.compile(
    r"(reached the maximum|not available in the selected|sold out|out of stock|(account|fee) limit)", re.IGNORECASE
)
_BUSY = re.compile(r"(currently locked|currently being|server is locked)", re.IGNORECASE)
_WORDS = ((_BUSY, ProviderRateLimited), (_ROOM, ProviderQuota))
_NO_SYSTEMS = ("iso", "snapshot", "backup", "application")  # families that stand for another way to create
_EXTRA: checks.Extra = MappingProxyType(
    {
        "backups": bool,
        "ddos_protection": bool,
        "enable_ipv6": bool,
        "firewall_group_id": str,
        "hostname": str,
        "reserved_ipv4": str,
        "script_id": str,
        "user_scheme": str,
    }
)
_PER_PAGE = 500


class Settings(ProviderSettings, frozen=True, kw_only=True):
    api_key: Annotated[str, setting("API key", flag="vultr-api-key", secret=True)]


def _said(body: Any) -> Said:
    return Said(words=body["error"])


class Vultr(Provider):
    id = "vultr"
    title = "Vultr"
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Customer portal, Account, API: enable the API and copy the key. Allow the address of the service "
        "under Access Control there, else every call is refused.",
        permissions="A sub-user with the rights Manage Servers, Provision Resources and API access has a key of its "
        "own.",
        limits=(
            "30 requests a second.",
            "A stop switches the power off: Vultr cannot ask a machine to shut down.",
            "A machine can become larger, not smaller.",
            "Bare metal machines are not listed.",
            "Prices are the monthly ones over the hours that Vultr bills at most (672, with a GPU 730), without VAT.",
            "The password that Vultr makes is not shown; it stands in the portal.",
        ),
        through="Vultr's REST API v2 itself",
        source="https://www.vultr.com/api/",
    )

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        checks.name(cls.title, spec, _NAME, "names of up to 255 characters")
        checks.needs(cls.title, spec, "size", "location")
        checks.networks(cls.title, spec, 5, "VPCs of the location")
        checks.options(cls.title, spec, _EXTRA)
        if not _HOST_NAME.fullmatch(spec.extra.get("hostname", "x")):
            raise InvalidInput("hostname has up to 63 letters, digits and dashes, no dash at an end.", field="extra")

    def open(self) -> None:
        http = Http(self.account, "https://api.vultr.com")
        key = self.account.settings.api_key
        self._api = Rest(http, Dialect(self.title, _said, words=_WORDS), {"Authorization": f"Bearer {key}"})

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.get("/v2/instances", per_page=1)

    def list_machines(self) -> list[MachineReading]:
        return self._readings()

    def read_machine(self, external_id: str) -> MachineReading | None:
        found = self._api.found(at("/v2/instances/{}", external_id))
        with understood(self._api.where):
            return None if found is None else readings.reading(found["instance"])

    def find_marked(self, mark: str) -> MachineReading | None:
        found = (each for each in self._readings(tag=MARK + mark) if each.state is not MachineState.TERMINATED)
        return next((each for each in found if each.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's snapshots and the newest long-term versions of the distributions."""
        own, systems = self._pages("/v2/snapshots", "snapshots"), self._pages("/v2/os", "os")
        applications = [] if search is None else self._pages("/v2/applications", "applications", type="marketplace")
        with understood(self._api.where):
            offered = [readings.system(each) for each in systems if each["family"] not in _NO_SYSTEMS]
            offered += [readings.application(each) for each in applications]
            return images.shown(offered, search, [readings.snapshot(each) for each in own])

    def list_sizes(self) -> list[Size]:
        found = self._pages("/v2/plans", "plans")
        with understood(self._api.where):
            return [readings.size(each) for each in found if each["locations"]]

    def list_locations(self) -> list[Location]:
        found = self._pages("/v2/regions", "regions")
        with understood(self._api.where):
            return [Location(id=each["id"], name=each["city"], country=each["country"]) for each in found]

    def list_networks(self) -> list[Network]:
        found = self._pages("/v2/vpcs", "vpcs")
        with understood(self._api.where):
            return [readings.network(each) for each in found]

    def create(self, spec: MachineSpec) -> MachineReading:
        extra = dict(spec.extra)
        if "backups" in extra:
            extra["backups"] = "enabled" if extra["backups"] else "disabled"
        wanted: Json = {
            "label": spec.name,
            "region": locations.meant(self.title, spec.location or "", self.list_locations()).id,
            "plan": spec.size,
            "tags": [MARK + spec.mark, *spec.tags],
            "enable_ipv6": True,
            **readings.source(spec.image),
            **({"hostname": spec.name} if _HOST_NAME.fullmatch(spec.name) else {}),
            **extra,
        }
        if spec.public_key:
            wanted["sshkey_id"] = [self._key(spec.key_name or "mist", spec.public_key)]
        if spec.user_data is not None:
            wanted["user_data"] = base64.b64encode(spec.user_data.encode()).decode()
        if spec.networks:
            wanted["attach_vpc"] = list(spec.networks)
        answer = self._api.post("/v2/instances", wanted)
        with understood(self._api.where):
            return readings.reading(answer["instance"])

    def start(self, external_id: str) -> None:
        """Vultr would restart a machine that runs."""
        if self.known(external_id).extra["power_status"] not in ("running", "starting"):
            self._act(external_id, "start")

    def stop(self, external_id: str) -> None:
        if self.known(external_id).extra["power_status"] != "stopped":
            self._act(external_id, "halt")

    def reboot(self, external_id: str) -> None:
        self._act(external_id, "reboot")

    def destroy(self, external_id: str) -> None:
        try:
            self._api.delete(at("/v2/instances/{}", external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            message = f"A resize restarts a machine at Vultr, and this one is {machine.state}; stop it first."
            raise Conflict(message, machine=external_id)
        self._change(external_id, plan=size)

    def add_tag(self, external_id: str, tag: str) -> None:
        tags = self._tags(external_id)
        if tag not in tags:
            self._change(external_id, tags=[*tags, tag])

    def remove_tag(self, external_id: str, tag: str) -> None:
        tags = self._tags(external_id)
        if tag in tags:
            self._change(external_id, tags=[each for each in tags if each != tag])

    def _tags(self, external_id: str) -> list[str]:
        """All of them, the mark among them."""
        found = self._api.get(at("/v2/instances/{}", external_id))
        with understood(self._api.where):
            return [str(tag) for tag in found["instance"]["tags"]]

    def _change(self, external_id: str, **values: Any) -> None:
        self._api.call("PATCH", at("/v2/instances/{}", external_id), body=values)

    def _act(self, external_id: str, action: str) -> None:
        self._api.post(at(f"/v2/instances/{{}}/{action}", external_id))

    def _readings(self, **query: Any) -> list[MachineReading]:
        found = self._pages("/v2/instances", "instances", **query)
        with understood(self._api.where):
            return [readings.reading(each) for each in found]

    def _pages(self, path: str, key: str, **query: Any) -> list[Json]:
        follow = by_cursor(lambda body: body["meta"]["links"]["next"], "cursor")
        return self._api.pages(path, key, follow, per_page=_PER_PAGE, **query)

    def _key(self, name: str, public: str) -> str:
        """The id of the key at Vultr, brought there if need be. Keys are told apart by what they are."""
        body = public.split()[:2]
        for each in self._pages("/v2/ssh-keys", "ssh_keys"):
            if str(each.get("ssh_key", "")).split()[:2] == body:
                return str(each["id"])
        answer = self._api.post("/v2/ssh-keys", {"name": name, "ssh_key": public.strip()})
        with understood(self._api.where):
            return str(answer["ssh_key"]["id"])
