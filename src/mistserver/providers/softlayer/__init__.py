"""SoftLayer, today IBM Cloud's classic infrastructure: https://sldn.softlayer.com/reference/softlayerapi/"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.softlayer import catalog
from mistserver.providers.softlayer.api import ENDPOINT, Api
from mistserver.providers.softlayer.reading import DOMAIN, MASK, marked, reading, tags, user_data

_NAME = re.compile(r"(?=.{1,253}\Z)(?!\d+(\.|\Z))[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9-]{1,63})*")
_TAG = re.compile(r"[A-Za-z0-9 _.:-]{1,128}")
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EXTRA = MappingProxyType(
    {"disk_gb": int, "domain": str, "hourly": bool, "local_disk": bool, "port_speed": int, "private_only": bool}
)
_MOST = 2**31 - 1  # a number of XML-RPC
_PACKAGE = "PUBLIC_CLOUD_SERVER"


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str, setting("User name (or apikey, for an IBM Cloud API key)", flag="softlayer-username")]
    api_key: Annotated[str, setting("API key", flag="softlayer-api-key", secret=True)]


class SoftLayer(Provider):
    id = "softlayer"
    title = "SoftLayer"
    Settings = Settings
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)
    guide = Guide(
        credentials="IBM Cloud console, Manage, Access (IAM), your user: Classic infrastructure API key (its user name "
        "begins with the account's number), or any IBM Cloud API key with the user name `apikey`.",
        permissions="Classic infrastructure: View Virtual Server Details, Add/Upgrade Cloud Instances, Cancel Server, "
        "Upgrade Server, Manage SSH Keys, and access to the virtual servers.",
        limits=(
            "SoftLayer is sold as IBM Cloud classic infrastructure today; its API is the same.",
            "User data gets one more line at its end, a comment: by it a create that was interrupted is found again.",
            "Machines are virtual servers; bare metal servers are not shown.",
            "A tag holds letters, digits, blanks, colons, dots, dashes and underscores only.",
            "A machine whose name holds no domain is given `mist.internal`.",
            "A resize restarts the machine and is for those made of a flavour.",
        ),
        through="IBM's `softlayer` SDK: its client and XML-RPC, on Mist's own transport",
        source="https://sldn.softlayer.com/reference/softlayerapi/",
    )

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        rule = "names of letters, digits and dashes, with or without a domain, and not of digits alone"
        checks.name(cls.title, spec, _NAME, rule)
        checks.needs(cls.title, spec, "size")
        checks.networks(cls.title, spec, 2, "a public and a private VLAN")
        checks.options(cls.title, spec, _EXTRA)
        if "domain" in spec.extra and "." in spec.name:
            raise InvalidInput("The name holds a domain; leave the extra option domain out.", field="extra")
        if _UNFIT.search(spec.user_data or ""):
            raise InvalidInput("SoftLayer's user data must not hold control characters.", field="user_data")
        for tag in spec.tags:
            _check_tag(tag)

    def open(self) -> None:
        settings = self.account.settings
        self._api = Api(Http(self.account, ENDPOINT), self.title, settings.username, settings.api_key)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.object("Account", "getObject", mask="mask[id]")

    def list_machines(self) -> list[MachineReading]:
        guests = self._guests()
        with understood(self._api.where):
            return [reading(each) for each in guests]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            guest = self._guest(external_id)
        except ProviderNotFound:
            return None
        with understood(self._api.where):
            return reading(guest)

    def find_marked(self, mark: str) -> MachineReading | None:
        """Also gives the machine the tags that it was created with, should that call have been lost."""
        guests = self._guests()
        with understood(self._api.where):
            for guest in guests:
                found, wanted = marked(guest)
                if found == mark and reading(guest).state is not MachineState.TERMINATED:
                    if set(wanted) - set(tags(guest)):
                        self._set_tags(guest["id"], (*tags(guest), *wanted))
                    return reading(guest)
        return None

    def list_images(self, search: str | None = None) -> list[Image]:
        """The default set is the account's own images and the newest long-term versions of the distributions."""
        with understood(self._api.where):
            return catalog.list_images(self._api, self._options(), search)

    def list_sizes(self) -> list[Size]:
        with understood(self._api.where):
            return catalog.list_sizes(self._options())

    def list_locations(self) -> list[Location]:
        with understood(self._api.where):
            return catalog.list_locations(self._api, self._options())

    def list_networks(self) -> list[Network]:
        with understood(self._api.where):
            return catalog.list_networks(self._api)

    def create(self, spec: MachineSpec) -> MachineReading:
        answer = self._api.object("Virtual_Guest", "createObject", self._order(spec))
        with understood(self._api.where):
            id = int(answer["id"])
            guest = {**answer, "userData": [{"value": user_data(spec.user_data, spec.mark, spec.tags)}]}
            made = reading(guest)
        if spec.tags:
            self._set_tags(id, spec.tags)
        return made

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._api.act(_number(external_id), "powerOn")

    def stop(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.STOPPED:
            self._api.act(_number(external_id), "powerOffSoft")

    def reboot(self, external_id: str) -> None:
        self.known(external_id)
        self._api.act(_number(external_id), "rebootSoft")

    def destroy(self, external_id: str) -> None:
        try:
            self.known(external_id)
            self._api.act(_number(external_id), "deleteObject")
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        """An order of an upgrade, to be carried out at once; the vendor restarts the machine for it."""
        if self.known(external_id).size == size:
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        order = {
            "complexType": "SoftLayer_Container_Product_Order_Virtual_Guest_Upgrade",
            "properties": [{"name": "MAINTENANCE_WINDOW", "value": now}],
            "virtualGuests": [{"id": _number(external_id)}],
            "presetId": self._preset(size),
        }
        self._api.object("Product_Order", "placeOrder", order)

    def add_tag(self, external_id: str, tag: str) -> None:
        _check_tag(tag)
        guest = self._guest(external_id)
        if tag not in tags(guest):
            self._set_tags(guest["id"], (*tags(guest), tag))

    def remove_tag(self, external_id: str, tag: str) -> None:
        guest = self._guest(external_id)
        if tag in tags(guest):
            self._set_tags(guest["id"], tuple(each for each in tags(guest) if each != tag))

    def _guests(self) -> list[dict[str, Any]]:
        return self._api.pages("Account", "getVirtualGuests", mask=MASK)

    def _guest(self, external_id: str) -> dict[str, Any]:
        return self._api.object("Virtual_Guest", "getObject", id=_number(external_id), mask=MASK)

    def _options(self) -> dict[str, Any]:
        return self._api.object("Virtual_Guest", "getCreateObjectOptions")

    def _set_tags(self, id: int, wanted: tuple[str, ...]) -> None:
        self._api.act(id, "setTags", ",".join(dict.fromkeys(wanted)))

    def _order(self, spec: MachineSpec) -> dict[str, Any]:
        with understood(self._api.where):
            networks = catalog.components(self._api, spec.networks)
        host, _, domain = spec.name.partition(".")
        image = (
            {"blockDeviceTemplateGroup": {"globalIdentifier": spec.image}}
            if _GUID.fullmatch(spec.image)
            else {"operatingSystemReferenceCode": spec.image}
        )
        order: dict[str, Any] = {
            "hostname": host,
            "domain": domain or spec.extra.get("domain") or DOMAIN,
            "hourlyBillingFlag": spec.extra.get("hourly", True),
            "userData": [{"value": user_data(spec.user_data, spec.mark, spec.tags)}],
            **image,
            **networks,
            **_measures(spec),
        }
        if spec.location:
            order["datacenter"] = {"name": self._datacenter(spec.location)}
        if spec.public_key:
            order["sshKeys"] = [{"id": self._key(spec.key_name or "mist", spec.public_key)}]
        return order

    def _datacenter(self, location: str) -> str:
        if not location.isdecimal():
            return location
        with understood(self._api.where):
            return catalog.position(self._options(), location)

    def _key(self, name: str, public: str) -> int:
        """The id of the key at SoftLayer, brought there if need be. Keys are told apart by what they are."""
        body = " ".join(public.split()[:2])
        with understood(self._api.where):
            for each in self._api.pages("Account", "getSshKeys", mask="mask[id,key]"):
                if " ".join(str(each.get("key", "")).split()[:2]) == body:
                    return int(each["id"])
            key = {"key": public.strip(), "label": name, "notes": ""}
            return int(self._api.object("Security_Ssh_Key", "createObject", key)["id"])

    def _preset(self, size: str) -> int:
        """The number of a flavour, which an upgrade asks for."""
        wanted = {"keyName": {"operation": _PACKAGE}}
        packages = self._api.pages("Product_Package", "getAllObjects", mask="mask[id,keyName]", filter=wanted)
        with understood(self._api.where):
            package = next((each["id"] for each in packages if each["keyName"] == _PACKAGE), None)
            if package is None:
                raise bad_answer(self._api.where)
            for each in self._api.pages("Product_Package", "getActivePresets", id=package, mask="mask[id,keyName]"):
                if each["keyName"] == size:
                    return int(each["id"])
        raise InvalidInput(f"SoftLayer has no flavour {size[:80]!a}; mist list-sizes shows them.", field="size")


def _measures(spec: MachineSpec) -> dict[str, Any]:
    """Cores, RAM, disk and speed of the port. A flavour has its own disks."""
    found: dict[str, Any] = {}
    size, disk_gb = catalog.pieces(spec.size or ""), spec.extra.get("disk_gb")
    if size is None:
        found["supplementalCreateObjectOptions"] = {"flavorKeyName": spec.size}
    else:
        found |= {"startCpus": size[0], "maxMemory": size[1], "localDiskFlag": spec.extra.get("local_disk", False)}
    if disk_gb is not None:
        found["blockDevices"] = [{"device": "0", "diskImage": {"capacity": disk_gb}}]
    if "port_speed" in spec.extra:
        found["networkComponents"] = [{"maxSpeed": spec.extra["port_speed"]}]
    if spec.extra.get("private_only"):
        found["privateNetworkOnlyFlag"] = True
    return found


def _number(external_id: str) -> int:
    """A guest's number; ProviderNotFound for what cannot be one."""
    if not re.fullmatch(r"[0-9]{1,10}", external_id) or int(external_id) > _MOST:
        raise ProviderNotFound(f"SoftLayer has no machine {external_id[:80]!a}.", machine=external_id[:200])
    return int(external_id)


def _check_tag(tag: str) -> None:
    if not _TAG.fullmatch(tag):
        message = (
            f"SoftLayer's tags hold letters, digits, blanks, colons, dots, dashes and underscores; not {tag[:80]!a}."
        )
        raise InvalidInput(message, field="tag")
