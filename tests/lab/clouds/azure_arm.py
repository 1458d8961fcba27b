"""Azure Resource Manager and its service for tokens, as https://learn.microsoft.com/en-us/rest/api/azure/ describes."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.lab.clouds.azure_arm_offers import LOCATIONS, MARKET, SIZES, sku
from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
SUBSCRIPTION = "33333333-3333-3333-3333-333333333333"
SECRET = "sec~ret"
WHOLE = f"/subscriptions/{SUBSCRIPTION}"
TOKEN = f"/{TENANT}/oauth2/v2.0/token"
_IN_GROUP = "/subscriptions/{sub}/resourceGroups/{group}"


def refusal(status: int, code: str, message: str, *details: dict[str, str]) -> Reply:
    error: dict[str, Any] = {"code": code, "message": message}
    return Reply(status, {"error": error | ({"details": list(details)} if details else {})})


class AzureCloud(StandIn):
    """Machines act at once; at most 50 a page. `held` keeps what deployments make until `finish` is called."""

    def __init__(self) -> None:
        super().__init__()
        self.things: dict[str, dict[str, Any]] = {}  # by type and path, in lower case
        self.held = False
        self.failing: dict[str, Any] | None = None

    def authorize(self, request: Request) -> Reply | None:
        if request.path == TOKEN:
            return None
        if request.headers.get("authorization") != "Bearer eyJ.good":
            return refusal(401, "InvalidAuthenticationToken", "The access token is invalid.")
        if not request.path.startswith(WHOLE):
            return refusal(404, "SubscriptionNotFound", "The subscription could not be found.")
        return None if "api-version" in request.query else refusal(400, "MissingApiVersionParameter", "No api-version.")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "ResourceNotFound", f"The Resource '{request.path}' was not found.")

    @route("POST", "/{tenant}/oauth2/v2.0/token")
    def token(self, request: Request) -> Answer:
        form = request.form
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            words = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2"
            return Reply(401, {"error": "invalid_client", "error_description": words})
        if form.get("grant_type") != "client_credentials" or not form.get("scope", "").endswith("/.default"):
            return Reply(400, {"error": "invalid_scope", "error_description": "AADSTS70011"})
        return {"access_token": "eyJ.good", "expires_in": 3599, "token_type": "Bearer"}

    @route("GET", "/subscriptions/{sub}/locations")
    def locations(self, request: Request) -> Answer:
        return {"value": LOCATIONS}

    @route("GET", "/subscriptions/{sub}/providers/Microsoft.Compute/skus")
    def skus(self, request: Request) -> Answer:
        return self._page(request, [sku(name, *told) for name, told in SIZES.items()])

    @route("GET", "/subscriptions/{sub}/providers/Microsoft.Compute/locations/{location}/publishers")
    def publishers(self, request: Request) -> Answer:
        return [{"name": name} for name in MARKET]

    @route(
        "GET",
        "/subscriptions/{sub}/providers/Microsoft.Compute/locations/{location}/publishers/{p}/artifacttypes/vmimage/offers",
    )
    def offers(self, request: Request) -> Answer:
        found = MARKET.get(request.ids["p"])
        return self.unknown(request) if found is None else [{"name": name} for name in found]

    @route(
        "GET",
        "/subscriptions/{sub}/providers/Microsoft.Compute/locations/{location}/publishers/{p}"
        "/artifacttypes/vmimage/offers/{o}/skus",
    )
    def image_skus(self, request: Request) -> Answer:
        return [{"name": name} for name in MARKET[request.ids["p"]].get(request.ids["o"], [])]

    @route("GET", "/subscriptions/{sub}/providers/{vendor}/{kind}")
    def things_of_whole(self, request: Request) -> Answer:
        return self._list(request, WHOLE)

    @route("GET", _IN_GROUP + "/providers/{vendor}/{kind}")
    def things_of_group(self, request: Request) -> Answer:
        return self._list(request, f"{WHOLE}/resourceGroups/{request.ids['group']}")

    @route("GET", _IN_GROUP)
    def show_group(self, request: Request) -> Answer:
        found = self.things.get(request.path.lower())
        return found or refusal(404, "ResourceGroupNotFound", "Resource group could not be found.")

    @route("PUT", _IN_GROUP)
    def put_group(self, request: Request) -> Answer:
        self.things[request.path.lower()] = {"id": request.path, **request.json}
        return Reply(201, self.things[request.path.lower()])

    @route("GET", _IN_GROUP + "/providers/{vendor}/{kind}/{name}")
    def show(self, request: Request) -> Answer:
        found = self.things.get(request.path.lower())
        if found is None:
            return self.unknown(request)
        expanded = request.query.get("$expand") == "instanceView" or request.ids["kind"] != "virtualMachines"
        return found if expanded else _model(found)

    @route("GET", _IN_GROUP + "/providers/Microsoft.Compute/virtualMachines/{name}/instanceView")
    def show_view(self, request: Request) -> Answer:
        found = self.things.get(request.path.lower().removesuffix("/instanceview"))
        return self.unknown(request) if found is None else found["properties"]["instanceView"]

    @route("PUT", _IN_GROUP + "/providers/Microsoft.Compute/virtualMachines/{name}")
    def put_machine(self, request: Request) -> Answer:
        if request.headers.get("if-none-match") == "*" and request.path.lower() in self.things:
            return refusal(
                412, "PreconditionFailed", "The condition '*' in the If-None-Match header was not satisfied."
            )
        return self._refuses(request.json) or Reply(201, _model(self._put_machine(request.path, request.json)))

    @route("PUT", _IN_GROUP + "/providers/Microsoft.Resources/deployments/{name}")
    def deploy(self, request: Request) -> Answer:
        """https://learn.microsoft.com/en-us/rest/api/resources/deployments/create-or-update"""
        parts = request.json["properties"]["template"]["resources"]
        root = request.path.partition("/providers/")[0]
        if root.lower() not in self.things:
            return refusal(404, "ResourceGroupNotFound", "Resource group could not be found.")
        machine = next(part for part in parts if part["type"].endswith("virtualMachines"))
        refused = self._refuses(machine)
        if refused is not None:
            inner = refused.body["error"]
            return refusal(400, "InvalidTemplateDeployment", "The template deployment is not valid.", inner)
        state: dict[str, Any] = {"provisioningState": "Running" if self.held else "Succeeded"}
        if self.failing:
            state = {"provisioningState": "Failed", "error": self.failing}
        made_by = {"id": request.path, "name": request.ids["name"], "tags": request.json["tags"], "properties": state}
        self.things[request.path.lower()] = made_by
        for part in () if self.failing or self.held else parts:
            path = f"{root}/providers/{part['type']}/{part['name']}"
            if part is machine:
                self._put_machine(path, part)
            else:
                self.things[path.lower()] = {"id": path, **part}
        return Reply(201, made_by)

    @route("POST", _IN_GROUP + "/providers/Microsoft.Compute/virtualMachines/{name}/{order}")
    def act(self, request: Request) -> Answer:
        path, _, order = request.path.rpartition("/")
        machine = self.things.get(path.lower())
        if machine is None:
            return self.unknown(request)
        power = {"start": "running", "deallocate": "deallocated", "restart": "running"}[order]
        if order == "restart" and _power(machine) != "running":
            return refusal(409, "OperationNotAllowed", "Cannot restart a VM that is not running.")
        machine["properties"]["instanceView"] = _view(power)
        return Reply(202)

    @route("PATCH", _IN_GROUP + "/providers/Microsoft.Compute/virtualMachines/{name}")
    def update(self, request: Request) -> Answer:
        machine = self.things.get(request.path.lower())
        if machine is None:
            return self.unknown(request)
        machine["properties"]["hardwareProfile"] = request.json["properties"]["hardwareProfile"]
        return _model(machine)

    @route("PATCH", _IN_GROUP + "/providers/{vendor}/{kind}/{name}/providers/Microsoft.Resources/tags/default")
    def tag(self, request: Request) -> Answer:
        machine = self.things.get(request.path.lower().rpartition("/providers/")[0])
        if machine is None:
            return self.unknown(request)
        named = request.json["properties"]["tags"]
        if request.json["operation"] == "Merge":
            machine["tags"] |= named
        else:
            machine["tags"] = {key: value for key, value in machine["tags"].items() if key not in named}
        return {"properties": {"tags": machine["tags"]}}

    @route("DELETE", _IN_GROUP + "/providers/{vendor}/{kind}/{name}")
    def delete(self, request: Request) -> Answer:
        """What a machine was made with goes with it, where that was said when it was made."""
        found = self.things.pop(request.path.lower(), None)
        if found is None:
            return self.unknown(request) if request.ids["kind"] == "virtualMachines" else None
        for path in [key for key, thing in self.things.items() if thing.get("goes_with") == found["id"].lower()]:
            del self.things[path]
        return Reply(202)

    def fill(self, count: int) -> None:
        for number in range(count):
            wanted = {
                "location": "westeurope",
                "tags": {},
                "properties": {"hardwareProfile": {"vmSize": "Standard_B1s"}},
            }
            self._put_machine(
                f"{WHOLE}/resourceGroups/many/providers/Microsoft.Compute/virtualMachines/m{number}", wanted
            )

    def empty(self) -> None:
        """Without the machines of `fill`."""
        for path in [path for path in self.things if "/resourcegroups/many/" in path]:
            del self.things[path]

    def _refuses(self, wanted: dict[str, Any]) -> Reply | None:
        reference = wanted["properties"]["storageProfile"]["imageReference"]
        if reference.get("sku") not in MARKET.get(reference.get("publisher", ""), {}).get(reference.get("offer"), ()):
            return refusal(404, "PlatformImageNotFound", "The platform image is not available.")
        if wanted["properties"]["hardwareProfile"]["vmSize"] not in SIZES:
            return refusal(400, "InvalidParameter", "The value of parameter vmSize is invalid.")
        return None

    def _put_machine(self, path: str, wanted: dict[str, Any]) -> dict[str, Any]:
        """With the interface and the address that its profile asks for."""
        root, name = path.partition("/providers/")[0], path.rpartition("/")[2]
        properties = {**wanted["properties"], "vmId": f"id-of-{name}", "provisioningState": "Succeeded"}
        properties |= {"timeCreated": "2026-07-21T18:37:44.1234567+00:00", "instanceView": _view("running")}
        told = properties.pop("networkProfile", {}).get("networkInterfaceConfigurations", [])
        interfaces = []
        for each in told:
            place = each["properties"]["ipConfigurations"][0]["properties"]
            address = f"{root}/providers/Microsoft.Network/publicIPAddresses/{name}-ip"
            interface = f"{root}/providers/Microsoft.Network/networkInterfaces/{each['name']}"
            given: dict[str, Any] = {"privateIPAddress": "10.77.0.4"}
            if "publicIPAddressConfiguration" in place:
                full = {"id": address, "properties": {"ipAddress": "203.0.113.7"}, "goes_with": path.lower()}
                self.things[address.lower()] = full
                given["publicIPAddress"] = {"id": address, "properties": full["properties"]}
            self.things[interface.lower()] = {
                "id": interface,
                "properties": {"ipConfigurations": [{"properties": given}]},
                "goes_with": path.lower(),
            }
            interfaces.append({"id": interface})
        properties["networkProfile"] = {"networkInterfaces": interfaces}
        kept = {key: value for key, value in wanted.items() if key in ("location", "tags", "zones")}
        self.things[path.lower()] = {"id": path, "name": name, **kept, "properties": properties}
        return self.things[path.lower()]

    def _list(self, request: Request, root: str) -> Answer:
        kind = f"/providers/{request.ids['vendor']}/{request.ids['kind']}/".lower()
        found = [thing for path, thing in self.things.items() if kind in path and path.startswith(root.lower() + "/")]
        return self._page(request, found)

    def _page(self, request: Request, items: list[Any]) -> Answer:
        number = int(request.query.get("$skiptoken", "1"))
        shown, pages = page_of(items, number, 50)
        kept = {**request.query, "$skiptoken": str(number + 1)}
        query = "&".join(f"{name}={quote(value)}" for name, value in kept.items())
        more = {"nextLink": f"https://management.azure.com:443{request.path}?{query}"} if number < pages else {}
        full = request.query.get("statusOnly") == "true"
        return {"value": [each if full or "properties" not in each else _model(each) for each in shown], **more}


def _view(power: str) -> dict[str, Any]:
    return {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": f"PowerState/{power}"}]}


def _power(machine: dict[str, Any]) -> str:
    return str(machine["properties"]["instanceView"]["statuses"][1]["code"]).partition("/")[2]


def _model(machine: dict[str, Any]) -> dict[str, Any]:
    """Without what only an expanded answer holds."""
    properties = {key: value for key, value in machine["properties"].items() if key != "instanceView"}
    return {**machine, "properties": properties}
