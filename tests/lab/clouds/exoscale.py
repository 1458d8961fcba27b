"""One zone of Exoscale's API v2, as https://openapi-v2.exoscale.com describes it."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import Any
from uuid import uuid4

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

API_KEY, SECRET = "EXOa1b2c3d4e5f6", "a-good-secret"
_HEADER = re.compile(
    r"EXO2-HMAC-SHA256 credential=(\w+)(?:,signed-query-args=([\w;-]+))?,expires=(\d+),signature=(\S+)"
)
_GIB = 1024**3
TINY, SMALL, GPU = (f"{number}0000000-0000-4000-8000-000000000000" for number in (1, 2, 3))
TYPES = [
    {"id": TINY, "family": "standard", "size": "tiny", "cpus": 1, "memory": _GIB, "authorized": True},
    {"id": SMALL, "family": "standard", "size": "small", "cpus": 2, "memory": 2 * _GIB, "zones": ["de-fra-1"]},
    {"id": GPU, "family": "gpu3", "size": "huge", "cpus": 48, "memory": 225 * _GIB, "authorized": False},
]
DEBIAN = "40000000-0000-4000-8000-000000000013"
TEMPLATES = [
    {"id": DEBIAN, "name": "Linux Debian 13 (Trixie) 64-bit", "visibility": "public", "size": 10 * _GIB},
    {"id": str(uuid4()), "name": "Linux Debian 12 (Bookworm) 64-bit", "visibility": "public"},
    {"id": str(uuid4()), "name": "Linux Debian 10 (Buster) 64-bit", "visibility": "public"},
    {"id": str(uuid4()), "name": "golden", "visibility": "private"},
]
NETWORK = {
    "id": str(uuid4()),
    "name": "back",
    "start-ip": "10.0.0.10",
    "end-ip": "10.0.0.99",
    "netmask": "255.255.255.0",
}
_TURNS = {"start": ("stopped", "running"), "stop": ("running", "stopped"), "reboot": ("running", "running")}


class ExoscaleCloud(StandIn):
    """Instances act at once."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, str]] = []

    def authorize(self, request: Request) -> Reply | None:
        match = _HEADER.fullmatch(request.headers.get("authorization", ""))
        names = [] if match is None else (match[2] or "").split(";") if match[2] else []
        if match is None or match[1] != API_KEY or sorted(request.query) != names:
            return Reply(403, {"message": "Forbidden"})
        values = "".join(request.query[name] for name in names)
        told = f"{request.method} {request.path}\n{request.body.decode()}\n{values}\n\n{match[3]}"
        mac = hmac.new(SECRET.encode(), told.encode(), hashlib.sha256).digest()
        return None if b64encode(mac).decode() == match[4] else Reply(403, {"message": "Invalid request signature"})

    def unknown(self, request: Request) -> Answer:
        return Reply(404, {"message": "Not Found"})

    @route("GET", "/v2/instance")
    def list(self, request: Request) -> Answer:
        return {"instances": list(self.instances.values())}

    @route("POST", "/v2/instance")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        if wanted["template"]["id"] not in {each["id"] for each in TEMPLATES}:
            return Reply(404, {"message": "Template not found"})
        made = self._instance(wanted["name"], wanted["instance-type"]["id"], wanted.get("labels", {}))
        made["ssh-keys"] = wanted.get("ssh-keys", [])
        return _operation("get-instance", made["id"])

    @route("GET", "/v2/instance/{id}")
    def show(self, request: Request) -> Answer:
        return self.instances.get(request.ids["id"]) or self.unknown(request)

    @route("PUT", "/v2/instance/{id}:{what}")
    def act(self, request: Request) -> Answer:
        instance = self.instances.get(request.ids["id"])
        if instance is None:
            return self.unknown(request)
        if request.ids["what"] == "scale":
            old, new = "stopped", "stopped"
            instance["instance-type"] = request.json["instance-type"]
        else:
            old, new = _TURNS[request.ids["what"]]
        if instance["state"] != old:
            return Reply(409, {"message": f"Instance is {instance['state']}"})
        instance["state"] = new
        return _operation("get-instance", instance["id"])

    @route("PUT", "/v2/instance/{id}")
    def update(self, request: Request) -> Answer:
        instance = self.instances.get(request.ids["id"])
        if instance is None:
            return self.unknown(request)
        instance["labels"] = request.json["labels"]
        return _operation("get-instance", instance["id"])

    @route("DELETE", "/v2/instance/{id}")
    def destroy(self, request: Request) -> Answer:
        gone = self.instances.pop(request.ids["id"], None)
        return _operation("get-instance", gone["id"]) if gone else self.unknown(request)

    @route("GET", "/v2/template")
    def templates(self, request: Request) -> Answer:
        return {"templates": [each for each in TEMPLATES if each["visibility"] == request.query["visibility"]]}

    @route("GET", "/v2/instance-type")
    def types(self, request: Request) -> Answer:
        return {"instance-types": TYPES}

    @route("GET", "/v2/private-network")
    def networks(self, request: Request) -> Answer:
        return {"private-networks": [NETWORK]}

    @route("GET", "/v2/ssh-key")
    def list_keys(self, request: Request) -> Answer:
        return {"ssh-keys": self.keys}

    @route("POST", "/v2/ssh-key")
    def add_key(self, request: Request) -> Answer:
        wanted = request.json
        if wanted["name"] in {each["name"] for each in self.keys}:
            return Reply(409, {"message": "SSH key already exists"})
        digest = hashlib.md5(b64decode(wanted["public-key"].split()[1])).hexdigest()
        mark = ":".join(a + b for a, b in zip(digest[::2], digest[1::2], strict=True))
        self.keys.append({"name": wanted["name"], "fingerprint": mark})
        return _operation("get-ssh-key", str(uuid4()))

    def fill(self, count: int) -> None:
        for number in range(count):
            self._instance(f"many-{number}", TINY, {})

    def empty(self) -> None:
        self.instances.clear()

    def _instance(self, name: str, type: str, labels: dict[str, str]) -> dict[str, Any]:
        id = str(uuid4())
        self.instances[id] = {
            "id": id,
            "name": name,
            "state": "running",
            "labels": labels,
            "instance-type": {"id": type},
            "template": {"id": DEBIAN},
            "created-at": "2026-07-21T18:37:44Z",
            "public-ip": "185.19.28.7",
            "ipv6-address": "2a04:c43:e00::7",
        }
        return self.instances[id]


def _operation(command: str, id: str) -> Answer:
    reference = {"id": id, "command": command, "link": f"/v2/{command.removeprefix('get-')}/{id}"}
    return {"id": str(uuid4()), "state": "pending", "reference": reference}
