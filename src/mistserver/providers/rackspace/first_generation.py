"""Rackspace's first generation of servers: version 1.0 of the API, in XML.

https://docs.rackspace.com/docs/first-generation-cloud-servers-sample-code
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import (
    Conflict,
    InvalidInput,
    NotSupported,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
)
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import images as chosen
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.nova.machines import MARK, as_pair, as_tag
from mistserver.providers.rackspace import xml
from mistserver.providers.rackspace.identity import first_sign_in
from mistserver.providers.rackspace.provider import FIRST_GENERATION, Rackspace
from mistserver.providers.rest import Dialect, Rest

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_STATES: Mapping[str, MachineState] = MappingProxyType(
    {
        "ACTIVE": MachineState.RUNNING,
        "BUILD": MachineState.PENDING,
        "DELETED": MachineState.TERMINATED,
        "DELETE_IP": MachineState.RUNNING,
        "ERROR": MachineState.ERROR,
        "HARD_REBOOT": MachineState.REBOOTING,
        "PASSWORD": MachineState.RUNNING,
        "PREP_RESIZE": MachineState.PENDING,
        "QUEUE_RESIZE": MachineState.PENDING,
        "REBOOT": MachineState.REBOOTING,
        "REBUILD": MachineState.PENDING,
        "RESCUE": MachineState.RUNNING,
        "SHARE_IP": MachineState.RUNNING,
        "SHARE_IP_NO_CONFIG": MachineState.RUNNING,
        "SHUTOFF": MachineState.STOPPED,
        "SUSPENDED": MachineState.SUSPENDED,
        "VERIFY_RESIZE": MachineState.RUNNING,
    }
)
_KINDS: Mapping[str, type[ProviderError]] = MappingProxyType(
    {
        "itemNotFound": ProviderNotFound,
        "overLimit": ProviderRateLimited,
        "serverCapacityUnavailable": ProviderQuota,
    }
)
_PAGE = 1000
_MOST_METADATA = 5


class FirstGeneration(Rackspace):
    """Metadata, and with it tags, is what the create said."""

    def open(self) -> None:
        self._country = (self.account.region or "").removeprefix(FIRST_GENERATION)
        self._opened: Rest | None = None

    def close(self) -> None:
        if getattr(self, "_opened", None) is not None:
            self._api.close()

    @property
    def _api(self) -> Rest:
        if self._opened is None:
            from dataclasses import replace

            token, url = first_sign_in(self.account, self.title, self._country)
            dialect = Dialect(self.title, xml.said, _KINDS, decode=xml.document)
            headers = {"X-Auth-Token": token, "Accept": "application/xml"}
            self._opened = Rest(Http(replace(self.account, endpoint=None), url), dialect, headers)
        return self._opened

    def check(self) -> None:
        self._ask("GET", "/servers", "servers", limit=1)

    def list_machines(self) -> list[MachineReading]:
        found = self._listed("/servers/detail", "servers")
        with understood(self._api.where):
            return [each for each in map(_reading, found) if each.state is not MachineState.TERMINATED]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            found = self._ask("GET", at("/servers/{}", external_id), "server")
        except ProviderNotFound:
            return None
        with understood(self._api.where):
            return _reading(found)

    def list_images(self, search: str | None = None) -> list[Image]:
        found = [each for each in self._listed("/images/detail", "images") if each.get("status") == "ACTIVE"]
        with understood(self._api.where):
            own = [Image(id=each.attrib["id"], name=each.attrib["name"]) for each in found if each.get("serverId")]
            offered = [
                Image(id=each.attrib["id"], name=each.attrib["name"]) for each in found if not each.get("serverId")
            ]
        return chosen.shown(offered, search, own)

    def list_sizes(self) -> list[Size]:
        found = self._listed("/flavors/detail", "flavors")
        with understood(self._api.where):
            return [self._priced(_size(each)) for each in found]

    def list_locations(self) -> list[Location]:
        return [Location(id=self._country, name=self._country.upper())]

    def list_networks(self) -> list[Network]:
        raise self._never("list networks")

    def create(self, spec: MachineSpec) -> MachineReading:
        """The key goes as root's `authorized_keys`: there are no key pairs yet."""
        _check(spec)
        server = xml.element("server", name=spec.name, imageId=spec.image, flavorId=str(spec.size))
        metadata = xml.below(server, "metadata")
        for key, value in {MARK: spec.mark, **dict(map(as_pair, spec.tags))}.items():
            xml.below(metadata, "meta", key=key).text = value
        if spec.public_key:
            keys = base64.b64encode(f"{spec.public_key.strip()}\n".encode()).decode()
            xml.below(xml.below(server, "personality"), "file", path="/root/.ssh/authorized_keys").text = keys
        made = self._ask("POST", "/servers", "server", server)
        with understood(self._api.where):
            return _reading(made, marked=spec.mark)

    def start(self, external_id: str) -> None:
        raise self._never("start machines")

    def stop(self, external_id: str) -> None:
        raise self._never("stop machines")

    def reboot(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.REBOOTING:
            self._order(external_id, xml.element("reboot", type="SOFT"))

    def destroy(self, external_id: str) -> None:
        try:
            self._api.ask("DELETE", at("/servers/{}", external_id))
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        machine = self.known(external_id)
        waits = machine.extra["status"] == "VERIFY_RESIZE"
        if waits and machine.size != size:
            raise Conflict("The machine was resized already, which waits to be confirmed.", machine=external_id[:200])
        if waits:
            self._order(external_id, xml.element("confirmResize"))
        elif machine.size != size:
            self._order(external_id, xml.element("resize", flavorId=size))

    def finish_resize(self, external_id: str, size: str) -> None:
        if self.known(external_id).size != size:
            raise ProviderRejected("The resize came to nothing: the cloud does not say why.")
        self.resize(external_id, size)

    def add_tag(self, external_id: str, tag: str) -> None:
        raise self._never("tag machines later than in their create")

    def remove_tag(self, external_id: str, tag: str) -> None:
        raise self._never("take tags from machines")

    def _never(self, what: str) -> NotSupported:
        return NotSupported(f"The first generation of {self.title} cannot {what}.", provider=self.id)

    def _order(self, external_id: str, what: Element) -> None:
        self._api.ask("POST", at("/servers/{}/action", external_id), body=xml.written(what), headers=_XML)

    def _ask(self, method: str, path: str, name: str, body: Element | None = None, **query: Any) -> Element:
        """The root of the answer, which has to be called `name`."""
        sent, kind = (None, None) if body is None else (xml.written(body), _XML)
        answer = self._api.ask(method, path, params=query or None, body=sent, headers=kind)
        try:
            root = xml.document(answer.content)
        except ValueError:
            raise bad_answer(self._api.where, answer.content) from None
        if xml.local(root) != name:
            raise bad_answer(self._api.where, answer.content)
        return root

    def _listed(self, path: str, name: str) -> list[Element]:
        """Every page: by offset, until one brings nothing new."""
        found: dict[str, Element] = {}
        while True:
            page = list(self._ask("GET", path, name, limit=_PAGE, offset=len(found)))
            new = {str(each.get("id")): each for each in page if str(each.get("id")) not in found}
            if not new:
                return list(found.values())
            found |= new


_XML = {"Content-Type": "application/xml"}


def _check(spec: MachineSpec) -> None:
    """What the older API cannot do is refused by name, before any call."""
    for field, given in (("networks", spec.networks), ("user_data", spec.user_data), ("extra", spec.extra)):
        if given:
            raise InvalidInput(f"The first generation takes no {field.replace('_', ' ')}.", field=field)
    if spec.location not in (None, "0", "us", "uk"):
        raise InvalidInput("The first generation has one location for each of its regions.", field="location")
    if len(spec.tags) >= _MOST_METADATA:
        raise InvalidInput(f"The first generation takes at most {_MOST_METADATA - 1} tags.", field="tags")


def _reading(server: Element, marked: str | None = None) -> MachineReading:
    metadata = {str(each.get("key")): each.text or "" for each in xml.found(server, "metadata", "meta")}
    status = server.attrib["status"]
    state = _STATES.get(status, MachineState.UNKNOWN)
    acts = {MachineState.RUNNING: (Action.REBOOT, Action.RESIZE, Action.DESTROY), MachineState.TERMINATED: ()}
    return MachineReading(
        external_id=server.attrib["id"],
        name=server.attrib["name"],
        state=state,
        public_ips=tuple(str(each.attrib["addr"]) for each in xml.found(server, "addresses", "public", "ip")),
        private_ips=tuple(str(each.attrib["addr"]) for each in xml.found(server, "addresses", "private", "ip")),
        size=server.get("flavorId"),
        image=server.get("imageId"),
        tags=tuple(sorted(as_tag(key, value) for key, value in metadata.items() if key != MARK)),
        actions=acts.get(state, (Action.DESTROY,)),
        mark=metadata.get(MARK, marked),
        extra={"status": status, "host": server.get("hostId", "")},
    )


def _size(each: Element) -> Size:
    ram, disk = int(each.attrib["ram"]), int(each.attrib["disk"])
    return Size(id=each.attrib["id"], name=each.attrib["name"], ram_mb=ram, disk_gb=disk, driver="nova")
