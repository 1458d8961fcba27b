"""A vCloud Director, as its API's reference describes it; the shapes are those of recorded answers.

Like those it names a host in its links that nobody should follow.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import Element, fromstring
from xml.sax.saxutils import quoteattr

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

USERNAME, PASSWORD, ORGANIZATION = "neo", "a-good-password", "zion"
_TOKEN = "fa5ceb5d4a4e4f0f"
_BASE = "https://vcd.example.invalid/api"
_ORG, _VDC, _NET = (f"{name}-0000-4000-8000-000000000000" for name in ("11111111", "22222222", "33333333"))
TEMPLATES = {f"vappTemplate-{number}": name for number, name in enumerate(("Debian 13", "Debian 12", "Debian 9"))}
_SPACES = (
    'xmlns="http://www.vmware.com/vcloud/v1.5" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" '
    'xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"'
)
_NUMBERS = {"POWERED_ON": 4, "POWERED_OFF": 8, "RESOLVED": 1}


class VCloudCloud(StandIn):
    """vApps act at once. `versions` is what it speaks; `tools` whether VMware's tools run in its guests."""

    def __init__(self, login: str = f"{USERNAME}@{ORGANIZATION}", password: str = PASSWORD) -> None:
        super().__init__()
        self._basic = "Basic " + b64encode(f"{login}:{password}".encode()).decode()
        self.vapps: dict[str, dict[str, Any]] = {}
        self.versions = ["5.1", "36.3", "38.0", "39.0.0-alpha"]
        self.tools = True
        self.told = {"ipAddress": "10.0.0.7"}  # what records of VMs tell beside the rest: older ones no address
        self.composed: list[Element] = []

    def authorize(self, request: Request) -> Reply | None:
        if request.path == "/api/versions":
            return None
        if request.path == "/api/sessions":
            good = request.headers.get("authorization") == self._basic
        else:
            good = request.headers.get("x-vcloud-authorization") == _TOKEN
        good = good and request.headers.get("accept", "").startswith("application/*+xml;version=")
        return None if good else _error(401, "UNAUTHORIZED", "This operation is denied.")

    def unknown(self, request: Request) -> Answer:
        return _error(403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", f"[ 1 ] No access to entity {request.path}.")

    @route("GET", "/api/versions")
    def speak(self, request: Request) -> Answer:
        told = "".join(f"<VersionInfo><Version>{each}</Version></VersionInfo>" for each in self.versions)
        return Reply(
            200, f'<SupportedVersions xmlns="http://www.vmware.com/vcloud/versions">{told}</SupportedVersions>'
        )

    @route("POST", "/api/sessions")
    def sign_in(self, request: Request) -> Answer:
        return Reply(200, _document("Session", user=USERNAME), {"x-vcloud-authorization": _TOKEN})

    @route("DELETE", "/api/session")
    def sign_out(self, request: Request) -> Answer:
        return None

    @route("GET", "/api/org")
    def orgs(self, request: Request) -> Answer:
        return Reply(200, _document("OrgList", f'<Org name="{ORGANIZATION}" href="{_BASE}/org/{_ORG}"/>'))

    @route("GET", f"/api/org/{_ORG}")
    def org(self, request: Request) -> Answer:
        kind = "application/vnd.vmware.vcloud.vdc+xml"
        return Reply(200, _document("Org", f'<Link rel="down" type="{kind}" name="main" href="{_BASE}/vdc/{_VDC}"/>'))

    @route("GET", f"/api/vdc/{_VDC}")
    def vdc(self, request: Request) -> Answer:
        network = f'<AvailableNetworks><Network name="front" href="{_BASE}/network/{_NET}"/></AvailableNetworks>'
        return Reply(200, _document("Vdc", network))

    @route("GET", "/api/query")
    def query(self, request: Request) -> Answer:
        wanted = request.query
        records = {"vApp": self._vapp_records, "vm": self._vm_records, "vAppTemplate": self._template_records}
        found = records[wanted["type"]]()
        name = re.fullmatch(r"name==\*(.*)", wanted.get("filter", ""))
        found = [each for each in found if name is None or each["name"].endswith(name[1])]
        shown, _ = page_of(found, int(wanted["page"]), min(50, int(wanted["pageSize"])))
        kind = {"vApp": "VAppRecord", "vm": "VMRecord", "vAppTemplate": "VAppTemplateRecord"}[wanted["type"]]
        lines = "".join(f"<{kind} {_attributes(each)}/>" for each in shown)
        return Reply(200, _document("QueryResultRecords", lines, total=str(len(found)), page=wanted["page"]))

    @route("GET", "/api/vAppTemplate/{id}")
    def template(self, request: Request) -> Answer:
        if request.ids["id"] not in TEMPLATES:
            return self.unknown(request)
        vm = f'<Children><Vm name="golden" href="{_BASE}/vAppTemplate/vm-9"/></Children>'
        return Reply(200, _document("VAppTemplate", vm, href=f"{_BASE}{request.path.removeprefix('/api')}"))

    @route("POST", f"/api/vdc/{_VDC}/action/composeVApp")
    def compose(self, request: Request) -> Answer:
        root = fromstring(request.body)
        self.composed.append(root)
        if root.attrib["name"] in {each["name"] for each in self.vapps.values()}:
            return _error(400, "DUPLICATE_NAME", "The VCD entity already exists.")
        vm = next(each.text for each in root.iter() if each.tag.endswith("}Name"))
        made = self._vapp(root.attrib["name"], str(vm))
        amounts = [each.text for each in root.iter() if each.tag.endswith("}VirtualQuantity")]
        made["size"] = [str(each) for each in amounts] or made["size"]
        early = {**made, "status": "UNRESOLVED", "deployed": "false"}
        return Reply(201, _document("VApp", "<Tasks/>", **_outside(early), status="0"))

    @route("GET", "/api/vApp/{id}")
    def show(self, request: Request) -> Answer:
        found = self.vapps.get(request.ids["id"])
        return Reply(200, self._shown(found)) if found else self.unknown(request)

    @route("DELETE", "/api/vApp/{id}")
    def delete(self, request: Request) -> Answer:
        found = self.vapps.get(request.ids["id"])
        if found is None:
            return self.unknown(request)
        forced = request.query.get("force") == "true" and request.headers["accept"].endswith("=36.3")
        if found["deployed"] == "true" and not forced:
            return _error(400, "BAD_REQUEST", "The vApp is running and cannot be deleted.")
        del self.vapps[request.ids["id"]]
        return _task()

    @route("POST", "/api/vApp/{id}/power/action/{action}")
    def power(self, request: Request) -> Answer:
        found = self.vapps.get(request.ids["id"])
        if found is None:
            return self.unknown(request)
        if (found["status"] == "POWERED_ON") is (request.ids["action"] == "powerOn"):
            return _error(400, "INVALID_STATE", "The requested operation could not be executed.")
        found |= {"status": "POWERED_ON", "deployed": "true"}
        return _task()

    @route("POST", "/api/vApp/{id}/action/undeploy")
    def undeploy(self, request: Request) -> Answer:
        found = self.vapps.get(request.ids["id"])
        if found is None:
            return self.unknown(request)
        if b"shutdown" in request.body and not self.tools:
            failed = '<Error majorErrorCode="500" message="VMware Tools is not running."/>'
            return Reply(202, _document("Task", failed, status="error"))
        found |= {"status": "POWERED_OFF", "deployed": "false"}
        return _task()

    @route("POST", "/api/vApp/{vm}/action/reconfigureVm")
    def reconfigure(self, request: Request) -> Answer:
        found = self.vapps[request.ids["vm"].replace("vm-", "vapp-")]
        amounts = [each.text for each in fromstring(request.body).iter() if each.tag.endswith("}VirtualQuantity")]
        found["size"] = [str(each) for each in amounts]
        return _task()

    def fill(self, count: int) -> None:
        for number in range(count):
            self._vapp(f"many-{number}", f"many-{number}")

    def empty(self) -> None:
        self.vapps.clear()

    def _vapp(self, name: str, vm: str) -> dict[str, Any]:
        id = str(uuid4())
        made = {"id": id, "name": name, "vm": vm, "status": "POWERED_ON", "deployed": "true", "size": ["1", "1024"]}
        return self.vapps.setdefault(f"vapp-{id}", made)

    def _vapp_records(self) -> list[dict[str, str]]:
        vdc = f"{_BASE}/vdc/{_VDC}"
        return [
            {"name": each["name"], "href": f"{_BASE}/vApp/{id}", "vdc": vdc, "status": each["status"]}
            | {"creationDate": "2026-07-21T18:37:44.123+02:00"}
            for id, each in self.vapps.items()
        ]

    def _vm_records(self) -> list[dict[str, str]]:
        return [
            {
                "name": each["vm"],
                "href": f"{_BASE}/vApp/vm-{each['id']}",
                "container": f"{_BASE}/vApp/{id}",
                "containerName": each["name"],
                "status": each["status"],
                "numberOfCpus": each["size"][0],
                "memoryMB": each["size"][1],
                **self.told,
            }
            for id, each in self.vapps.items()
        ]

    def _template_records(self) -> list[dict[str, str]]:
        return [
            {"name": name, "href": f"{_BASE}/vAppTemplate/{id}", "catalogName": "public"}
            for id, name in TEMPLATES.items()
        ]

    def _shown(self, each: dict[str, Any]) -> str:
        """With the password that the vendor shows in it."""
        hardware = "".join(
            f"<ovf:Item><rasd:InstanceID>{kind}</rasd:InstanceID><rasd:ResourceType>{kind}</rasd:ResourceType>"
            f"<rasd:VirtualQuantity>{amount}</rasd:VirtualQuantity></ovf:Item>"
            for kind, amount in zip((3, 4), each["size"], strict=True)
        )
        tools = "<RuntimeInfoSection><VMWareTools version='8290'/></RuntimeInfoSection>" if self.tools else ""
        vm = (
            f"<Vm name={quoteattr(each['vm'])} href='{_BASE}/vApp/vm-{each['id']}'>"
            f"<ovf:VirtualHardwareSection><ovf:Info/>{hardware}</ovf:VirtualHardwareSection>"
            "<NetworkConnectionSection><NetworkConnection network='front'><IpAddress>10.0.0.7</IpAddress>"
            "<ExternalIpAddress>65.41.67.9</ExternalIpAddress></NetworkConnection></NetworkConnectionSection>"
            f"<GuestCustomizationSection><AdminPassword>sN#9QH9#</AdminPassword></GuestCustomizationSection>{tools}</Vm>"
        )
        inside = f"<Link rel='up' href='{_BASE}/vdc/{_VDC}'/><Children>{vm}</Children>"
        return _document("VApp", inside, **_outside(each), status=str(_NUMBERS[each["status"]]))


def _outside(each: dict[str, Any]) -> dict[str, str]:
    return {"name": each["name"], "deployed": each["deployed"], "href": f"{_BASE}/vApp/vapp-{each['id']}"}


def _document(tag: str, inside: str = "", /, **attributes: str) -> str:
    return f"<{tag} {_SPACES} {_attributes(attributes)}>{inside}</{tag}>"


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(value)}" for name, value in values.items())


def _task() -> Reply:
    return Reply(202, _document("Task", status="running"))


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, _document("Error", majorErrorCode=str(status), minorErrorCode=code, message=message))


def refusal(status: int, code: str, message: str) -> Reply:
    """An error as the vendor writes it."""
    return _error(status, code, message)
