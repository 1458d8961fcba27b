"""NephoScale's REST API as clients of its time used it; the shapes are those of the recorded answers."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

USERNAME, PASSWORD = "neo", "a-good-password"
IMAGES = {
    49: "Linux Ubuntu Server 10.04 LTS 64-bit",
    75: "Linux Ubuntu Server 12.04 LTS 64-bit",
    43: "Linux Debian Server 5.05 64-bit",
}
ZONES = [{"id": 86945, "name": "SJC-1"}, {"id": 87729, "name": "RIC-1"}]
SIZE = {"id": 5, "friendly_name": "CS05 - 0.5GB, 1Core, 25GB", "ram": 512, "storage": 25, "vcpus": 1}


class NephoScaleCloud(StandIn):
    """Servers act at once. `slow` keeps new ones out of the list, as the vendor's jobs did."""

    def __init__(self, username: str = USERNAME, password: str = PASSWORD) -> None:
        super().__init__()
        self._basic = "Basic " + b64encode(f"{username}:{password}".encode()).decode()
        self.servers: dict[int, dict[str, Any]] = {}
        self.keys: dict[int, dict[str, Any]] = {}
        self.slow = False

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("authorization") == self._basic:
            return None
        return _refusal(401, "Invalid credentials.")

    def unknown(self, request: Request) -> Answer:
        return _refusal(404, "The resource you are looking for is not found.")

    @route("GET", "/server/cloud/")
    def list(self, request: Request) -> Answer:
        return _all([] if self.slow else list(self.servers.values()))

    @route("POST", "/server/cloud/")
    def create(self, request: Request) -> Answer:
        wanted = request.form
        if int(wanted["image"]) not in IMAGES:
            return _refusal(400, "The image is not valid.")
        self._add(wanted["name"], int(wanted["console_key"]), int(wanted.get("zone", 86945)))
        return _job()

    @route("DELETE", "/server/cloud/{id}/")
    def destroy(self, request: Request) -> Answer:
        return _job() if self.servers.pop(_id(request), None) else self.unknown(request)

    @route("POST", "/server/cloud/{id}/initiator/{what}/")
    def act(self, request: Request) -> Answer:
        server = self.servers.get(_id(request))
        if server is None:
            return self.unknown(request)
        wanted = {"start": ("off", "on"), "stop": ("on", "off"), "restart": ("on", "on")}[request.ids["what"]]
        if server["power_status"] != wanted[0]:
            return _refusal(409, "The server is not in a state for that.")
        server["power_status"] = wanted[1]
        return _job()

    @route("GET", "/image/server/")
    def images(self, request: Request) -> Answer:
        return _all([{"id": id, "friendly_name": name, "is_active": True} for id, name in IMAGES.items()])

    @route("GET", "/server/type/cloud/")
    def sizes(self, request: Request) -> Answer:
        return _all([SIZE])

    @route("GET", "/datacenter/zone/")
    def zones(self, request: Request) -> Answer:
        return _all(ZONES)

    @route("GET", "/key/{kind}/")
    def list_keys(self, request: Request) -> Answer:
        return _all([key for key in self.keys.values() if key["kind"] == request.ids["kind"]])

    @route("POST", "/key/{kind}/")
    def add_key(self, request: Request) -> Answer:
        if request.form["name"] in {key["name"] for key in self.keys.values()}:
            return _refusal(400, "A key with this name exists.")
        id = max(self.keys, default=70000) + 1
        self.keys[id] = {"id": id, "kind": request.ids["kind"], **request.form}
        return Reply(201, {"success": True, "message": "ok", "data": {"id": id}, "response": 201})

    @route("DELETE", "/key/{kind}/{id}/")
    def drop_key(self, request: Request) -> Answer:
        return _job() if self.keys.pop(_id(request), None) else self.unknown(request)

    def fill(self, count: int) -> None:
        for number in range(count):
            self._add(f"many-{number}", 0, 86945)

    def empty(self) -> None:
        self.servers.clear()

    def _add(self, name: str, console_key: int, zone: int) -> None:
        id = max(self.servers, default=88240) + 1
        self.servers[id] = {
            "id": id,
            "name": name,
            "hostname": name,
            "power_status": "on",
            "ipaddresses": "198.89.117.16, 10.132.60.1",
            "create_time": "2013-09-25 07:38:53",
            "zone": {"id": zone, "name": {each["id"]: each["name"] for each in ZONES}[zone]},
            "image": {"id": 75, "friendly_name": IMAGES[75]},
            "service_type": {"id": 5, "friendly_name": SIZE["friendly_name"]},
            "console_keys": [{"id": console_key, "key_group": 4}],
        }


def _id(request: Request) -> int:
    return int(request.ids["id"]) if request.ids["id"].isdecimal() else 0


def _all(items: list[Any]) -> Answer:
    return {"success": True, "total_count": len(items), "message": "ok", "data": items, "response": 200}


def _job() -> Reply:
    data = {"id": 141229, "resource_type": "/job"}
    return Reply(202, {"success": True, "subcode": 0, "message": "ok", "data": data, "response": 202})


def _refusal(status: int, message: str) -> Reply:
    return Reply(status, {"success": False, "subcode": 0, "message": message, "response": status})
