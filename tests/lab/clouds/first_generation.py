"""Rackspace's first generation of servers, as the sample code in its documentation shows it, in XML.

https://docs.rackspace.com/docs/first-generation-cloud-servers-sample-code
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from tests.lab.clouds.keystone import PASSWORD, PROJECT_ID, USERNAME
from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

SPACE = "http://docs.rackspacecloud.com/servers/api/v1.0"
BASE = f"/v1.0/{PROJECT_ID}"
TOKEN = "fe011c19"
PAGE = 50
FLAVORS = ({"id": "1", "name": "256 slice", "ram": "256", "disk": "10"},)
FLAVORS += ({"id": "2", "name": "512 slice", "ram": "512", "disk": "20"},)
IMAGES = ({"id": "104", "name": "Debian 6 (Squeeze)", "status": "ACTIVE"},)
IMAGES += ({"id": "9001", "name": "my backup", "status": "ACTIVE", "serverId": "1"},)


class FirstGenerationCloud(StandIn):
    """Servers act at once, but for a resize, which waits to be confirmed."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}

    def authorize(self, request: Request) -> Reply | None:
        signing_in = request.path == "/v1.0" and request.headers.get("x-auth-user") == USERNAME
        if signing_in and request.headers.get("x-auth-key") == PASSWORD:
            return None
        if request.path != "/v1.0" and request.headers.get("x-auth-token") == TOKEN:
            return None
        return Reply(401, "Unauthorized")

    def unknown(self, request: Request) -> Answer:
        return fault(404, "itemNotFound", "Not Found")

    @route("GET", "/v1.0")
    def sign_in(self, request: Request) -> Answer:
        host = request.headers["host"]
        return Reply(204, None, {"X-Auth-Token": TOKEN, "X-Server-Management-Url": f"http://{host}{BASE}"})

    @route("GET", BASE + "/servers")
    @route("GET", BASE + "/servers/detail")
    def list(self, request: Request) -> Answer:
        start, size = int(request.query.get("offset", 0)), min(PAGE, int(request.query.get("limit", PAGE)))
        shown = list(self.servers.values())[start : start + size]
        return _written("servers", [_server(each) for each in shown])

    @route("POST", BASE + "/servers")
    def create(self, request: Request) -> Answer:
        wanted = fromstring(request.body)
        if wanted.get("imageId") not in {each["id"] for each in IMAGES}:
            return fault(400, "badRequest", "Invalid imageId")
        meta = {str(each.get("key")): each.text or "" for each in wanted.iter(f"{{{SPACE}}}meta")}
        if len(meta) > 5:
            return fault(413, "overLimit", "Metadata limit exceeded")
        files = {str(each.get("path")): each.text or "" for each in wanted.iter(f"{{{SPACE}}}file")}
        made = self.made(str(wanted.get("name")), str(wanted.get("flavorId")), meta, files)
        return _shown(202, _server(made))

    @route("GET", BASE + "/servers/{id}")
    def show(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        return _shown(200, _server(server)) if server else self.unknown(request)

    @route("DELETE", BASE + "/servers/{id}")
    def destroy(self, request: Request) -> Answer:
        return Reply(202, None) if self.servers.pop(request.ids["id"], None) else self.unknown(request)

    @route("POST", BASE + "/servers/{id}/action")
    def act(self, request: Request) -> Answer:
        server, what = self.servers.get(request.ids["id"]), fromstring(request.body)
        if server is None:
            return self.unknown(request)
        name = what.tag.removeprefix(f"{{{SPACE}}}")
        if name == "resize":
            server |= {"flavorId": what.get("flavorId"), "status": "VERIFY_RESIZE"}
        elif name == "confirmResize":
            server["status"] = "ACTIVE"
        server["did"] = [*server["did"], name]
        return Reply(202, None)

    @route("GET", BASE + "/flavors/detail")
    def flavors(self, request: Request) -> Answer:
        shown = FLAVORS[int(request.query.get("offset", 0)) :]
        return _written("flavors", [Element("flavor", dict(each)) for each in shown])

    @route("GET", BASE + "/images/detail")
    def images(self, request: Request) -> Answer:
        shown = IMAGES[int(request.query.get("offset", 0)) :]
        return _written("images", [Element("image", dict(each)) for each in shown])

    def made(self, name: str, flavor: str, metadata: dict[str, str], files: dict[str, str]) -> dict[str, Any]:
        id = str(len(self.servers) + 72258)
        server = {"id": id, "name": name, "status": "ACTIVE", "flavorId": flavor, "imageId": "104"}
        self.servers[id] = {**server, "metadata": metadata, "files": files, "did": []}
        return self.servers[id]


def fault(status: int, code: str, message: str) -> Reply:
    root = Element(code, {"xmlns": SPACE, "code": str(status)})
    SubElement(root, "message").text = message
    return _shown(status, root)


def _server(server: dict[str, Any]) -> Element:
    shown = Element("server", {name: server[name] for name in ("id", "name", "status", "flavorId", "imageId")})
    metadata = SubElement(shown, "metadata")
    for key, value in server["metadata"].items():
        SubElement(metadata, "meta", {"key": key}).text = value
    addresses = SubElement(shown, "addresses")
    SubElement(SubElement(addresses, "public"), "ip", {"addr": "67.23.21.33"})
    SubElement(SubElement(addresses, "private"), "ip", {"addr": "10.176.168.218"})
    return shown


def _written(name: str, items: Any) -> Reply:
    root = Element(name)
    root.extend(items)
    return _shown(200, root)


def _shown(status: int, root: Element) -> Reply:
    root.set("xmlns", SPACE)
    return Reply(status, tostring(root))
