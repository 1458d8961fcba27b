"""Oracle Cloud's Core and Identity APIs, as https://docs.oracle.com/en-us/iaas/api/ describes them."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

REGION = "eu-frankfurt-1"
TENANCY, USER = "ocid1.tenancy.oc1..aaaatenancy", "ocid1.user.oc1..aaaauser"
COMPARTMENT = "ocid1.compartment.oc1..aaaacompartment"
FINGERPRINT = "20:3b:97:13:55:1c:5b:0d:d3:37:d8:50:4e:c5:3a:34"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ROOT = "/20160918"
DOMAINS = ("Uocm:EU-FRANKFURT-1-AD-1", "Uocm:EU-FRANKFURT-1-AD-2")
VCN, OPEN, CLOSED = "ocid1.vcn.oc1.eu.a", "ocid1.subnet.oc1.eu.open", "ocid1.subnet.oc1.eu.closed"
SHAPES = [
    {"shape": "VM.Standard2.1", "ocpus": 1.0, "memoryInGBs": 15.0, "isFlexible": False},
    {
        "shape": "VM.Standard.E5.Flex",
        "ocpus": 1.0,
        "memoryInGBs": 12.0,
        "isFlexible": True,
        "ocpuOptions": {"min": 1.0, "max": 94.0},
        "memoryOptions": {"minInGBs": 1.0, "maxInGBs": 1049.0, "defaultPerOcpuInGBs": 12.0},
    },
]
IMAGES = [
    ("img-1", "Canonical-Ubuntu-24.04-2026.10.31-0", None),
    ("img-2", "Canonical-Ubuntu-24.04-2026.09.30-0", None),
    ("img-3", "Canonical-Ubuntu-22.04-2026.09.30-0", None),
    ("img-4", "Canonical-Ubuntu-18.04-2024.09.30-0", None),
    ("img-5", "Oracle-Linux-9.5-2026.09.30-0", None),
    ("img-6", "my image", COMPARTMENT),
]
_AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')


def other_key(passphrase: str) -> str:
    """A key that nobody knows of, encrypted."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret).decode()


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message})


class OciCloud(StandIn):
    """Instances act at once; at most 50 a page, whatever is asked for. Signatures are verified."""

    def __init__(self) -> None:
        super().__init__()
        self.instances: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, str] = {}
        self.number = 0
        self.versions = 0

    def authorize(self, request: Request) -> Reply | None:
        given = dict(_AUTHORIZATION.findall(request.headers.get("authorization", "")))
        names = given.get("headers", "").split()
        needed = {"date", "(request-target)", "host"}
        if request.method in ("POST", "PUT"):
            needed |= {"content-length", "content-type", "x-content-sha256"}
            digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
            if request.headers.get("x-content-sha256") != digest:
                return self._refused_signature()
        query = f"?{urlencode(request.queries, doseq=True)}" if request.queries else ""
        values = {**request.headers, "(request-target)": f"{request.method.lower()} {request.path}{query}"}
        text = "\n".join(f"{name}: {values.get(name, '')}" for name in names)
        expected = f"{TENANCY}/{USER}/{FINGERPRINT}"
        if not needed <= set(names) or given.get("keyId") != expected or given.get("version") != "1":
            return self._refused_signature()
        if abs(datetime.now(UTC) - parsedate_to_datetime(request.headers["date"])) > timedelta(minutes=5):
            return self._refused_signature()
        try:
            signature = base64.b64decode(given["signature"])
            KEY.public_key().verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return self._refused_signature()
        return None

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "NotAuthorizedOrNotFound", "Authorization failed or requested resource not found.")

    @route("GET", ROOT + "/instances")
    def list(self, request: Request) -> Answer:
        if request.query["compartmentId"] != COMPARTMENT:
            return self.unknown(request)
        return self._page(request, self.instances.values())

    @route("POST", ROOT + "/instances")
    def launch(self, request: Request) -> Answer:
        wanted, token = request.json, request.headers["opc-retry-token"]
        if wanted["sourceDetails"]["imageId"] not in [image for image, *_ in IMAGES]:
            return self.unknown(request)
        shape = next((each for each in SHAPES if each["shape"] == wanted["shape"]), None)
        if shape is None:
            return refusal(400, "InvalidParameter", f"Shape {wanted['shape']} does not exist")
        if shape["isFlexible"] and "ocpus" not in wanted.get("shapeConfig", {}):
            return refusal(400, "InvalidParameter", "ocpus must be given for a flexible shape")
        if wanted["createVnicDetails"]["subnetId"] not in (OPEN, CLOSED):
            return self.unknown(request)
        id = self.tokens.get(token) or self._made(wanted)
        self.tokens[token] = id
        return self.instances[id]

    @route("GET", ROOT + "/instances/{id}")
    def show(self, request: Request) -> Answer:
        instance = self.instances.get(request.ids["id"])
        return Reply(200, instance, {"etag": instance["_etag"]}) if instance else self.unknown(request)

    @route("PUT", ROOT + "/instances/{id}")
    def change(self, request: Request) -> Answer:
        instance = self.instances.get(request.ids["id"])
        if instance is None:
            return self.unknown(request)
        if request.headers.get("if-match", instance["_etag"]) != instance["_etag"]:
            return refusal(412, "NoEtagMatch", "The if-match header does not match the etag of the resource.")
        wanted = {**request.json}
        if "shape" in wanted:
            instance["shapeConfig"] = self._shape_config(wanted)
            wanted.pop("shapeConfig", None)
        instance.update(wanted)
        self._touch(instance)
        return instance

    @route("POST", ROOT + "/instances/{id}")
    def act(self, request: Request) -> Answer:
        instance, action = self.instances.get(request.ids["id"]), request.query["action"]
        if instance is None:
            return self.unknown(request)
        before = "STOPPED" if action == "START" else "RUNNING"
        if instance["lifecycleState"] != before:
            return refusal(409, "IncorrectState", f"The instance is {instance['lifecycleState']}.")
        instance["lifecycleState"] = "STOPPED" if action == "SOFTSTOP" else "RUNNING"
        self._touch(instance)
        return instance

    @route("DELETE", ROOT + "/instances/{id}")
    def terminate(self, request: Request) -> Answer:
        """Shown for a while yet."""
        instance = self.instances.get(request.ids["id"])
        if instance is None:
            return self.unknown(request)
        if instance["lifecycleState"] == "TERMINATED":
            return refusal(409, "IncorrectState", "The instance is TERMINATED.")
        assert request.query["preserveBootVolume"] == "false"
        instance["lifecycleState"] = "TERMINATED"
        return None

    @route("GET", ROOT + "/vnicAttachments")
    def attachments(self, request: Request) -> Answer:
        def shown(each: dict[str, Any]) -> dict[str, Any]:
            vnic = {"vnicId": f"vnic-{each['id']}", "subnetId": each["_subnet"]}
            return {"instanceId": each["id"], "lifecycleState": "ATTACHED", **vnic}

        wanted = request.query.get("instanceId")
        there = [each for each in self.instances.values() if each["lifecycleState"] != "TERMINATED"]
        return self._page(request, [each for each in there if wanted in (None, each["id"])], shown)

    @route("GET", ROOT + "/vnics/{id}")
    def vnic(self, request: Request) -> Answer:
        instance = self.instances[request.ids["id"].removeprefix("vnic-")]
        four = {"privateIp": instance["_private"], "publicIp": instance["_public"]}
        return {"id": request.ids["id"], **four, "ipv6Addresses": ["2603:c020::1"]}

    @route("GET", ROOT + "/privateIps")
    def private_ips(self, request: Request) -> Answer:
        def shown(each: dict[str, Any]) -> dict[str, Any]:
            where = {"vnicId": f"vnic-{each['id']}", "compartmentId": COMPARTMENT}
            return {"id": f"ip-{each['id']}", "ipAddress": each["_private"], **where}

        return self._page(request, self._within(request), shown)

    @route("GET", ROOT + "/ipv6")
    def six(self, request: Request) -> Answer:
        def shown(each: dict[str, Any]) -> dict[str, Any]:
            return {"vnicId": f"vnic-{each['id']}", "ipAddress": "2603:c020::1"}

        return self._page(request, self._within(request), shown)

    @route("GET", ROOT + "/publicIps")
    def public_ips(self, request: Request) -> Answer:
        domain = request.query.get("availabilityDomain")
        if (request.query["scope"] == "AVAILABILITY_DOMAIN") != (domain is not None):
            return refusal(400, "InvalidParameter", "availabilityDomain goes with the scope AVAILABILITY_DOMAIN")

        def shown(each: dict[str, Any]) -> dict[str, Any]:
            return {"privateIpId": f"ip-{each['id']}", "ipAddress": each["_public"]}

        here = [each for each in self.instances.values() if each["availabilityDomain"] == domain and each["_public"]]
        return self._page(request, here, shown)

    @route("GET", ROOT + "/images")
    def images(self, request: Request) -> Answer:
        found = [{"id": id, "displayName": name, "compartmentId": place} for id, name, place in IMAGES]
        return self._page(request, found, most=2)

    @route("GET", ROOT + "/shapes")
    def shapes(self, request: Request) -> Answer:
        """Each availability domain has them; so they come twice."""
        return self._page(request, [*SHAPES, *SHAPES], most=2)

    @route("GET", ROOT + "/availabilityDomains")
    def domains(self, request: Request) -> Answer:
        return self._page(request, [{"name": each, "id": each} for each in DOMAINS])

    @route("GET", ROOT + "/vcns")
    def vcns(self, request: Request) -> Answer:
        return self._page(request, [{"id": VCN, "displayName": "net", "cidrBlock": "10.0.0.0/16"}])

    @route("GET", ROOT + "/subnets")
    def subnets(self, request: Request) -> Answer:
        found = [
            {"id": id, "displayName": name, "vcnId": VCN, "cidrBlock": "10.0.0.0/24", "prohibitPublicIpOnVnic": closed}
            for id, name, closed in ((CLOSED, "a-closed", True), (OPEN, "b-open", False))
        ]
        return self._page(request, found)

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made(
                {
                    "displayName": f"many-{number}",
                    "shape": "VM.Standard2.1",
                    "availabilityDomain": DOMAINS[0],
                    "sourceDetails": {"imageId": "img-1"},
                    "createVnicDetails": {"subnetId": OPEN},
                }
            )

    def empty(self) -> None:
        self.instances.clear()

    def _made(self, wanted: dict[str, Any]) -> str:
        self.number += 1
        id = f"ocid1.instance.oc1.eu.{self.number:08}"
        subnet = wanted["createVnicDetails"]["subnetId"]
        self.instances[id] = {
            "id": id,
            "displayName": wanted["displayName"],
            "lifecycleState": "RUNNING",
            "shape": wanted["shape"],
            "shapeConfig": self._shape_config(wanted),
            "availabilityDomain": wanted["availabilityDomain"],
            "compartmentId": COMPARTMENT,
            "sourceDetails": {"sourceType": "image", "imageId": wanted["sourceDetails"]["imageId"]},
            "freeformTags": wanted.get("freeformTags") or {},
            "metadata": wanted.get("metadata") or {},
            "timeCreated": "2026-11-05T19:17:14.123Z",
            "_subnet": subnet,
            "_public": "130.61.1.2" if subnet == OPEN else None,
            "_private": f"10.0.{self.number // 250 % 250}.{self.number % 250 + 1}",
        }
        self._touch(self.instances[id])
        return id

    def _shape_config(self, wanted: dict[str, Any]) -> dict[str, Any]:
        shape: dict[str, Any] = next(each for each in SHAPES if each["shape"] == wanted["shape"])
        given = wanted.get("shapeConfig") or {}
        ocpus = given.get("ocpus", shape["ocpus"])
        per_core = shape.get("memoryOptions", {}).get("defaultPerOcpuInGBs", shape["memoryInGBs"])
        return {"ocpus": ocpus, "memoryInGBs": given.get("memoryInGBs", ocpus * per_core)}

    def _touch(self, instance: dict[str, Any]) -> None:
        self.versions += 1
        instance["_etag"] = f"v{self.versions}"

    def _within(self, request: Request) -> Any:
        return [each for each in self.instances.values() if each["_subnet"] == request.query["subnetId"]]

    def _page(self, request: Request, items: Any, shown: Any = dict, most: int = 50) -> Answer:
        number, size = int(request.query.get("page", 1)), min(most, int(request.query.get("limit", 50)))
        found, pages = page_of(list(items), number, size)
        return Reply(200, [shown(each) for each in found], {"opc-next-page": str(number + 1)} if number < pages else {})

    def _refused_signature(self) -> Reply:
        return refusal(401, "NotAuthenticated", "Failed to verify the HTTP(S) Signature")
