"""Compute Engine's API v1 and the service that gives tokens, held to Google's own description of the API."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from typing import Any

from cryptography.hazmat.primitives import serialization

from tests.lab.clouds.gce_project import (
    BASE,
    BY_HAND,
    EMAIL,
    IMAGES,
    KEY,
    NETWORK,
    OLD,
    SUBNET,
    TYPES,
    ZONES,
    known_images,
    refusal,
)
from tests.lab.discovery import compute
from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route


class GceCloud(StandIn):
    """Instances act at once; at most 50 a page, whatever is asked for. What Google does not describe is refused.

    `sold_out`: instances are ordered, and their operations then fail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.instances: dict[str, dict[str, Any]] = {}
        self.operations: list[dict[str, Any]] = []
        self.requests: dict[str, dict[str, Any]] = {}
        self.sold_out = False
        self.unread: dict[str, Any] = {}
        self._described = compute()
        public = KEY.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        self._public = public.public_bytes(serialization.Encoding.PEM, form)

    def authorize(self, request: Request) -> Reply | None:
        if request.path == "/token" or request.headers.get("authorization") == "Bearer ya29.good":
            return None
        return refusal(401, "authError", "Invalid Credentials")

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "notFound", f"The resource '{request.path[12:]}' was not found")

    def handle(self, request: Request) -> Answer:
        if request.path == "/token":
            return super().handle(request)
        faults = self._described.faults_of_request(request)
        if faults:
            return refusal(400, "invalid", f"Invalid value: {'; '.join(faults)}")
        answer = super().handle(request)
        if isinstance(answer, dict) and len(self.instances) < 100:
            faults = self._described.faults_of_answer(request.method, request.path, answer)
            assert not faults, faults
        return answer

    @route("POST", "/token")
    def token(self, request: Request) -> Answer:
        """RFC 7523: a JWT that the account's key has signed, for this very scope."""
        from google.auth import exceptions, jwt

        try:
            claims = jwt.decode(
                request.form["assertion"], certs=self._public, audience="https://oauth2.googleapis.com/token"
            )
        except (KeyError, ValueError, exceptions.GoogleAuthError):
            claims = {}
        if claims.get("iss") != EMAIL or "auth/compute" not in claims.get("scope", ""):
            return Reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        return {"access_token": "ya29.good", "expires_in": 3599, "token_type": "Bearer"}

    @route("GET", "/compute/v1/projects/{project}/aggregated/instances")
    def list(self, request: Request) -> Answer:
        return self._aggregated(request, "instances", "Instance", self.instances.values())

    @route("GET", "/compute/v1/projects/{project}/aggregated/operations")
    def list_operations(self, request: Request) -> Answer:
        return self._aggregated(request, "operations", "Operation", self.operations)

    @route("GET", "/compute/v1/projects/{project}/aggregated/machineTypes")
    def machine_types(self, request: Request) -> Answer:
        found = [
            {"kind": "compute#machineType", "name": name, "guestCpus": cores, "memoryMb": ram, "zone": zone}
            for zone in ZONES
            for name, (cores, ram) in TYPES.items()
        ]
        return self._aggregated(request, "machineTypes", "MachineType", found)

    @route("GET", "/compute/v1/projects/{project}/aggregated/subnetworks")
    def subnetworks(self, request: Request) -> Answer:
        return self._aggregated(request, "subnetworks", "Subnetwork", [SUBNET])

    @route("GET", "/compute/v1/projects/{project}/zones")
    def zones(self, request: Request) -> Answer:
        return self._page(request, "Zone", [{"kind": "compute#zone", "name": name, "status": "UP"} for name in ZONES])

    @route("GET", "/compute/v1/projects/{project}/global/networks")
    def networks(self, request: Request) -> Answer:
        return self._page(request, "Network", [NETWORK, BY_HAND])

    @route("GET", "/compute/v1/projects/{project}/global/networks/{name}")
    def network(self, request: Request) -> Answer:
        there = (each for each in (NETWORK, BY_HAND) if each["name"] == request.ids["name"])
        return next(there, None) or self.unknown(request)

    @route("GET", "/compute/v1/projects/{project}/global/images")
    def images(self, request: Request) -> Answer:
        found = IMAGES.get(request.ids["project"], [])
        old = [OLD] if request.ids["project"] == "debian-cloud" and "OBSOLETE" not in request.query["filter"] else []
        return self._page(request, "Image", [*found, *old])

    @route("POST", "/compute/v1/projects/{project}/zones/{zone}/instances")
    def insert(self, request: Request) -> Answer:
        wanted, zone, asked = request.json, request.ids["zone"], request.query.get("requestId", "")
        if asked in self.requests:
            return self.requests[asked]
        image = wanted["disks"][0]["initializeParams"]["sourceImage"]
        if image not in known_images():
            return refusal(404, "notFound", f"The resource '{image}' was not found")
        if wanted["machineType"].rpartition("/")[2] not in TYPES:
            return refusal(
                400, "invalid", f"Invalid value for field 'resource.machineType': '{wanted['machineType']}'."
            )
        if any(each["name"] == wanted["name"] and each["zone"].endswith(zone) for each in self.instances.values()):
            return refusal(409, "alreadyExists", f"The resource '{wanted['name']}' already exists")
        id = self._new_id()
        operation = self._operation("insert", id, zone, wanted["name"])
        if not self.sold_out:
            self._put(id, zone, wanted)
        self.requests[asked] = operation
        return operation

    @route("GET", "/compute/v1/projects/{project}/zones/{zone}/instances/{name}")
    def show(self, request: Request) -> Answer:
        return self._named(request) or self.unknown(request)

    @route("DELETE", "/compute/v1/projects/{project}/zones/{zone}/instances/{name}")
    def delete(self, request: Request) -> Answer:
        instance = self._named(request)
        if instance is None:
            return self.unknown(request)
        del self.instances[instance["id"]]
        return self._operation("delete", instance["id"], request.ids["zone"], instance["name"])

    @route("POST", "/compute/v1/projects/{project}/zones/{zone}/instances/{name}/{order}")
    def act(self, request: Request) -> Answer:
        instance, order = self._named(request), request.ids["order"]
        if instance is None:
            return self.unknown(request)
        stopped = instance["status"] == "TERMINATED"
        if (order in ("stop", "reset") and stopped) or (order in ("start", "setMachineType") and not stopped):
            return refusal(400, "resourceNotReady", f"The resource '{instance['name']}' is not ready")
        if order == "setTags":
            if request.json.get("fingerprint") != instance["tags"]["fingerprint"]:
                return refusal(412, "conditionNotMet", "Supplied fingerprint does not match current tags fingerprint.")
            instance["tags"] = _tags(request.json["items"])
        if order == "setMachineType":
            instance["machineType"] = f"{BASE}/{request.json['machineType']}"
        states = {"start": "RUNNING", "stop": "TERMINATED", "resume": "RUNNING"}
        instance["status"] = states.get(order, instance["status"])
        return self._operation(order, instance["id"], request.ids["zone"], instance["name"])

    def fill(self, count: int) -> None:
        for number in range(count):
            self._put(
                self._new_id(), ZONES[0], {"name": f"many-{number}", "machineType": "zones/z/machineTypes/e2-micro"}
            )

    def empty(self) -> None:
        self.instances.clear()

    def _put(self, id: str, zone: str, wanted: dict[str, Any]) -> None:
        self.instances[id] = {
            "kind": "compute#instance",
            "id": id,
            "name": wanted["name"],
            "status": "RUNNING",
            "zone": f"{BASE}/zones/{zone}",
            "machineType": f"{BASE}/{wanted['machineType']}",
            "creationTimestamp": "2026-07-21T11:37:44.123-07:00",
            "labels": wanted.get("labels", {}),
            "metadata": {"kind": "compute#metadata", "items": wanted.get("metadata", {}).get("items", [])},
            "tags": _tags(wanted.get("tags", {}).get("items", [])),
            "networkInterfaces": [
                {
                    "network": NETWORK["selfLink"],
                    "networkIP": "10.128.0.2",
                    "accessConfigs": [{"type": "ONE_TO_ONE_NAT", "natIP": "203.0.113.7"}],
                }
            ],
        }

    def _operation(self, kind: str, id: str, zone: str, name: str) -> dict[str, Any]:
        """As it is when it begins; the one that is kept for later has ended."""
        begun = {
            "kind": "compute#operation",
            "id": str(len(self.operations) + 1),
            "name": f"operation-{len(self.operations) + 1}",
            "operationType": kind,
            "targetId": id,
            "targetLink": f"{BASE}/zones/{zone}/instances/{name}",
            "zone": f"{BASE}/zones/{zone}",
            "status": "RUNNING",
        }
        failed = {
            "errors": [{"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": f"The zone '{zone}' does not have enough"}]
        }
        ended = {"status": "DONE"} | ({"error": failed} if self.sold_out and kind == "insert" else {})
        self.operations.append({**begun, **ended})
        return begun

    def _named(self, request: Request) -> dict[str, Any] | None:
        zone, name = f"/zones/{request.ids['zone']}", request.ids["name"]
        there = self.instances.values()
        return next(
            (each for each in there if each["zone"].endswith(zone) and name in (each["name"], each["id"])), None
        )

    def _new_id(self) -> str:
        return str(max((int(op["targetId"]) for op in self.operations), default=10**18) + len(self.instances) + 1)

    def _aggregated(self, request: Request, noun: str, schema: str, items: Any) -> Answer:
        found = [each for each in items if _passes(each, request.query.get("filter", ""))]
        shown, more = self._cut(request, found)
        scopes: dict[str, Any] = defaultdict(lambda: {noun: []})
        for each in shown:
            place = str(each.get("zone") or each.get("region")).rpartition("/")[2]
            scopes[("regions/" if "region" in each else "zones/") + place][noun].append(each)
        empty = {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "There are no results for scope on this page."}}
        scopes["zones/us-central1-f" if noun != "subnetworks" else "regions/asia-east1"] = empty
        return {"kind": f"compute#{_lower(schema)}AggregatedList", "items": {**scopes, **self.unread}, **more}

    def _page(self, request: Request, schema: str, items: Any) -> Answer:
        shown, more = self._cut(request, items)
        return {"kind": f"compute#{_lower(schema)}List", **({"items": shown} if shown else {}), **more}

    def _cut(self, request: Request, items: Any) -> tuple[Any, dict[str, str]]:
        number = int(request.query.get("pageToken", "1"))
        shown, pages = page_of(items, number, min(50, int(request.query.get("maxResults", 500))))
        return shown, {"nextPageToken": str(number + 1)} if number < pages else {}


def _passes(item: dict[str, Any], expression: str) -> bool:
    """As much of AIP-160 as is asked for: `field = value`, several in parentheses."""
    for path, value in re.findall(r"([\w.-]+) = ([\w-]+)", expression):
        found: Any = item
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        if str(found) != value:
            return False
    return True


def _tags(items: list[str]) -> dict[str, Any]:
    tags: dict[str, Any] = {"fingerprint": base64.b64encode(json.dumps(items).encode()[-12:]).decode()}
    return tags | ({"items": list(items)} if items else {})


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
