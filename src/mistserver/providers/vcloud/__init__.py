"""VMware vCloud Director through its API, versions 1.5 to 37: https://developer.broadcom.com/xapis/vmware-cloud-director-api/

A machine is a vApp: what a create is answered with, and what one switches on and off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from msgspec.structs import replace

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import Conflict, InvalidInput, ProviderNotFound, ProviderRejected
from mistserver.domain.machine import Action, MachineReading, MachineSpec, MachineState
from mistserver.providers import checks, images
from mistserver.providers.base import Provider
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.vcloud import documents, xml
from mistserver.providers.vcloud.api import Api
from mistserver.providers.vcloud.reading import from_records, reading

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAME = re.compile(r"(?!\d+\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_EXTRA: Mapping[str, type] = {"accept_eulas": bool, "ip_mode": str}
_MODES = ("POOL", "DHCP")
_FORCES = (27, 0)  # the first version whose delete takes a running vApp
_FORCED = {"force": "true", "recursive": "true"}
_SIZES = tuple((cores, cores * share * 1024) for cores in (1, 2, 4, 8, 16) for share in (1, 2, 4))
_MOST_SCRIPT = 49_000


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str, setting("User name", flag="vcloud-username")]
    password: Annotated[str, setting("Password", flag="vcloud-password", secret=True)]
    organization: Annotated[str, setting("Organization", flag="vcloud-organization")]
    host: Annotated[str, setting("Host of the vCloud API", flag="vcloud-host", kind="host")]


class VCloud(Provider):
    id = "vcloud"
    title = "VMware vCloud"
    Settings: ClassVar[type[ProviderSettings]] = Settings
    over_http = True
    creates = True
    needs_size = False
    actions = frozenset(Action)
    guide = Guide(
        credentials="A user of the organization, with its password; the organization is the name in the address of "
        "its portal (`/tenant/NAME`).",
        permissions="The role vApp Author, or its rights: view, create, edit, delete and power of vApps, view of "
        "catalogs and of networks of the organization.",
        limits=(
            "A machine is a vApp with its VMs; the name of one that Mist made ends with the mark of its create.",
            "The vendor has no sizes: any cores and MB (`2x4096`) will do; without one it is as large as its template.",
            "A key and user data (a script that begins with `#!`) arrive by guest customization, which the template "
            "has to support.",
            "Before version 27 of the API a running machine takes two destroys: the first only stops it.",
            "Tags are kept by Mist.",
        ),
        through="vCloud Director's API itself",
        source="https://developer.broadcom.com/xapis/vmware-cloud-director-api/latest/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        host = re.sub(r"^https://|/+$", "", settings.host)
        if not _HOST.fullmatch(host):
            raise InvalidInput(f"{cls.title} needs a host, such as vcd.example.org.", field="host")
        return replace(settings, host=host)

    @classmethod
    def check_spec(cls, spec: MachineSpec) -> None:
        rule = "names of at most 63 letters, digits and dashes, no dash at an end, not of digits alone"
        checks.name(cls.title, spec, _NAME, rule)
        checks.networks(cls.title, spec, 10, "networks of the VDC")
        checks.options(cls.title, spec, _EXTRA)
        if spec.size:
            documents.measures(spec.size)
        if spec.extra.get("ip_mode", "POOL") not in _MODES:
            raise InvalidInput(f"The extra option ip_mode is one of {', '.join(_MODES)}.", field="extra")
        if spec.user_data is not None and not spec.user_data.startswith("#!"):
            raise InvalidInput(f"{cls.title} runs user data as a script: it begins with #!.", field="user_data")
        if len(documents.script(spec)) > _MOST_SCRIPT:
            raise InvalidInput(f"{cls.title} takes a script of at most 36 kB.", field="user_data")

    def host(self) -> str:
        return str(self.account.settings.host)

    def open(self) -> None:
        settings = self.account.settings
        login = f"{settings.username}@{settings.organization}"
        self._api = Api(Http(self.account, f"https://{self.host()}"), self.title, login, settings.password)

    def close(self) -> None:
        if hasattr(self, "_api"):
            self._api.close()

    def check(self) -> None:
        self._api.sign_in()

    def list_machines(self) -> list[MachineReading]:
        """By two queries; a running one whose records tell no address (older versions) is asked by itself."""
        vapps = self._api.query("vApp")
        vms: dict[str, list[Mapping[str, str]]] = {}
        with understood(self._api.where):
            for vm in self._api.query("vm", filter="isVAppTemplate==false") if vapps else ():
                vms.setdefault(xml.id_of(vm["container"]), []).append(vm)
            found = [from_records(vapp, vms.get(xml.id_of(vapp["href"]), ())) for vapp in vapps]
            return [each for each in map(self._addressed, found) if each is not None]

    def read_machine(self, external_id: str) -> MachineReading | None:
        try:
            found = self._vapp(external_id)
        except ProviderNotFound:
            return None
        with understood(self._api.where):
            return reading(found)

    def find_marked(self, mark: str) -> MachineReading | None:
        vapps = self._api.query("vApp", filter=f"name==*-mist-{mark}")
        with understood(self._api.where):
            found = next((each for each in (from_records(vapp, ()) for vapp in vapps) if each.mark == mark), None)
        return None if found is None else self.read_machine(found.external_id)

    def list_images(self, search: str | None = None) -> list[Image]:
        """The vApp templates of all catalogs."""
        with understood(self._api.where):
            found = {xml.id_of(each["href"]): each for each in self._api.query("vAppTemplate")}
            offered = [
                Image(id=id, name=each["name"], extra={"catalog": each.get("catalogName"), "vdc": each.get("vdcName")})
                for id, each in found.items()
            ]
        return images.shown(offered, search)

    def list_sizes(self) -> list[Size]:
        """Common ones: the vendor takes any."""
        return [
            Size(id=f"{cores}x{ram}", name=f"{cores} x {ram // 1024} GB", cores=cores, ram_mb=ram, driver=self.id)
            for cores, ram in _SIZES
        ]

    def list_locations(self) -> list[Location]:
        """The virtual datacenters of the organization."""
        with understood(self._api.where):
            return [Location(id=xml.id_of(link.attrib["href"]), name=link.attrib["name"]) for link in self._vdcs()]

    def list_networks(self) -> list[Network]:
        with understood(self._api.where):
            found = {}
            for link in self._vdcs():
                for each in self._networks(link.attrib["href"]):
                    extra = {"location": link.attrib["name"]}
                    id = xml.id_of(each.attrib["href"])
                    found[id] = Network(id=id, name=each.attrib["name"], extra=extra)
            return list(found.values())

    def create(self, spec: MachineSpec) -> MachineReading:
        with understood(self._api.where):
            vdc = xml.path_of(self._vdc(spec.location).attrib["href"])
            template = self._api.get(at("/api/vAppTemplate/{}", spec.image), "VAppTemplate")
            if next(xml.children(template, "Children", "Vm"), None) is None:
                raise InvalidInput(f"The template {spec.image[:80]!r} holds no VM.", field="image")
            document = documents.compose(spec, template, self._wanted_networks(vdc, spec))
            return reading(self._api.send("POST", f"{vdc}/action/composeVApp", "VApp", document))

    def start(self, external_id: str) -> None:
        if self.known(external_id).state is not MachineState.RUNNING:
            self._api.send("POST", at("/api/vApp/{}/power/action/powerOn", external_id), "Task")

    def stop(self, external_id: str) -> None:
        """Through the guest's own system where VMware's tools run in it."""
        vapp = self._vapp(external_id)
        with understood(self._api.where):
            stopped = reading(vapp).state is MachineState.STOPPED and vapp.get("deployed") != "true"
        if not stopped:
            self._undeploy(external_id, "shutdown" if _has_tools(vapp) else "powerOff")

    def reboot(self, external_id: str) -> None:
        """As `stop`."""
        how = "reboot" if _has_tools(self._vapp(external_id)) else "reset"
        self._api.send("POST", at("/api/vApp/{}/power/action/" + how, external_id), "Task")

    def destroy(self, external_id: str) -> None:
        """Conflict where the vendor first has to stop the machine, which it was then told."""
        try:
            vapp = self._vapp(external_id)
            path, deployed = at("/api/vApp/{}", external_id), vapp.get("deployed") == "true"
            if deployed and self._api.version < _FORCES:
                self._undeploy(external_id, "powerOff")
                raise Conflict(f"{self.title} stops the machine first; destroy it again in a moment.")
            self._api.send("DELETE", path, "Task", params=_FORCED if deployed else None)
        except ProviderNotFound:
            return

    def resize(self, external_id: str, size: str) -> None:
        documents.measures(size)
        vapp = self._vapp(external_id)
        with understood(self._api.where):
            machine, vms = reading(vapp), list(xml.children(vapp, "Children", "Vm"))
        if machine.size == size:
            return
        if len(vms) != 1:
            raise ProviderRejected(f"{self.title} resizes machines of one VM, and this one has {len(vms)}.")
        if machine.state is not MachineState.STOPPED:
            words = f"{self.title} resizes stopped machines only, and this one is {machine.state}; stop it first."
            raise Conflict(words, machine=external_id)
        with understood(self._api.where):
            path = xml.path_of(vms[0].attrib["href"])
            self._api.send("POST", f"{path}/action/reconfigureVm", "Task", documents.reconfigure(vms[0], size))

    def _vapp(self, external_id: str) -> Element:
        return self._api.get(at("/api/vApp/{}", external_id), "VApp")

    def _undeploy(self, external_id: str, action: str) -> None:
        self._api.send("POST", at("/api/vApp/{}/action/undeploy", external_id), "Task", documents.undeploy(action))

    def _addressed(self, machine: MachineReading) -> MachineReading | None:
        if machine.state is not MachineState.RUNNING or machine.public_ips or machine.private_ips:
            return machine
        return self.read_machine(machine.external_id)

    def _vdcs(self) -> list[Element]:
        """Links to the virtual datacenters of every organization that the user sees (mostly one)."""
        found: list[Element] = []
        for each in xml.children(self._api.get("/api/org", "OrgList"), "Org"):
            org = self._api.get(xml.path_of(each.attrib["href"]), "Org")
            found += [link for link in xml.children(org, "Link") if link.get("type", "").endswith(".vcloud.vdc+xml")]
        return found

    def _vdc(self, location: str | None) -> Element:
        """The one that is meant: by its id, its name or its position, or the only one."""
        known = self._vdcs()
        for link in known:
            if location in (xml.id_of(link.attrib["href"]), link.attrib["name"]):
                return link
        if location is not None and location.isdecimal() and int(location) < len(known):
            return known[int(location)]
        if location is None and len(known) == 1:
            return known[0]
        names = ", ".join(link.attrib["name"] for link in known) or "none"
        raise InvalidInput(f"Name one of the VDCs of this organization (--location): {names}.", field="location")

    def _networks(self, vdc_href: str) -> list[Element]:
        vdc = self._api.get(xml.path_of(vdc_href), "Vdc")
        return list(xml.children(vdc, "AvailableNetworks", "Network"))

    def _wanted_networks(self, vdc: str, spec: MachineSpec) -> list[Element]:
        if not spec.networks:
            return []
        known = {each.attrib["name"]: each for each in self._networks(vdc)}
        known |= {xml.id_of(each.attrib["href"]): each for each in known.values()}
        unknown = next((each for each in spec.networks if each not in known), None)
        if unknown is not None:
            raise InvalidInput(f"The VDC has no network {unknown[:80]!r}.", field="networks")
        return [known[each] for each in spec.networks]


def _has_tools(vapp: Element) -> bool:
    vms = list(xml.children(vapp, "Children", "Vm"))
    return bool(vms) and all(xml.child(vm, "RuntimeInfoSection", "VMWareTools") is not None for vm in vms)
