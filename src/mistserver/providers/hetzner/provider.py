"""Hetzner Cloud through the vendor's library: https://docs.hetzner.cloud"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images, locations
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.hetzner import api, readings

_NAME = re.compile(
    r"(?=.{1,253}\Z)[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?(\.[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?)*"
)
_ID = re.compile(r"[0-9]{1,18}")
_NETWORKS = 3
_USER_DATA_BYTES = 32768
_EXTRA: checks.Extra = MappingProxyType(
    {"firewalls": list, "placement_group": int, "public_ipv4": bool, "public_ipv6": bool}
)


class Settings(ProviderSettings, frozen=True, kw_only=True):
    token: Annotated[str, setting("API token of the project", flag="hetzner-token", secret=True)]


class Hetzner(Provider):
    id = "hetzner"
    title = api.TITLE
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="Console, the project, Security, API tokens: generate a token with read and write access. A token "
        "belongs to one project, so each project is a backend of its own.",
        permissions="Read and write; a token that only reads lists machines and the catalog.",
        limits=(
            "3600 requests an hour for a project.",
            "A tag is a label: KEY or KEY=VALUE of letters, digits, dots, dashes and underscores.",
            "Prices are shown without VAT, in the currency of the account; with it they stand among the extra facts.",
            "A machine is resized while it is stopped, and its disk stays as it is.",
            "Without a key Hetzner sends root's password by mail; Mist does not show it.",
        ),
        through="hcloud",
        source="https://docs.hetzner.cloud",
    )

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        rule = (
            "names that are host names (RFC 1123): letters, digits, dashes and dots, at most 63 characters between "
            "dots, no dash at an end"
        )
        checks.name(cls.title, spec, _NAME, rule)
        checks.needs(cls.title, spec, "size")
        checks.networks(cls.title, spec, _NETWORKS, "their numbers")
        checks.options(cls.title, spec, _EXTRA)
        firewalls = spec.extra.get("firewalls", [])
        for number, field in [
            *((each, "networks") for each in spec.networks),
            *((each, "extra") for each in firewalls),
        ]:
            if not _ID.fullmatch(str(number)):
                message = f"{cls.title} calls networks and firewalls by numbers; {str(number)[:80]!a} is none."
                raise InvalidInput(message, field=field)
        if len((spec.user_data or "").encode()) > _USER_DATA_BYTES:
            raise InvalidInput(f"{cls.title} takes at most {_USER_DATA_BYTES} bytes of user data.", field="user_data")
        for tag in spec.tags:
            readings.as_label(tag)

    def open(self) -> None:
        self._api = api.Api(self.account)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    @property
    def _client(self) -> Any:
        return self._api.client

    def check(self) -> None:
        with self._api.mapped():
            self._client.servers.get_list(per_page=1)

    def list_machines(self) -> list[MachineReading]:
        return self._api.pages(self._client.servers.get_list, readings.reading)

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            with self._api.mapped():
                return readings.reading(self._client.servers.get_by_id(_number(external_id)))
        except ProviderNotFound:
            return None

    def find_marked(self, mark: str) -> MachineReading | None:
        marked = f"{readings.MARK}=={mark}"
        found = self._api.pages(self._client.servers.get_list, readings.reading, label_selector=marked)
        there = (each for each in found if each.state is not MachineState.TERMINATED)
        return next((each for each in there if each.mark == mark), None)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the project's own images and the newest long-term versions of the distributions."""
        listing = self._client.images.get_list
        own = self._api.pages(listing, readings.own_image, type=["snapshot", "backup"])
        kinds = {"type": ["system", "app"], "include_deprecated": search is not None}
        offered = self._api.pages(listing, readings.system_image, **kinds)
        return images.shown(readings.merged(offered), search, own)

    def list_sizes(self) -> list[Size]:
        with self._api.mapped():
            pricing = self._client.request("GET", "/pricing")["pricing"]
        found = self._api.pages(self._client.server_types.get_list, lambda each: readings.size(each, pricing))
        return [size for size in found if size is not None]

    def list_locations(self) -> list[Location]:
        return self._api.pages(self._client.locations.get_list, readings.location)

    def list_networks(self) -> list[Network]:
        return self._api.pages(self._client.networks.get_list, readings.network)

    def create(self, spec: MachineSpec) -> MachineReading:
        """Without a location Hetzner chooses one."""
        place = locations.meant(self.title, spec.location, self.list_locations()).id if spec.location else None
        keys = [self._key(spec.key_name or "mist", spec.public_key)] if spec.public_key else None
        with self._api.mapped():
            answer = self._client.servers.create(**_asked(spec, place), ssh_keys=keys)
            return readings.reading(answer.server)

    def start(self, external_id: str) -> None:
        if self.known(external_id).extra["status"] not in ("running", "starting"):
            self._act(self._client.servers.power_on, external_id)

    def stop(self, external_id: str) -> None:
        if self.known(external_id).extra["status"] not in ("off", "stopping"):
            self._act(self._client.servers.shutdown, external_id)

    def reboot(self, external_id: str) -> None:
        self._act(self._client.servers.reboot, external_id)

    def destroy(self, external_id: str) -> None:
        try:
            self._act(self._client.servers.delete, external_id)
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        """Cores and RAM; the disk stays as it is, so that the way back is open."""
        from hcloud.server_types import ServerType

        machine = self.known(external_id)
        if machine.size == size:
            return
        if machine.state is not MachineState.STOPPED:
            message = f"Hetzner Cloud resizes stopped machines only, and this one is {machine.state}; stop it first."
            raise Conflict(message, machine=external_id)
        kind = ServerType(name=size)
        self._act(self._client.servers.change_type, external_id, server_type=kind, upgrade_disk=False)

    def add_tag(self, external_id: str, tag: str) -> None:
        key, value = readings.as_label(tag)
        labels = self._labels(external_id)
        if labels.get(key) != value:
            self._act(self._client.servers.update, external_id, labels={**labels, key: value})

    def remove_tag(self, external_id: str, tag: str) -> None:
        key, value = readings.as_label(tag)
        labels = self._labels(external_id)
        if labels.get(key) == value:
            kept = {each: value for each, value in labels.items() if each != key}
            self._act(self._client.servers.update, external_id, labels=kept)

    def _labels(self, external_id: str) -> dict[str, str]:
        """All of them, the mark among them."""
        with self._api.mapped():
            return dict(self._client.servers.get_by_id(_number(external_id)).labels or {})

    def _act(self, call: Any, external_id: str, **arguments: Any) -> None:
        """One of the library's calls on a server. The action that it answers with is not waited for."""
        from hcloud.servers import Server

        with self._api.mapped():
            call(Server(id=_number(external_id)), **arguments)

    def _key(self, name: str, public: str) -> Any:
        """The key at Hetzner, brought there if need be. Names and keys are unique there."""
        mine = _fingerprint(public)
        keys = self._client.ssh_keys
        with self._api.mapped():
            found = keys.get_by_fingerprint(mine)
            if found is not None:
                return found
            try:
                return keys.create(name=f"{name} {mine[:8]}", public_key=public.strip())
            except ProviderRejected as error:
                # another create brought it meanwhile
                found = keys.get_by_fingerprint(mine)
                if error.facts.get("vendor_code") != "uniqueness_error" or found is None:
                    raise
                return found


def _asked(spec: MachineSpec, place: str | None) -> dict[str, Any]:
    """The arguments of the library's `create`."""
    from hcloud.firewalls import Firewall
    from hcloud.images import Image as ImageOf
    from hcloud.locations import Location as LocationOf
    from hcloud.networks import Network as NetworkOf
    from hcloud.placement_groups import PlacementGroup
    from hcloud.server_types import ServerType
    from hcloud.servers import ServerCreatePublicNetwork

    image, extra = spec.image, spec.extra
    public = ServerCreatePublicNetwork(
        enable_ipv4=extra.get("public_ipv4", True), enable_ipv6=extra.get("public_ipv6", True)
    )
    group = extra.get("placement_group")
    return {
        "name": spec.name,
        "server_type": ServerType(name=spec.size),
        "image": ImageOf(id=int(image)) if _ID.fullmatch(image) else ImageOf(name=image),
        "location": LocationOf(name=place) if place else None,
        "labels": {readings.MARK: spec.mark, **dict(map(readings.as_label, spec.tags))},
        "user_data": spec.user_data,
        "networks": [NetworkOf(id=int(each)) for each in spec.networks] or None,
        "firewalls": [Firewall(id=int(each)) for each in extra.get("firewalls", [])] or None,
        "placement_group": PlacementGroup(id=group) if group is not None else None,
        "public_net": public if extra.keys() & {"public_ipv4", "public_ipv6"} else None,
    }


def _number(external_id: str) -> int:
    """The library puts ids into paths as they are, so only numbers may reach it."""
    if not _ID.fullmatch(external_id):
        raise ProviderNotFound(f"{api.TITLE} has no machine {external_id[:80]!a}.", machine=external_id[:80])
    return int(external_id)


def _fingerprint(public: str) -> str:
    """MD5 of the key's body, as Hetzner shows it: it tells keys apart there and protects nothing."""
    try:
        body = base64.b64decode(public.split()[1], validate=True)
    except (IndexError, binascii.Error):
        raise InvalidInput("The public key is not in OpenSSH's form.", field="key") from None
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
