"""UpCloud through its API 1.3: https://developers.upcloud.com/1.3/"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import (
    Conflict,
    InvalidInput,
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
)
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import images, locations
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Dialect, Json, Rest, Said
from mistserver.providers.upcloud import asked, readings

# https://developers.upcloud.com/1.3/2-http-request-response/
_KINDS: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        "AUTHENTICATION_FAILED": ProviderAuthFailed,
        "SERVER_INVALID": ProviderNotFound,
        "SERVER_STATE_ILLEGAL": ProviderRateLimited,
        "STORAGE_STATE_ILLEGAL": ProviderRateLimited,
        "SERVER_CREATING_LIMIT_REACHED": ProviderRateLimited,
        "INSUFFICIENT_CREDITS": ProviderQuota,
        "TRIAL_PLAN": ProviderQuota,
        "SERVER_CORE_LIMIT_REACHED": ProviderQuota,
        "SERVER_MEMORY_LIMIT_REACHED": ProviderQuota,
        "SERVER_IP_LIMIT_REACHED": ProviderQuota,
        "IP_ADDRESS_LIMIT_REACHED": ProviderQuota,
        "MAXIOPS_STORAGE_LIMIT_REACHED": ProviderQuota,
        "SERVER_RESOURCES_UNAVAILABLE": ProviderQuota,
        "STORAGE_RESOURCES_UNAVAILABLE": ProviderQuota,
        "IP_ADDRESS_RESOURCES_UNAVAILABLE": ProviderQuota,
    }
)
_SHUTDOWN_S = 120  # how long a machine may take to shut down before its power is switched off


class Settings(ProviderSettings, frozen=True, kw_only=True):
    token: Annotated[str | None, setting("API token", flag="upcloud-token", secret=True)] = None
    username: Annotated[str | None, setting("User name, where there is no token", flag="upcloud-username")] = None
    password: Annotated[str | None, setting("Password of the user", flag="upcloud-password", secret=True)] = None


def _said(body: Any) -> Said:
    """Errors have a code; newer parts of the API tell of problems (RFC 7807), with the code at the end of a URL."""
    if "error" in body:
        return Said(code=body["error"]["error_code"], words=body["error"]["error_message"])
    return Said(code=re.sub(r".*#(ERROR_)?", "", body["type"]), words=body["title"])


class UpCloud(Provider):
    id = "upcloud"
    title = "UpCloud"
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Control Panel, Account, API tokens: create a token. The user name and the password of an API user "
        "(People, Allow API connections) serve too.",
        permissions="A subaccount with API access and the permission to the servers, storages and networks; the "
        "currency of the prices is told to the main account only.",
        limits=(
            "A tag is a label: KEY or KEY=VALUE, the key of 2 to 32 characters.",
            f"A stop gives a machine {_SHUTDOWN_S} s to shut down, then its power is switched off.",
            "A running machine is switched off before it is destroyed. Its disks go with it, its backups stay.",
            "Addresses within private networks of yours are not shown, nor the image that a machine was made from.",
            "A machine is resized while it is stopped, and its disk stays as it is.",
        ),
        through="UpCloud's REST API 1.3 itself",
        source="https://developers.upcloud.com/1.3/",
    )

    @classmethod
    def identity(cls, settings: Any, region: str | None) -> tuple[str, ...]:
        return (cls.id, settings.token or settings.username or "")

    @classmethod
    def validate(cls, settings: Any) -> Any:
        named = settings.username is not None and settings.password is not None
        if named == (settings.token is not None):
            raise InvalidInput(
                "UpCloud needs either token (--upcloud-token), or username and password (--upcloud-username, "
                "--upcloud-password).",
                field="token",
            )
        return settings

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        asked.check(cls.title, spec)

    def open(self) -> None:
        settings = self.account.settings
        pair = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
        proof = f"Bearer {settings.token}" if settings.token else f"Basic {pair}"
        http = Http(self.account, "https://api.upcloud.com/1.3")
        self._api = Rest(http, Dialect(self.title, _said, kinds=_KINDS), {"Authorization": proof})

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        with understood(self._api.where):
            self._api.get("/account")["account"]["username"]

    def list_machines(self) -> list[MachineReading]:
        """The servers and, in a second call, the addresses of all."""
        servers, found = self._list("/server", "servers", "server"), self._attached()
        with understood(self._api.where):
            return [readings.reading(each, found.get(each["uuid"], ())) for each in servers]

    def read_machine(self, external_id: str) -> MachineReading | None:
        found = self._api.found(at("/server/{}", external_id))
        with understood(self._api.where):
            return None if found is None else readings.reading(found["server"])

    def find_marked(self, mark: str) -> MachineReading | None:
        servers = self._list("/server", "servers", "server", label=f"{readings.MARK}={mark}")
        with understood(self._api.where):
            found = (each for each in map(readings.reading, servers) if each.mark == mark)
            return next(found, None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own templates and the newest long-term versions of the distributions."""
        found = self._list("/storage/template", "storages", "storage")
        with understood(self._api.where):
            own = [readings.image(each) for each in found if each["access"] != "public"]
            return images.shown([readings.image(each) for each in found if each["access"] == "public"], search, own)

    def list_sizes(self) -> list[Size]:
        plans, prices = self._list("/plan", "plans", "plan"), self._list("/price", "prices", "zone")
        currency = self._currency()
        with understood(self._api.where):
            return [readings.size(each, prices, currency) for each in plans]

    def list_locations(self) -> list[Location]:
        found = self._list("/zone", "zones", "zone")
        with understood(self._api.where):
            return [readings.location(each) for each in found if each.get("public", "yes") == "yes"]

    def list_networks(self) -> list[Network]:
        """Those of the account; the public ones and the utility network are every machine's."""
        found = self._list("/network", "networks", "network")
        with understood(self._api.where):
            return [readings.network(each) for each in found if each["type"] == "private"]

    def create(self, spec: MachineSpec) -> MachineReading:
        zone = locations.meant(self.title, spec.location or "", self.list_locations()).id
        plans = self._list("/plan", "plans", "plan")
        with understood(self._api.where):
            body = asked.server(self.title, spec, zone, {each["name"]: each for each in plans})
        answer = self._api.post("/server", {"server": body})
        with understood(self._api.where):
            return readings.reading(answer["server"])

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._act(external_id, "start", {"server": {}})

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._act(external_id, "stop", {"stop_server": {"stop_type": "soft", "timeout": str(_SHUTDOWN_S)}})

    def reboot(self, external_id: str) -> None:
        how = {"stop_type": "soft", "timeout": str(_SHUTDOWN_S), "timeout_action": "destroy"}
        self._act(external_id, "restart", {"restart_server": how})

    def destroy(self, external_id: str) -> None:
        """UpCloud refuses it, as something to be tried again, until the machine is off: its power is switched off."""
        try:
            if self.known(external_id).state is MachineState.RUNNING:
                self._act(external_id, "stop", {"stop_server": {"stop_type": "hard"}})
            self._api.delete(at("/server/{}", external_id), storages=1)
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            message = f"UpCloud resizes stopped machines only, and this one is {machine.state}; stop it first."
            raise Conflict(message, machine=external_id)
        self._change(external_id, {"plan": size})

    def add_tag(self, external_id: str, tag: str) -> None:
        key, value = readings.as_label(tag)
        labels = self._labels(external_id)
        if labels.get(key) != value:
            self._change(external_id, {"labels": readings.as_labels({**labels, key: value})})

    def remove_tag(self, external_id: str, tag: str) -> None:
        key, value = readings.as_label(tag)
        labels = self._labels(external_id)
        if labels.get(key) == value:
            kept = {each: value for each, value in labels.items() if each != key}
            self._change(external_id, {"labels": readings.as_labels(kept)})

    def _labels(self, external_id: str) -> dict[str, str]:
        """All of them, the mark among them."""
        found = self._api.get(at("/server/{}", external_id))
        with understood(self._api.where):
            return readings.labels_of(found["server"])

    def _change(self, external_id: str, values: Json) -> None:
        self._api.call("PUT", at("/server/{}", external_id), body={"server": values})

    def _act(self, external_id: str, action: str, body: Json) -> None:
        self._api.post(at(f"/server/{{}}/{action}", external_id), body)

    def _list(self, path: str, plural: str, single: str, **query: Any) -> list[Json]:
        """Lists come whole, in a wrapper of their own."""
        body = self._api.get(path, **query)
        with understood(self._api.where):
            return [dict(each) for each in body[plural][single]]

    def _attached(self) -> dict[str, list[str]]:
        """The addresses of each server."""
        found: dict[str, list[str]] = {}
        for each in self._list("/ip_address", "ip_addresses", "ip_address"):
            if each.get("server"):
                found.setdefault(each["server"], []).append(str(each.get("address") or ""))
        return found

    def _currency(self) -> str | None:
        """That of the account; None for a subaccount, which may not know."""
        try:
            account = self._api.get("/account")
            with understood(self._api.where):
                name = account["account"]["username"]
            details = self._api.get(at("/account/details/{}", name))
        except (ProviderAuthFailed, ProviderNotFound):
            return None
        with understood(self._api.where):
            return details["account"].get("currency") or None
