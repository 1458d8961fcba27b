"""Hetzner Cloud's API v1, as https://docs.hetzner.cloud describes it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

TOKEN = "hetzner0123456789good"
LOCATIONS = [
    {"id": 1, "name": "fsn1", "description": "Falkenstein DC Park 1", "country": "DE", "network_zone": "eu-central"},
    {"id": 3, "name": "hel1", "description": "Helsinki DC Park 1", "country": "FI", "network_zone": "eu-central"},
]
GONE = {"announced": "2023-06-01T00:00:00Z", "unavailable_after": "2023-09-01T00:00:00Z"}


def _type(id: int, name: str, cores: int, memory: float, net: str, gone: Any = None) -> dict[str, Any]:
    prices = [_price(str(place["name"]), net if place["id"] == 1 else "0.0200") for place in LOCATIONS]
    state = {"deprecation": gone, "available": True, "recommended": False}
    places = [{"id": place["id"], "name": place["name"], **state} for place in LOCATIONS]
    kind = {"cpu_type": "shared", "architecture": "x86", "storage_type": "local", "description": name.upper()}
    size = {"cores": cores, "memory": memory, "disk": 40, "prices": prices, "locations": places}
    return {"id": id, "name": name, **kind, **size}


def _price(location: str, net: str) -> dict[str, Any]:
    both = {"net": net, "gross": str(round(float(net) * 1.19, 10))}
    return {"location": location, "price_hourly": both, "price_monthly": both}


TYPES = [
    _type(1, "cx22", 2, 4.0, "0.0060"),
    _type(2, "cx32", 4, 8.0, "0.0110"),
    _type(3, "cx11", 1, 2.0, "0.0050", GONE),
]
IMAGES = [
    {"id": 11, "type": "system", "name": "debian-13", "description": "Debian 13", "architecture": "x86"},
    {"id": 12, "type": "system", "name": "debian-13", "description": "Debian 13", "architecture": "arm"},
    {"id": 13, "type": "system", "name": "ubuntu-24.04", "description": "Ubuntu 24.04", "architecture": "x86"},
    {"id": 14, "type": "app", "name": "wordpress", "description": "wordpress", "architecture": "x86"},
    {"id": 15, "type": "snapshot", "name": None, "description": "my golden image", "architecture": "x86"},
]
NETWORK = {
    "id": 4711,
    "name": "inside",
    "ip_range": "10.0.0.0/16",
    "subnets": [{"type": "cloud", "ip_range": "10.0.1.0/24", "network_zone": "eu-central", "gateway": "10.0.0.1"}],
}


class HetznerCloud(StandIn):
    """Servers act at once; at most 50 a page."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[int, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("authorization") == f"Bearer {TOKEN}":
            return None
        return refusal(401, "unauthorized", "unable to authenticate")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "not_found", "entity not found")

    @route("GET", "/v1/servers")
    def list(self, request: Request) -> Answer:
        key, _, value = request.query.get("label_selector", "").partition("==")
        found = [each for each in self.servers.values() if not key or each["labels"].get(key) == value]
        return _page(request, "servers", found)

    @route("POST", "/v1/servers")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        if any(each["name"] == wanted["name"] for each in self.servers.values()):
            return refusal(409, "uniqueness_error", "server name is already used")
        if wanted["image"] not in {key for image in IMAGES for key in (image["id"], image["name"])}:
            return refusal(404, "not_found", f"image not found: {wanted['image']}")
        if wanted["server_type"] not in [each["name"] for each in TYPES]:
            return refusal(404, "not_found", f"server type not found: {wanted['server_type']}")
        if wanted.get("location") not in [None, *(each["name"] for each in LOCATIONS)]:
            return refusal(404, "not_found", "location not found")
        self.created.append(wanted)
        server = {**self._made(wanted["name"], wanted), "status": "initializing"}
        action = _action("create_server")
        return Reply(201, {"server": server, "action": action, "next_actions": [], "root_password": "hidden"})

    @route("GET", "/v1/servers/{id}")
    def show(self, request: Request) -> Answer:
        server = self._found(request)
        return {"server": server} if server else self.unknown(request)

    @route("PUT", "/v1/servers/{id}")
    def change(self, request: Request) -> Answer:
        server = self._found(request)
        if server is None:
            return self.unknown(request)
        server["labels"] = request.json["labels"]
        return {"server": server}

    @route("DELETE", "/v1/servers/{id}")
    def destroy(self, request: Request) -> Answer:
        server = self._found(request)
        if server is None:
            return self.unknown(request)
        del self.servers[server["id"]]
        return {"action": _action("delete_server")}

    @route("POST", "/v1/servers/{id}/actions/{action}")
    def act(self, request: Request) -> Answer:
        server, action = self._found(request), request.ids["action"]
        if server is None or action not in ("poweron", "shutdown", "reboot", "change_type"):
            return self.unknown(request)
        if action == "change_type":
            if server["status"] != "off":
                return refusal(422, "server_not_stopped", "server must be stopped")
            server["server_type"] = next(each for each in TYPES if each["name"] == request.json["server_type"])
        server["status"] = {"poweron": "running", "shutdown": "off"}.get(action, server["status"])
        return Reply(201, {"action": _action(action)})

    @route("GET", "/v1/images")
    def images(self, request: Request) -> Answer:
        found = [each for each in IMAGES if each["type"] in request.queries["type"]]
        return _page(request, "images", [{**each, "created": "2026-01-30T23:50:00Z", "status": "ok"} for each in found])

    @route("GET", "/v1/server_types")
    def types(self, request: Request) -> Answer:
        return _page(request, "server_types", TYPES)

    @route("GET", "/v1/pricing")
    def pricing(self, request: Request) -> Answer:
        return {"pricing": {"currency": "EUR", "vat_rate": "19.000000"}}

    @route("GET", "/v1/locations")
    def locations(self, request: Request) -> Answer:
        return _page(request, "locations", LOCATIONS)

    @route("GET", "/v1/networks")
    def networks(self, request: Request) -> Answer:
        return _page(request, "networks", [NETWORK])

    @route("GET", "/v1/ssh_keys")
    def list_keys(self, request: Request) -> Answer:
        wanted = request.query.get("fingerprint")
        return _page(request, "ssh_keys", [each for each in self.keys if wanted in (None, each["fingerprint"])])

    @route("POST", "/v1/ssh_keys")
    def add_key(self, request: Request) -> Answer:
        wanted = request.json
        digest = hashlib.md5(base64.b64decode(wanted["public_key"].split()[1]), usedforsecurity=False).digest()
        key = {"id": len(self.keys) + 1, "fingerprint": digest.hex(":"), **wanted}
        if any(each["name"] == key["name"] or each["fingerprint"] == key["fingerprint"] for each in self.keys):
            return refusal(409, "uniqueness_error", "SSH key not unique")
        self.keys.append(key)
        return Reply(201, {"ssh_key": key})

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made(f"many-{number}", {})

    def empty(self) -> None:
        self.servers.clear()

    def _made(self, name: str, wanted: dict[str, Any]) -> dict[str, Any]:
        id = max(self.servers, default=41) + 1
        ipv4 = {"id": 1, "ip": "203.0.113.7", "blocked": False, "dns_ptr": "web.example.com"}
        ipv6 = {"id": 2, "ip": "2001:db8:0:3df1::/64", "blocked": False, "dns_ptr": []}
        inside = {"network": 4711, "ip": "10.0.1.2", "alias_ips": [], "mac_address": "86:00:ff:2a:7d:e1"}
        self.servers[id] = {
            "id": id,
            "name": name,
            "status": "running",
            "created": "2026-07-21T18:37:44+00:00",
            "public_net": {"ipv4": ipv4, "ipv6": ipv6, "floating_ips": [], "firewalls": []},
            "private_net": [inside] if wanted.get("networks") else [],
            "server_type": next((each for each in TYPES if each["name"] == wanted.get("server_type")), TYPES[0]),
            "image": IMAGES[0],
            "location": next((each for each in LOCATIONS if each["name"] == wanted.get("location")), LOCATIONS[0]),
            "labels": wanted.get("labels", {}),
            "locked": False,
            "volumes": [],
        }
        return self.servers[id]

    def _found(self, request: Request) -> dict[str, Any] | None:
        id = request.ids["id"]
        return self.servers.get(int(id)) if id.isdecimal() else None


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message, "details": None}})


def _action(command: str) -> dict[str, Any]:
    started: dict[str, Any] = {"started": "2026-07-21T18:37:44+00:00", "finished": None, "resources": [], "error": None}
    return {"id": 13, "command": command, "status": "running", "progress": 0, **started}


def _page(request: Request, key: str, items: list[Any]) -> Answer:
    size, number = min(50, int(request.query.get("per_page", 25))), int(request.query.get("page", 1))
    shown, pages = page_of(items, number, size)
    following = number + 1 if number < pages else None
    told = {"page": number, "per_page": size, "next_page": following, "last_page": pages, "total_entries": len(items)}
    return {key: shown, "meta": {"pagination": {**told, "previous_page": number - 1 or None}}}
