"""Vultr's API v2, as https://www.vultr.com/api/ describes it."""

from __future__ import annotations

import base64
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

KEY = "VULTRGOODKEY0123456789"
PLANS = [
    {"id": "vc2-1c-1gb", "vcpu_count": 1, "ram": 1024, "disk": 25, "bandwidth": 1024, "monthly_cost": 5},
    {"id": "vc2-2c-4gb", "vcpu_count": 2, "ram": 4096, "disk": 80, "bandwidth": 3072, "monthly_cost": 20},
    {"id": "vcg-a16-2c", "vcpu_count": 2, "ram": 8192, "disk": 50, "bandwidth": 1024, "monthly_cost": 43},
    {"id": "vc2-sold-out", "vcpu_count": 1, "ram": 512, "disk": 10, "bandwidth": 512, "monthly_cost": 2.5},
]
SYSTEMS = [
    {"id": 2625, "name": "Debian 13 x64 (trixie)", "arch": "x64", "family": "debian"},
    {"id": 2136, "name": "Debian 12 x64 (bookworm)", "arch": "x64", "family": "debian"},
    {"id": 194, "name": "Debian 8 i386 (jessie)", "arch": "i386", "family": "debian"},
    {"id": 2284, "name": "Ubuntu 24.04 LTS x64", "arch": "x64", "family": "ubuntu"},
    {"id": 159, "name": "Custom", "arch": "x64", "family": "iso"},
]
SNAPSHOT = {"id": "cb676a46-66fd-4dfb-b839-443f2e6c0b60", "description": "my golden image", "status": "complete"}
APPLICATION = {"id": 1028, "deploy_name": "OpenLiteSpeed WordPress", "image_id": "openlitespeed", "type": "marketplace"}
REGIONS = [
    {"id": "ams", "city": "Amsterdam", "country": "NL", "continent": "Europe", "options": []},
    {"id": "ewr", "city": "New Jersey", "country": "US", "continent": "North America", "options": []},
]
VPC = {
    "id": "7a5b6b2f-5b0e-4f2c-8b1e-2f9f2f9f2f9f",
    "region": "ams",
    "description": "inside",
    "v4_subnet": "10.7.96.0",
    "v4_subnet_mask": 20,
}


class VultrCloud(StandIn):
    """Instances act at once; at most 50 a page, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: dict[str, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        return refusal(401, "Invalid API token.")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "Invalid instance-id")

    @route("GET", "/v2/instances")
    def list(self, request: Request) -> Answer:
        wanted = request.query.get("tag")
        found = [each for each in self.instances.values() if not wanted or wanted in each["tags"]]
        return _page(request, "instances", found)

    @route("POST", "/v2/instances")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        wrong = _wrong(wanted)
        if wrong:
            return refusal(400, wrong)
        self.created.append(wanted)
        instance = self._made(wanted["label"], wanted)
        secret = {"default_password": "kB1?@aqK3QSk@)-q", "status": "pending", "main_ip": "0.0.0.0"}
        return Reply(202, {"instance": {**instance, **secret}})

    @route("GET", "/v2/instances/{id}")
    def show(self, request: Request) -> Answer:
        instance = self.instances.get(request.ids["id"])
        return {"instance": instance} if instance else self.unknown(request)

    @route("PATCH", "/v2/instances/{id}")
    def change(self, request: Request) -> Answer:
        instance = self.instances.get(request.ids["id"])
        if instance is None:
            return self.unknown(request)
        instance |= {name: value for name, value in request.json.items() if name in ("plan", "tags")}
        return Reply(202, {"instance": instance})

    @route("DELETE", "/v2/instances/{id}")
    def destroy(self, request: Request) -> Answer:
        return None if self.instances.pop(request.ids["id"], None) else self.unknown(request)

    @route("POST", "/v2/instances/{id}/{action}")
    def act(self, request: Request) -> Answer:
        instance, action = self.instances.get(request.ids["id"]), request.ids["action"]
        if instance is None or action not in ("start", "halt", "reboot"):
            return self.unknown(request)
        instance["power_status"] = "stopped" if action == "halt" else "running"
        return None

    @route("GET", "/v2/os")
    def systems(self, request: Request) -> Answer:
        return _page(request, "os", SYSTEMS)

    @route("GET", "/v2/snapshots")
    def snapshots(self, request: Request) -> Answer:
        return _page(request, "snapshots", [SNAPSHOT])

    @route("GET", "/v2/applications")
    def applications(self, request: Request) -> Answer:
        return _page(request, "applications", [APPLICATION] if request.query["type"] == "marketplace" else [])

    @route("GET", "/v2/plans")
    def plans(self, request: Request) -> Answer:
        places = {plan["id"]: [] if plan["id"] == "vc2-sold-out" else ["ams", "ewr"] for plan in PLANS}
        gpu = {"vcg-a16-2c": {"gpu_vram_gb": 2, "gpu_type": "NVIDIA_A16"}}
        found = [{**each, "locations": places[each["id"]], **gpu.get(str(each["id"]), {})} for each in PLANS]
        return _page(request, "plans", found)

    @route("GET", "/v2/regions")
    def regions(self, request: Request) -> Answer:
        return _page(request, "regions", REGIONS)

    @route("GET", "/v2/vpcs")
    def vpcs(self, request: Request) -> Answer:
        return _page(request, "vpcs", [VPC])

    @route("GET", "/v2/ssh-keys")
    def list_keys(self, request: Request) -> Answer:
        return _page(request, "ssh_keys", self.keys)

    @route("POST", "/v2/ssh-keys")
    def add_key(self, request: Request) -> Answer:
        self.keys.append({"id": f"key-{len(self.keys)}", **request.json})
        return Reply(201, {"ssh_key": self.keys[-1]})

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made(f"many-{number}", {})

    def empty(self) -> None:
        self.instances.clear()

    def _made(self, label: str, wanted: dict[str, Any]) -> dict[str, Any]:
        id = f"4f0f12e5-1f84-404f-aa84-{len(self.instances) + len(self.seen):012d}"
        self.instances[id] = {
            "id": id,
            "label": label,
            "hostname": wanted.get("hostname", ""),
            "status": "active",
            "power_status": "running",
            "server_status": "ok",
            "date_created": "2026-07-21T18:37:44+00:00",
            "os": "Debian 13 x64 (trixie)",
            "os_id": wanted.get("os_id", 2625),
            "snapshot_id": wanted.get("snapshot_id", ""),
            "image_id": wanted.get("image_id", ""),
            "plan": wanted.get("plan", "vc2-1c-1gb"),
            "region": wanted.get("region", "ams"),
            "main_ip": "203.0.113.7",
            "v6_main_ip": "2001:db8:5001:1d:5400:2ff:fe56:aaaa" if wanted.get("enable_ipv6") else "",
            "internal_ip": "10.7.96.6" if wanted.get("attach_vpc") else "",
            "kvm": "https://my.vultr.com/subs/vps/novnc/api.php?data=secret",
            "tags": wanted.get("tags", []),
        }
        return self.instances[id]


def refusal(status: int, error: str) -> Reply:
    return Reply(status, {"error": error, "status": status})


def _wrong(wanted: dict[str, Any]) -> str | None:
    """The words with which Vultr refuses a create."""
    if wanted["region"] not in [each["id"] for each in REGIONS]:
        return "Invalid region."
    if wanted["plan"] not in [each["id"] for each in PLANS]:
        return "Invalid plan chosen."
    sources = {"os_id", "snapshot_id", "image_id", "iso_id", "app_id"} & wanted.keys()
    if len(sources) != 1 or wanted.get("os_id", 2625) not in [each["id"] for each in SYSTEMS]:
        return "Invalid OS chosen."
    base64.b64decode(wanted.get("user_data", ""), validate=True)
    return None


def _page(request: Request, key: str, items: list[Any]) -> Answer:
    size = min(50, int(request.query.get("per_page", 100)))
    start = int(base64.b64decode(request.query.get("cursor", "")) or 0)
    following = base64.b64encode(str(start + size).encode()).decode() if start + size < len(items) else ""
    return {key: items[start : start + size], "meta": {"total": len(items), "links": {"next": following, "prev": ""}}}
