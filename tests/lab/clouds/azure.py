"""Azure's service management API, after Microsoft's description of it.

https://learn.microsoft.com/en-us/previous-versions/azure/ee460799(v=azure.100)
"""

from __future__ import annotations

import base64
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

SUBSCRIPTION = "3761b98b-673d-526c-8d55-fee918758e6e"
IMAGE = "b39f27a8b8c64d52b05eac6a62ebad85__Ubuntu-14_04_1-LTS-amd64-server"
NAMESPACE = "http://schemas.microsoft.com/windowsazure"
IMAGES = {IMAGE: "Ubuntu Server 14.04 LTS", f"{IMAGE}-old": "Ubuntu Server 10.04 LTS", "mine": "my image"}
LOCATIONS = ("North Europe", "West Europe")
SERVICES = "/{sub}/services/hostedservices"


def document(name: str, inner: str) -> str:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    return f'<{name} xmlns="{NAMESPACE}" xmlns:i="{xsi}">{inner}</{name}>'


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, document("Error", f"<Code>{code}</Code><Message>{escape(message)}</Message>"))


def _e(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


class ClassicAzure(StandIn):
    """Instances act at once. `accounts` are storage accounts with their locations."""

    def __init__(self, subscription: str = SUBSCRIPTION) -> None:
        super().__init__()
        self._subscription = subscription
        self.services: dict[str, dict[str, Any]] = {}
        self.accounts = {"mystore": "West Europe"}

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("x-ms-version") is None:
            return refusal(400, "MissingOrIncorrectVersionHeader", "The versioning header is not specified.")
        if request.path.startswith(f"/{self._subscription}/"):
            return None
        return refusal(403, "ForbiddenError", "The server failed to authenticate the request.")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "ResourceNotFound", "The resource service name does not exist.")

    @route("GET", "/{sub}/locations")
    def locations(self, request: Request) -> Answer:
        sizes = "<RoleSize>Small</RoleSize>"
        able = (
            f"<ComputeCapabilities><VirtualMachinesRoleSizes>{sizes}</VirtualMachinesRoleSizes></ComputeCapabilities>"
        )
        each = (f"<Location>{_e('Name', name)}{_e('DisplayName', name)}{able}</Location>" for name in LOCATIONS)
        return Reply(200, document("Locations", "".join(each)))

    @route("GET", "/{sub}/services/images")
    def images(self, request: Request) -> Answer:
        def told(name: str, label: str) -> str:
            category = "User" if name == "mine" else "Public"
            parts = {"Category": category, "Label": label, "Name": name, "OS": "Linux"}
            return f"<OSImage>{''.join(_e(*part) for part in parts.items())}</OSImage>"

        return Reply(200, document("Images", "".join(told(*each) for each in IMAGES.items())))

    @route("GET", "/{sub}/services/vmimages")
    def machine_images(self, request: Request) -> Answer:
        return Reply(200, document("VMImages", ""))

    @route("GET", "/{sub}/services/storageservices")
    def storage(self, request: Request) -> Answer:
        def told(name: str, location: str) -> str:
            place = f"<StorageServiceProperties>{_e('Location', location)}</StorageServiceProperties>"
            return f"<StorageService>{_e('ServiceName', name)}{place}</StorageService>"

        return Reply(200, document("StorageServices", "".join(told(*each) for each in self.accounts.items())))

    @route("GET", SERVICES)
    def list(self, request: Request) -> Answer:
        each = (f"<HostedService>{self._head(name)}</HostedService>" for name in self.services)
        return Reply(200, document("HostedServices", "".join(each)))

    @route("POST", SERVICES)
    def create_service(self, request: Request) -> Answer:
        told = _fields(request.body)
        if told["ServiceName"] in self.services:
            return refusal(409, "ConflictError", "The specified DNS name is already taken.")
        if told["Location"] not in LOCATIONS:
            return refusal(400, "BadRequest", "The location constraint is not valid.")
        self.services[told["ServiceName"]] = {**told, "roles": {}, "deployment": None}
        return Reply(201)

    @route("GET", SERVICES + "/{service}")
    def show(self, request: Request) -> Answer:
        name = request.ids["service"]
        if name not in self.services:
            return self.unknown(request)
        detail = self._deployments(name) if request.query.get("embed-detail") == "True" else ""
        return Reply(200, document("HostedService", self._head(name) + detail))

    @route("DELETE", SERVICES + "/{service}")
    def delete_service(self, request: Request) -> Answer:
        gone = self.services.pop(request.ids["service"], None)
        return self.unknown(request) if gone is None else Reply(202, None, {"x-ms-request-id": "1"})

    @route("POST", SERVICES + "/{service}/deployments")
    def deploy(self, request: Request) -> Answer:
        service, told = self.services.get(request.ids["service"]), _fields(request.body)
        if service is None:
            return self.unknown(request)
        if service["roles"]:
            return refusal(409, "ConflictError", "The specified deployment slot Production is occupied.")
        if told["SourceImageName"] not in IMAGES:
            return refusal(404, "ResourceNotFound", "The image does not exist.")
        self.accounts[told["MediaLink"].split("/")[2].partition(".")[0]]
        base64.b64decode(told.get("CustomData", ""), validate=True)
        service["deployment"] = told["Name"]
        service["roles"][told["RoleName"]] = {"size": told["RoleSize"], "status": "ReadyRole"}
        return Reply(202, None, {"x-ms-request-id": "2"})

    @route("POST", SERVICES + "/{service}/deployments/{deployment}/roleinstances/{role}/Operations")
    def act(self, request: Request) -> Answer:
        role = self.services.get(request.ids["service"], {}).get("roles", {}).get(request.ids["role"])
        if role is None:
            return self.unknown(request)
        told = _fields(request.body)
        down = told.get("PostShutdownAction", "StoppedVM")
        states = {"StartRoleOperation": "ReadyRole", "RestartRoleOperation": "ReadyRole", "ShutdownRoleOperation": down}
        role["status"] = states[told["OperationType"]]
        return Reply(202, None, {"x-ms-request-id": "3"})

    @route("DELETE", SERVICES + "/{service}/deployments/{deployment}/roles/{role}")
    def delete_role(self, request: Request) -> Answer:
        self.services[request.ids["service"]]["roles"].pop(request.ids["role"])
        return Reply(202, None, {"x-ms-request-id": "4"})

    @route("DELETE", SERVICES + "/{service}/deployments/{deployment}")
    def delete_deployment(self, request: Request) -> Answer:
        self.services[request.ids["service"]]["roles"].clear()
        return Reply(202, None, {"x-ms-request-id": "5"})

    def _head(self, name: str) -> str:
        service = self.services[name]
        told = "".join(_e(part, service[part]) for part in ("Description", "Location", "Label"))
        return f"{_e('ServiceName', name)}<HostedServiceProperties>{told}</HostedServiceProperties>"

    def _deployments(self, name: str) -> str:
        service = self.services[name]
        if not service["roles"]:
            return "<Deployments/>"
        instances = "".join(
            f"<RoleInstance>{_e('RoleName', role)}{_e('InstanceName', role)}{_e('InstanceStatus', told['status'])}"
            f"{_e('InstanceSize', told['size'])}{_e('IpAddress', '10.0.0.4')}<InstanceEndpoints><InstanceEndpoint>"
            f"{_e('Name', 'SSH')}{_e('Vip', '203.0.113.7')}{_e('PublicPort', '22')}{_e('LocalPort', '22')}"
            f"</InstanceEndpoint></InstanceEndpoints>{_e('PowerState', 'Started')}</RoleInstance>"
            for role, told in service["roles"].items()
        )
        return (
            f"<Deployments><Deployment>{_e('Name', service['deployment'])}{_e('DeploymentSlot', 'Production')}"
            f"<RoleInstanceList>{instances}</RoleInstanceList>{_e('CreatedTime', '2014-05-27T15:30:01Z')}"
            f"</Deployment></Deployments>"
        )


def _fields(body: bytes) -> dict[str, str]:
    """The texts of a document by the names of what holds them; the first of each."""
    found: dict[str, str] = {}
    for element in ElementTree.fromstring(body).iter():
        found.setdefault(element.tag.removeprefix("{" + NAMESPACE + "}"), element.text or "")
    return found
