"""UpCloud's API 1.3, as https://developers.upcloud.com/1.3/ describes it."""

from __future__ import annotations

import base64
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

TOKEN = "ucat_01GOOD"
USER, PASSWORD = "api-user", "api-p\u00e4ssword"
DEBIAN, UBUNTU, OWN = (f"01000000-0000-4000-8000-0000200{number}00" for number in ("800", "802", "999"))
TEMPLATES = [
    {"uuid": DEBIAN, "title": "Debian GNU/Linux 13 (Trixie)", "access": "public", "size": 3},
    {"uuid": UBUNTU, "title": "Ubuntu Server 24.04 LTS (Noble Numbat)", "access": "public", "size": 4},
    {"uuid": OWN, "title": "my golden image", "access": "private", "size": 10},
]
PLANS = [
    {"name": "1xCPU-1GB", "core_number": 1, "memory_amount": 1024, "storage_size": 25, "storage_tier": "maxiops"},
    {"name": "2xCPU-4GB", "core_number": 2, "memory_amount": 4096, "storage_size": 80, "storage_tier": "maxiops"},
    {"name": "CLOUDNATIVE-1xCPU-4GB", "core_number": 1, "memory_amount": 4096, "storage_size": 0, "storage_tier": None},
]
ZONES = [
    {"id": "fi-hel1", "description": "Helsinki #1", "public": "yes"},
    {"id": "uk-lon1", "description": "London #1", "public": "yes"},
    {"id": "uk-tst1", "description": "Test Cloud #1", "public": "no"},
]
PRICES = [
    {"name": "fi-hel1", "server_core": {"amount": 1, "price": 1.3}, "server_plan_1xCPU-1GB": {"price": 0.744}},
    {"name": "uk-lon1", "server_plan_1xCPU-1GB": {"price": 0.8}, "server_plan_2xCPU-4GB": {"price": 2.976}},
]
NETWORK = {
    "uuid": "037e40d7-399a-4575-a1af-b688836bff80",
    "name": "inside",
    "type": "private",
    "zone": "fi-hel1",
    "ip_networks": {"ip_network": [{"address": "172.16.0.0/22", "family": "IPv4"}]},
}
EVERYBODYS = {"uuid": "03000000-0000-4000-8001-000000000000", "name": "Public", "type": "public", "zone": "fi-hel1"}


class UpCloudCloud(StandIn):
    """Servers act at once; lists come whole."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []

    def authorize(self, request: Request) -> Reply | None:
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") in (f"Bearer {TOKEN}", f"Basic {pair}"):
            return None
        return refusal(401, "AUTHENTICATION_FAILED", "Authentication failed using the given username and password.")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "NOT_FOUND", "Resource not found.")

    @route("GET", "/1.3/account")
    def account(self, request: Request) -> Answer:
        return {"account": {"credits": 9972.2, "username": USER, "resource_limits": {"cores": 200}}}

    @route("GET", "/1.3/account/details/{user}")
    def details(self, request: Request) -> Answer:
        return {"account": {"username": request.ids["user"], "type": "main", "currency": "EUR"}}

    @route("GET", "/1.3/server")
    def list(self, request: Request) -> Answer:
        key, _, value = request.query.get("label", "").partition("=")
        wanted = {"key": key, "value": value}
        found = [each for each in self.servers.values() if not key or wanted in each["labels"]["label"]]
        left_out = ("ip_addresses", "storage_devices", "networking")
        short = [{name: value for name, value in each.items() if name not in left_out} for each in found]
        return {"servers": {"server": short}}

    @route("GET", "/1.3/ip_address")
    def addresses(self, request: Request) -> Answer:
        found = [
            {**address, "server": server["uuid"]}
            for server in self.servers.values()
            for address in server["ip_addresses"]["ip_address"]
        ]
        floating = {"address": "198.51.100.9", "access": "public", "family": "IPv4", "server": None}
        return {"ip_addresses": {"ip_address": [*found, floating]}}

    @route("POST", "/1.3/server")
    def create(self, request: Request) -> Answer:
        wanted = request.json["server"]
        refused = _wrong(wanted)
        if refused is not None:
            return refused
        self.created.append(wanted)
        server = self._made(wanted["title"], wanted)
        secrets = {"password": "777gznbm", "remote_access_password": "G4FvMjvg", "state": "maintenance"}
        return Reply(202, {"server": {**server, **secrets}})

    @route("GET", "/1.3/server/{id}")
    def show(self, request: Request) -> Answer:
        server = self._found(request)
        return {"server": server} if isinstance(server, dict) else server

    @route("PUT", "/1.3/server/{id}")
    def change(self, request: Request) -> Answer:
        server, wanted = self._found(request), request.json["server"]
        if isinstance(server, Reply):
            return server
        if "plan" in wanted and server["state"] != "stopped":
            return _illegal(server)
        server |= wanted
        return Reply(202, {"server": server})

    @route("DELETE", "/1.3/server/{id}")
    def destroy(self, request: Request) -> Answer:
        server = self._found(request)
        if isinstance(server, Reply):
            return server
        if server["state"] != "stopped":
            return _illegal(server)
        del self.servers[server["uuid"]]
        return None

    @route("POST", "/1.3/server/{id}/{action}")
    def act(self, request: Request) -> Answer:
        server, action = self._found(request), request.ids["action"]
        if isinstance(server, Reply):
            return server
        if server["state"] != {"start": "stopped", "stop": "started", "restart": "started"}[action]:
            return _illegal(server)
        before = dict(server)
        server["state"] = "stopped" if action == "stop" else "started"
        return {"server": before}

    @route("GET", "/1.3/storage/template")
    def templates(self, request: Request) -> Answer:
        return {"storages": {"storage": [{**each, "type": "template", "state": "online"} for each in TEMPLATES]}}

    @route("GET", "/1.3/plan")
    def plans(self, request: Request) -> Answer:
        return {"plans": {"plan": PLANS}}

    @route("GET", "/1.3/price")
    def prices(self, request: Request) -> Answer:
        return {"prices": {"zone": PRICES}}

    @route("GET", "/1.3/zone")
    def zones(self, request: Request) -> Answer:
        return {"zones": {"zone": ZONES}}

    @route("GET", "/1.3/network")
    def networks(self, request: Request) -> Answer:
        return {"networks": {"network": [EVERYBODYS, NETWORK]}}

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made(f"many-{number}", {})

    def empty(self) -> None:
        self.servers.clear()

    def _made(self, title: str, wanted: dict[str, Any]) -> dict[str, Any]:
        uuid = f"00814aac-240f-4f08-9139-{len(self.servers) + len(self.seen):012x}"
        self.servers[uuid] = {
            "uuid": uuid,
            "title": title,
            "hostname": wanted.get("hostname", title),
            "state": "started",
            "plan": wanted.get("plan", "1xCPU-1GB"),
            "core_number": "1",
            "memory_amount": "1024",
            "zone": wanted.get("zone", "fi-hel1"),
            "created": 1784659064,
            "labels": wanted.get("labels", {"label": []}),
            "tags": {"tag": []},
            "ip_addresses": {
                "ip_address": [
                    {"access": "utility", "address": "10.6.2.151", "family": "IPv4"},
                    {"access": "public", "address": "203.0.113.7", "family": "IPv4"},
                    {"access": "public", "address": "2001:db8:1000:720::1", "family": "IPv6"},
                ]
            },
            "storage_devices": {"storage_device": []},
        }
        return self.servers[uuid]

    def _found(self, request: Request) -> dict[str, Any] | Reply:
        id = request.ids["id"]
        if len(id) != 36:
            return refusal(400, "SERVER_INVALID", "The server UUID is invalid.")
        missing = refusal(404, "SERVER_NOT_FOUND", f"The server {id} does not exist.")
        return self.servers.get(id, missing)


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"error_code": code, "error_message": message}})


def _illegal(server: dict[str, Any]) -> Reply:
    return refusal(409, "SERVER_STATE_ILLEGAL", f"The server {server['uuid']} is in state {server['state']}.")


def _wrong(wanted: dict[str, Any]) -> Reply | None:
    """The refusal of a create."""
    if wanted["zone"] not in [each["id"] for each in ZONES]:
        return refusal(404, "ZONE_NOT_FOUND", f"The zone {wanted['zone']} does not exist.")
    (disk,) = wanted["storage_devices"]["storage_device"]
    if disk["storage"] not in [each["uuid"] for each in TEMPLATES]:
        return refusal(404, "STORAGE_NOT_FOUND", f"The storage {disk['storage']} does not exist.")
    if wanted["metadata"] != "yes":
        return refusal(409, "METADATA_DISABLED_ON_CLOUD-INIT", "Cloud-init templates need the metadata service.")
    if any(not 2 <= len(label["key"]) <= 32 for label in wanted["labels"]["label"]):
        return refusal(400, "INVALID_LABEL_KEY", "Label key must be between 2 and 32 characters.")
    return None
