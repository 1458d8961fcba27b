"""OVHcloud's Public Cloud API v1, as https://eu.api.ovh.com/console/?section=%2Fcloud&branch=v1 describes it."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import Any
from urllib.parse import urlencode

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

APPLICATION, SECRET, CONSUMER = (
    "TDPKJdwZwAQPwKX2",
    "9ufkBmLaTQ9nz5yMUlg79taH0GNnzDjk",
    "5mBuy6SUQcRw2ZUxg0cG68BoDKpED4KY",
)
PROJECT = "0c727a20aa144485b70c44dee9123b46"
AT = f"/1.0/cloud/project/{PROJECT}"
REGIONS = ("GRA11", "BHS5")
AHEAD_S = 3600  # the vendor's clock goes before the machine's
SIZES = {"b3-8": (2, 8000, 50), "b3-16": (4, 16000, 100)}
IMAGES = ("Debian 12", "Debian 13", "Debian 11", "Ubuntu 24.04", "Debian 13 - Docker", "Windows Server 2022")
OWN = {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, "own")), "name": "my snapshot", "region": "GRA11"}
ADDRESSES = [
    {"ip": "51.75.1.2", "networkId": "", "type": "public", "version": 4},
    {"ip": "2001:41d0::1", "networkId": "", "type": "public", "version": 6},
    {"ip": "10.0.0.2", "networkId": "pn-1_0", "type": "private", "version": 4},
]


def id_of(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(parts)))


def refusal(status: int, message: str, code: str = "") -> Reply:
    body = {"message": message, "class": f"Client::{status}"}
    return Reply(status, {**body, "errorCode": code} if code else body)


class OvhCloud(StandIn):
    """Instances act at once. Signatures are checked as the vendor tells to make them."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.user_data: list[str | None] = []

    def authorize(self, request: Request) -> Reply | None:
        if request.path in ("/1.0/auth/time", "/1.0/order/catalog/public/cloud"):
            return None
        if request.headers.get("x-ovh-application") != APPLICATION:
            return refusal(403, "This application key is invalid", "INVALID_KEY")
        if request.headers.get("x-ovh-consumer") != CONSUMER:
            return refusal(403, "This credential does not exist", "NOT_CREDENTIAL")
        moment = request.headers["x-ovh-timestamp"]
        if abs(int(moment) - time.time() - AHEAD_S) > 30:
            return refusal(400, "Query out of time", "QUERY_TIME_OUT")
        query = f"?{urlencode(request.queries, doseq=True)}" if request.queries else ""
        url = f"http://{request.headers['host']}{request.path}{query}"
        signed = f"{SECRET}+{CONSUMER}+{request.method}+{url}+{request.body.decode()}+{moment}"
        if request.headers["x-ovh-signature"] != "$1$" + hashlib.sha1(signed.encode()).hexdigest():
            return refusal(400, "Invalid signature", "INVALID_SIGNATURE")
        return None

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "The requested object does not exist")

    @route("GET", "/1.0/auth/time")
    def clock(self, request: Request) -> Answer:
        return Reply(200, str(int(time.time()) + AHEAD_S))

    @route("GET", "/1.0/order/catalog/public/cloud")
    def catalogue(self, request: Request) -> Answer:
        monthly = {"capacities": ["renew"], "price": 2_000_000_000}
        plans = [
            {"planCode": f"{name}.consumption", "pricings": [monthly, {"capacities": ["consumption"], "price": price}]}
            for name, price in (("b3-8", 5_080_000), ("b3-16", 10_160_000))
        ]
        return {"locale": {"currencyCode": "EUR", "subsidiary": request.query["ovhSubsidiary"]}, "addons": plans}

    @route("GET", AT + "/region")
    def regions(self, request: Request) -> Answer:
        return list(REGIONS)

    @route("GET", AT + "/flavor")
    def flavors(self, request: Request) -> Answer:
        return [
            {
                "id": id_of(region, name),
                "name": name,
                "region": region,
                "vcpus": cores,
                "ram": ram,
                "disk": disk,
                "available": True,
                "osType": "linux",
                "planCodes": {"hourly": f"{name}.consumption", "monthly": f"{name}.monthly.postpaid"},
            }
            for region in self._regions(request)
            for name, (cores, ram, disk) in SIZES.items()
        ]

    @route("GET", AT + "/image")
    def images(self, request: Request) -> Answer:
        found = [(region, name) for region in self._regions(request) for name in IMAGES]
        return [{"id": id_of(*each), "name": each[1], "region": each[0], "visibility": "public"} for each in found]

    @route("GET", AT + "/snapshot")
    def snapshots(self, request: Request) -> Answer:
        return [OWN]

    @route("GET", AT + "/network/private")
    def private(self, request: Request) -> Answer:
        return [{"id": "pn-1_0", "name": "inside", "type": "private", "vlanId": 0, "regions": [{"region": "GRA11"}]}]

    @route("GET", AT + "/network/public")
    def public(self, request: Request) -> Answer:
        return [{"id": id_of("Ext-Net"), "name": "Ext-Net", "type": "public", "regions": [{"region": "GRA11"}]}]

    @route("GET", AT + "/sshkey")
    def list_keys(self, request: Request) -> Answer:
        return list(self.keys)

    @route("POST", AT + "/sshkey")
    def add_key(self, request: Request) -> Answer:
        wanted = request.json
        if any(key["name"] == wanted["name"] for key in self.keys):
            return refusal(409, f"Key pair '{wanted['name']}' already exists.")
        self.keys.append({"id": wanted["name"].encode().hex(), "regions": list(REGIONS), **wanted})
        return self.keys[-1]

    @route("GET", AT + "/instance")
    def list(self, request: Request) -> Answer:
        return [self._listed(each) for each in self.instances.values()]

    @route("POST", AT + "/instance")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        flavor = self._flavor(wanted["region"], wanted["flavorId"])
        if flavor is None:
            return refusal(400, f"Flavor {wanted['flavorId']} does not exist")
        if wanted["imageId"] not in [id_of(wanted["region"], name) for name in IMAGES]:
            return refusal(404, f"Image {wanted['imageId']} does not exist")
        self.user_data.append(wanted.get("userData"))
        return self._made(wanted["name"], wanted["region"], flavor, wanted["imageId"])

    @route("GET", AT + "/instance/{id}")
    def show(self, request: Request) -> Answer:
        return self.instances.get(request.ids["id"]) or self.unknown(request)

    @route("DELETE", AT + "/instance/{id}")
    def delete(self, request: Request) -> Answer:
        return Reply(200, "null") if self.instances.pop(request.ids["id"], None) else self.unknown(request)

    @route("POST", AT + "/instance/{id}/{action}")
    def act(self, request: Request) -> Answer:
        instance, action = self.instances.get(request.ids["id"]), request.ids["action"]
        if instance is None:
            return self.unknown(request)
        if action == "resize":
            instance["flavor"] = self._flavor(instance["region"], request.json["flavorId"])
            return instance
        if action == "reboot" and request.json["type"] not in ("soft", "hard"):
            return refusal(400, "[type] Given data is not valid for type RebootTypeEnum")
        wanted = {"stop": "SHUTOFF", "start": "ACTIVE"}.get(action, instance["status"])
        if action != "reboot" and wanted == instance["status"]:
            return refusal(409, f"Cannot '{action}' instance while it is in vm_state {wanted}")
        instance["status"] = wanted
        return Reply(200)

    def fill(self, count: int) -> None:
        flavor = self._flavor("GRA11", id_of("GRA11", "b3-8")) or {}
        for number in range(count):
            self._made(f"many-{number}", "GRA11", flavor, id_of("GRA11", "Debian 12"))

    def empty(self) -> None:
        self.instances.clear()

    def _made(self, name: str, region: str, flavor: dict[str, Any], image: str) -> dict[str, Any]:
        id = id_of("instance", str(len(self.instances)), name)
        self.instances[id] = {
            "id": id,
            "name": name,
            "status": "ACTIVE",
            "region": region,
            "created": "2026-11-05T19:17:14Z",
            "flavor": flavor,
            "image": {"id": image, "name": "Debian 12", "user": "debian"},
            "ipAddresses": ADDRESSES,
            "monthlyBilling": None,
            "planCode": f"{flavor['name']}.consumption",
            "sshKey": None,
        }
        return self.instances[id]

    def _listed(self, instance: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in instance.items() if name not in ("flavor", "image", "sshKey")}
        return {**kept, "flavorId": instance["flavor"]["id"], "imageId": instance["image"]["id"], "sshKeyId": None}

    def _flavor(self, region: str, id: str) -> dict[str, Any] | None:
        name = next((each for each in SIZES if id_of(region, each) == id), None)
        return {"id": id, "name": name, "region": region} if name else None

    def _regions(self, request: Request) -> tuple[str, ...]:
        return (request.query["region"],) if "region" in request.query else REGIONS
