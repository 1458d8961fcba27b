"""Linode's API v4, as https://techdocs.akamai.com/linode-api/reference/api describes it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

TOKEN = "0123456789abcdef-linode"
LABEL = re.compile(r"(?!.*(--|__|\.\.))[0-9A-Za-z][0-9A-Za-z_.-]{1,62}[0-9A-Za-z]")
TYPES = [
    {"id": "g6-nanode-1", "label": "Nanode 1GB", "memory": 1024, "vcpus": 1, "disk": 25600, "transfer": 1000},
    {"id": "g6-standard-2", "label": "Linode 4GB", "memory": 4096, "vcpus": 2, "disk": 81920, "transfer": 4000},
]
IMAGES = [
    {"id": "linode/debian13", "label": "Debian 13", "is_public": True, "deprecated": False},
    {"id": "linode/debian12", "label": "Debian 12", "is_public": True, "deprecated": False},
    {"id": "linode/debian10", "label": "Debian 10", "is_public": True, "deprecated": True},
    {"id": "linode/ubuntu24.04", "label": "Ubuntu 24.04 LTS", "is_public": True, "deprecated": False},
    {"id": "private/67", "label": "my golden image", "is_public": False, "deprecated": False},
]
REGIONS = [
    {"id": "us-east", "label": "Newark, NJ", "country": "us", "status": "ok"},
    {"id": "de-fra-2", "label": "Frankfurt 2, DE", "country": "de", "status": "ok"},
    {"id": "ap-old", "label": "Gone", "country": "jp", "status": "outage"},
]
VPC = {
    "id": 12,
    "label": "back-office",
    "description": "",
    "region": "us-east",
    "subnets": [{"id": 34, "label": "first", "ipv4": "10.0.0.0/24"}, {"id": 35, "label": "second", "ipv4": None}],
}
SMALL_VPC = {**VPC, "id": 13, "label": "small", "subnets": [{"id": 36, "label": "only", "ipv4": "10.0.1.0/24"}]}
VLAN = {"label": "wire", "region": "us-east", "linodes": [], "created": "2026-01-01T00:00:00"}


class LinodeCloud(StandIn):
    """Linodes act at once; at most 50 a page, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.linodes: dict[int, dict[str, Any]] = {}
        self.created: list[dict[str, Any]] = []

    def authorize(self, request: Request) -> Reply | None:
        return None if request.headers.get("authorization") == f"Bearer {TOKEN}" else refusal(401, "Invalid Token")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "Not found")

    @route("GET", "/v4/linode/instances")
    def list(self, request: Request) -> Answer:
        wanted = json.loads(request.headers.get("x-filter", "{}")).get("tags")
        return _page(request, [each for each in self.linodes.values() if wanted is None or wanted in each["tags"]])

    @route("POST", "/v4/linode/instances")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        wrong = _wrong(wanted)
        if wrong is not None:
            return refusal(400, *wrong)
        if any(each["label"] == wanted["label"] for each in self.linodes.values()):
            return refusal(400, "Label must be unique among your linodes", "label")
        self.created.append(wanted)
        return {**self._linode(wanted["label"], wanted), "status": "provisioning"}

    @route("GET", "/v4/linode/instances/{id}")
    def show(self, request: Request) -> Answer:
        return self._found(request) or self.unknown(request)

    @route("PUT", "/v4/linode/instances/{id}")
    def change(self, request: Request) -> Answer:
        linode = self._found(request)
        if linode is None:
            return self.unknown(request)
        if any(not 3 <= len(tag) <= 50 for tag in request.json["tags"]):
            return refusal(400, "Length must be 3-50 characters", "tags")
        linode["tags"] = request.json["tags"]
        return linode

    @route("DELETE", "/v4/linode/instances/{id}")
    def destroy(self, request: Request) -> Answer:
        linode = self._found(request)
        if linode is None:
            return self.unknown(request)
        del self.linodes[linode["id"]]
        return {}

    @route("POST", "/v4/linode/instances/{id}/{action}")
    def act(self, request: Request) -> Answer:
        linode, action = self._found(request), request.ids["action"]
        if linode is None or action not in ("boot", "shutdown", "reboot", "resize"):
            return self.unknown(request)
        if action == "boot" and linode["status"] == "running":
            return refusal(400, f"Linode {linode['id']} already booted.")
        if action == "reboot" and linode["status"] != "running":
            return refusal(400, "Linode not running.")
        if action == "resize":
            linode["type"] = request.json["type"]
        linode["status"] = {"boot": "running", "shutdown": "offline"}.get(action, linode["status"])
        return {}

    @route("GET", "/v4/images")
    def images(self, request: Request) -> Answer:
        return _page(request, IMAGES)

    @route("GET", "/v4/linode/types")
    def types(self, request: Request) -> Answer:
        return _page(request, [{**each, "price": {"hourly": 0.0075, "monthly": 5.0}} for each in TYPES])

    @route("GET", "/v4/regions")
    def regions(self, request: Request) -> Answer:
        return _page(request, REGIONS)

    @route("GET", "/v4/vpcs")
    def vpcs(self, request: Request) -> Answer:
        return _page(request, [VPC, SMALL_VPC])

    @route("GET", "/v4/vpcs/{id}")
    def vpc(self, request: Request) -> Answer:
        found = [each for each in (VPC, SMALL_VPC) if str(each["id"]) == request.ids["id"]]
        return found[0] if found else self.unknown(request)

    @route("GET", "/v4/networking/vlans")
    def vlans(self, request: Request) -> Answer:
        return _page(request, [VLAN])

    def fill(self, count: int) -> None:
        for number in range(count):
            self._linode(f"many-{number}", {})

    def empty(self) -> None:
        self.linodes.clear()

    def _linode(self, label: str, wanted: dict[str, Any]) -> dict[str, Any]:
        id = max(self.linodes, default=22_344_420) + 1
        self.linodes[id] = {
            "id": id,
            "label": label,
            "status": "running",
            "created": "2026-07-21T18:37:44",
            "type": wanted.get("type", TYPES[0]["id"]),
            "ipv4": ["203.0.113.7", "192.168.1.230"],
            "ipv6": "2001:db8::f03c:92ff:fe48:dc47/64",
            "image": wanted.get("image"),
            "region": wanted.get("region", "us-east"),
            "tags": wanted.get("tags", []),
            "hypervisor": "kvm",
        }
        return self.linodes[id]

    def _found(self, request: Request) -> dict[str, Any] | None:
        id = request.ids["id"]
        return self.linodes.get(int(id)) if id.isdecimal() else None


def refusal(status: int, reason: str, field: str | None = None) -> Reply:
    return Reply(status, {"errors": [{"reason": reason} | ({"field": field} if field else {})]})


def _wrong(wanted: dict[str, Any]) -> tuple[str, str] | None:
    """The reason and the field that Linode names of a create that it refuses."""
    if not LABEL.fullmatch(wanted["label"]):
        return "Label must include only ASCII letters, numbers, underscores, periods, and dashes", "label"
    if wanted["type"] not in [each["id"] for each in TYPES]:
        return "A valid plan type by that ID was not found", "type"
    if wanted["region"] not in [each["id"] for each in REGIONS]:
        return "region is not valid", "region"
    if wanted["image"] not in [each["id"] for each in IMAGES]:
        return "image is not valid", "image"
    if len(wanted.get("root_pass", "")) < 11:
        return "Password does not meet strength requirement", "root_pass"
    if any(not 3 <= len(tag) <= 50 for tag in wanted.get("tags", [])):
        return "Length must be 3-50 characters", "tags"
    if wanted.get("interfaces") and len(wanted["interfaces"]) > 3:
        return "Must have no more than 3 interfaces", "interfaces"
    base64.b64decode(wanted.get("metadata", {}).get("user_data", ""), validate=True)
    return None


def _page(request: Request, items: list[Any]) -> Answer:
    size, number = min(50, int(request.query.get("page_size", 100))), int(request.query.get("page", 1))
    shown, pages = page_of(items, number, size)
    return {"data": shown, "page": number, "pages": pages, "results": len(items)}
