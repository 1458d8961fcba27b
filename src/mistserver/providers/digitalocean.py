"""DigitalOcean through its API v2: https://docs.digitalocean.com/reference/api/"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderQuota
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images, locations
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.rest import Dialect, Json, Rest, Said, by_link

_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "new": MachineState.PENDING,
        "active": MachineState.RUNNING,
        "off": MachineState.STOPPED,
        "archive": MachineState.TERMINATED,
    }
)
_OFFERED: Mapping[MachineState, tuple[Action, ...]] = MappingProxyType(
    {
        MachineState.RUNNING: (Action.STOP, Action.REBOOT, Action.DESTROY),
        MachineState.STOPPED: (Action.START, Action.RESIZE, Action.DESTROY),
        MachineState.PENDING: (Action.DESTROY,),
    }
)
_MARK = "mist-mark:"
_NAME = re.compile(r"(?=.{2,255}\Z)[0-9A-Za-z][0-9A-Za-z.-]*[0-9A-Za-z]")
_TAG = re.compile(r"[0-9A-Za-z:_-]{1,255}")
_ROOM = re.compile(r"(droplet limit|will exceed your|currently (unavailable|sold out)|out of capacity)", re.IGNORECASE)
_EXTRA = MappingProxyType({"backups": bool, "ipv6": bool, "monitoring": bool, "vpc_uuid": str})
_PER_PAGE = 200


class Settings(ProviderSettings, frozen=True, kw_only=True):
    token: Annotated[str, setting("Personal access token", flag="digi-token", secret=True)]


def _said(body: Any) -> Said:
    return Said(code=body["id"], words=body["message"])


class DigitalOcean(Provider):
    id = "digitalocean"
    title = "DigitalOcean"
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Control panel, API, Tokens: generate a personal access token.",
        permissions="Custom scopes droplet, ssh_key, tag (create, read, update, delete), and read of image, regions, "
        "sizes, vpc, actions.",
        limits=(
            "5000 requests an hour, 250 a minute.",
            "A tag holds letters, digits, colons, dashes and underscores only.",
        ),
        through="DigitalOcean's REST API v2 itself",
        source="https://docs.digitalocean.com/reference/api/",
    )

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        checks.name(cls.title, spec, _NAME, "names of letters, digits, dots and dashes, no dot or dash at an end")
        checks.needs(cls.title, spec, "size", "location")
        checks.networks(cls.title, spec, 1, "a VPC")
        checks.options(cls.title, spec, _EXTRA)
        for tag in spec.tags:
            _check_tag(tag)

    def open(self) -> None:
        dialect = Dialect(self.title, _said, words=((_ROOM, ProviderQuota),))
        http = Http(self.account, "https://api.digitalocean.com")
        self._api = Rest(http, dialect, {"Authorization": f"Bearer {self.account.settings.token}"})

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.get("/v2/droplets", per_page=1)

    def list_machines(self) -> list[MachineReading]:
        return self._readings()

    def read_machine(self, external_id: str) -> MachineReading | None:
        found = self._api.found(at("/v2/droplets/{}", external_id))
        with understood(self._api.where):
            return None if found is None else reading(found["droplet"])

    def find_marked(self, mark: str) -> MachineReading | None:
        return next(iter(self._readings(tag_name=_MARK + mark)), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own images and the newest long-term versions of the distributions."""
        own = self._pages("/v2/images", "images", private="true")
        offered = self._pages("/v2/images", "images", **({"type": "distribution"} if search is None else {}))
        with understood(self._api.where):
            public = [_image(each) for each in offered if each.get("public", True)]
            return images.shown(public, search, [_image(each) for each in own])

    def list_sizes(self) -> list[Size]:
        found = self._pages("/v2/sizes", "sizes")
        with understood(self._api.where):
            return [_size(each) for each in found if each.get("available", True)]

    def list_locations(self) -> list[Location]:
        found = self._pages("/v2/regions", "regions")
        with understood(self._api.where):
            return [Location(id=each["slug"], name=each["name"]) for each in found if each.get("available", True)]

    def list_networks(self) -> list[Network]:
        found = self._pages("/v2/vpcs", "vpcs")
        with understood(self._api.where):
            return [_network(each) for each in found]

    def create(self, spec: MachineSpec) -> MachineReading:
        wanted: Json = {
            "name": spec.name,
            "region": locations.meant(self.title, spec.location or "", self.list_locations()).id,
            "size": spec.size,
            "image": int(spec.image) if spec.image.isdecimal() else spec.image,
            "tags": [_MARK + spec.mark, *spec.tags],
            "ipv6": True,
            **spec.extra,
        }
        if spec.public_key:
            wanted["ssh_keys"] = [self._key(spec.key_name or "mist", spec.public_key)]
        if spec.user_data is not None:
            wanted["user_data"] = spec.user_data
        if spec.networks:
            wanted["vpc_uuid"] = spec.networks[0]
        answer = self._api.post("/v2/droplets", wanted)
        with understood(self._api.where):
            return reading(answer["droplet"])

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._act(external_id, type="power_on")

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._act(external_id, type="shutdown")

    def reboot(self, external_id: str) -> None:
        self._act(external_id, type="reboot")

    def destroy(self, external_id: str) -> None:
        try:
            self._api.delete(at("/v2/droplets/{}", external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        """Cores and RAM; the disk stays as it is, so that the way back is open."""
        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            raise Conflict(
                f"DigitalOcean resizes stopped machines only, and this one is {machine.state}; stop it first.",
                machine=external_id,
            )
        self._act(external_id, type="resize", size=size, disk=False)

    def add_tag(self, external_id: str, tag: str) -> None:
        _check_tag(tag)
        self.known(external_id)
        self._api.post("/v2/tags", {"name": tag})
        resources = [{"resource_id": external_id, "resource_type": "droplet"}]
        self._api.call("POST", at("/v2/tags/{}/resources", tag), body={"resources": resources})

    def remove_tag(self, external_id: str, tag: str) -> None:
        resources = [{"resource_id": external_id, "resource_type": "droplet"}]
        try:
            self._api.call("DELETE", at("/v2/tags/{}/resources", tag), body={"resources": resources})
        except ProviderNotFound:
            return

    def _act(self, external_id: str, **action: Any) -> None:
        self._api.post(at("/v2/droplets/{}/actions", external_id), action)

    def _readings(self, **query: Any) -> list[MachineReading]:
        found = self._pages("/v2/droplets", "droplets", **query)
        with understood(self._api.where):
            return [reading(each) for each in found]

    def _pages(self, path: str, key: str, **query: Any) -> list[Json]:
        follow = by_link(lambda body: body.get("links", {}).get("pages", {}).get("next"))
        return self._api.pages(path, key, follow, per_page=_PER_PAGE, **query)

    def _key(self, name: str, public: str) -> int:
        """The id of the key at DigitalOcean, brought there if need be. Keys are told apart by what they are."""
        body = " ".join(public.split()[:2])
        for each in self._pages("/v2/account/keys", "ssh_keys"):
            if " ".join(str(each.get("public_key", "")).split()[:2]) == body:
                return int(each["id"])
        answer = self._api.post("/v2/account/keys", {"name": name, "public_key": public.strip()})
        with understood(self._api.where):
            return int(answer["ssh_key"]["id"])


def reading(droplet: Json) -> MachineReading:
    """One droplet of the API."""
    state = _STATES.get(droplet["status"], MachineState.UNKNOWN)
    state = MachineState.PENDING if droplet.get("locked") and state is MachineState.STOPPED else state
    tags = [str(tag) for tag in droplet.get("tags") or []]
    addresses = [each for family in droplet.get("networks", {}).values() for each in family]
    image = droplet.get("image") or {}
    return MachineReading(
        external_id=str(droplet["id"]),
        name=droplet["name"],
        state=state,
        public_ips=tuple(each["ip_address"] for each in addresses if each.get("type") == "public"),
        private_ips=tuple(each["ip_address"] for each in addresses if each.get("type") == "private"),
        size=droplet.get("size_slug"),
        image=str(image.get("slug") or image.get("id") or "") or None,
        location=(droplet.get("region") or {}).get("slug"),
        tags=tuple(tag for tag in tags if not tag.startswith(_MARK)),
        actions=_OFFERED.get(state, ()),
        created_at=datetime.fromisoformat(droplet["created_at"]) if droplet.get("created_at") else None,
        mark=next((tag.removeprefix(_MARK) for tag in tags if tag.startswith(_MARK)), None),
        extra={"vpc_uuid": droplet.get("vpc_uuid"), "features": droplet.get("features") or []},
    )


def _image(each: Json) -> Image:
    """Public ones go by their slug, which stays when the image is renewed."""
    name = " ".join(str(each[part]) for part in ("distribution", "name") if each.get(part))
    extra = {
        "public": bool(each.get("public")),
        "min_disk_gb": each.get("min_disk_size"),
        "regions": each.get("regions"),
    }
    return Image(id=str(each.get("slug") or each["id"]), name=name, extra=extra)


def _size(each: Json) -> Size:
    """Prices are today's, in US dollars (the vendor's only currency)."""
    return Size(
        id=each["slug"],
        name=each["slug"],
        cores=each["vcpus"],
        ram_mb=each["memory"],
        disk_gb=each["disk"],
        bandwidth_gb=round(each["transfer"] * 1024) if each.get("transfer") else None,
        price=each["price_hourly"],
        currency="USD",
        price_date=date.today().isoformat(),
        driver="digitalocean",
        extra={"locations": each.get("regions") or [], "price_month": each.get("price_monthly")},
    )


def _network(each: Json) -> Network:
    subnet = {"id": each["id"], "name": each["name"], "cidr": each.get("ip_range"), "location": each.get("region")}
    return Network(id=each["id"], name=each["name"], subnets=(subnet,), extra={"default": bool(each.get("default"))})


def _check_tag(tag: str) -> None:
    if not _TAG.fullmatch(tag):
        message = (
            f"DigitalOcean's tags hold letters, digits, colons, dashes and underscores only; {tag[:80]!a} does not fit."
        )
        raise InvalidInput(message, field="tag")
