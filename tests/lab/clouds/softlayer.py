"""SoftLayer's XML-RPC API 3.1, as https://sldn.softlayer.com/article/xml-rpc/ and its reference describe it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from xmlrpc.client import Fault, dumps, loads

from tests.lab.stand_in import Answer, Reply, Request, StandIn

USERNAME, API_KEY = "SL1234", "a-good-key"
CODES = {
    "DEBIAN_13_64": "Debian GNU/Linux 13.x Trixie - Minimal Install (64 bit)",
    "DEBIAN_12_64": "Debian GNU/Linux 12.x Bookworm - Minimal Install (64 bit)",
    "DEBIAN_9_64": "Debian GNU/Linux 9.x Stretch - Minimal Install (64 bit)",
    "UBUNTU_24_64": "Ubuntu Linux 24.04 LTS Noble Numbat - Minimal Install (64 bit)",
}
FLAVORS = {"B1_1X2X25": ".038", "B1_2X4X25": ".075"}
_FREE = {"hourlyRecurringFee": "0", "recurringFee": "0"}
OPTIONS = {
    "flavors": [
        {
            "flavor": {"keyName": name, "name": name.replace("_", "-", 1), "totalMinimumHourlyFee": fee},
            "template": {"supplementalCreateObjectOptions": {"flavorKeyName": name}},
        }
        for name, fee in FLAVORS.items()
    ],
    "operatingSystems": [
        {"itemPrice": {**_FREE, "item": {"description": name}}, "template": {"operatingSystemReferenceCode": code}}
        for code, name in CODES.items()
    ],
    "datacenters": [{"template": {"datacenter": {"name": name}}} for name in ("fra02", "ams03")],
    "processors": [],
    "memory": [],
    "blockDevices": [],
}
VLANS = [
    {"id": 77, "name": "front", "vlanNumber": 1207, "networkSpace": "PUBLIC", "subnets": []},
    {
        "id": 78,
        "vlanNumber": 1208,
        "networkSpace": "PRIVATE",
        "primaryRouter": {"datacenter": {"name": "ams03"}},
        "subnets": [{"id": 5, "networkIdentifier": "10.1.2.0", "cidr": 26}],
    },
]


class SoftLayerCloud(StandIn):
    """Guests act at once; at most 50 items an answer."""

    def __init__(self, username: str = USERNAME, api_key: str = API_KEY) -> None:
        super().__init__()
        self._login = {"username": username, "apiKey": api_key}
        self._basic = "Basic " + b64encode(f"apikey:{api_key}".encode()).decode()
        self.guests: dict[int, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.fails: str | None = None  # a method that is refused

    def handle(self, request: Request) -> Answer:
        service = request.path.removeprefix("/xmlrpc/v3.1/SoftLayer_")
        (asked, *arguments), method = loads(request.body)
        headers = asked["headers"]
        known = headers.get("authenticate") == self._login
        if not known and request.headers.get("authorization") != self._basic:
            return _fault("SoftLayer_Exception_Public", "Invalid API token.")
        if method == self.fails:
            return _fault("SoftLayer_Exception_Public", "An unexpected error occurred.")
        handler = getattr(self, f"on_{service}_{method}", None)
        if handler is None:
            return _fault("Client", f'Function ("{method}") is not a valid method for this service')
        id = headers.get(f"SoftLayer_{service}InitParameters", {}).get("id")
        if service == "Virtual_Guest" and id is not None and id not in self.guests:
            return _fault("SoftLayer_Exception_ObjectNotFound", f"Unable to find object with id of '{id}'.")
        return _answer(handler(self.guests.get(id), *arguments), headers.get("resultLimit"))

    def on_Account_getObject(self, _: Any) -> Any:
        return {"id": 282402}

    def on_Account_getVirtualGuests(self, _: Any) -> Any:
        return list(self.guests.values())

    def on_Account_getPrivateBlockDeviceTemplateGroups(self, _: Any) -> Any:
        return [{"globalIdentifier": "8071601b-5ee1-483e-a9e8-6e5582dcb9f7", "name": "mine"}]

    def on_Account_getNetworkVlans(self, _: Any) -> Any:
        return VLANS

    def on_Account_getSshKeys(self, _: Any) -> Any:
        return self.keys

    def on_Security_Ssh_Key_createObject(self, _: Any, key: dict[str, Any]) -> Any:
        self.keys.append({**key, "id": len(self.keys) + 1})
        return self.keys[-1]

    def on_Location_Datacenter_getDatacenters(self, _: Any) -> Any:
        return [{"id": 449506, "name": "fra02", "longName": "Frankfurt 2"}]

    def on_Product_Package_getAllObjects(self, _: Any) -> Any:
        return [{"id": 835, "keyName": "PUBLIC_CLOUD_SERVER"}]

    def on_Product_Package_getActivePresets(self, _: Any) -> Any:
        return [{"id": number, "keyName": name} for number, name in enumerate(FLAVORS)]

    def on_Product_Order_placeOrder(self, _: Any, order: dict[str, Any]) -> Any:
        guest = self.guests[order["virtualGuests"][0]["id"]]
        guest["billingItem"]["orderItem"]["preset"]["keyName"] = list(FLAVORS)[order["presetId"]]
        return {"orderId": 1}

    def on_Virtual_Guest_getCreateObjectOptions(self, _: Any) -> Any:
        return OPTIONS

    def on_Virtual_Guest_createObject(self, _: Any, wanted: dict[str, Any]) -> Any:
        """What it answers says little of the machine yet."""
        if wanted["operatingSystemReferenceCode"] not in CODES:
            return Fault("SoftLayer_Exception_Public", "Invalid value provided for 'operatingSystemReferenceCode'.")
        guest = self._guest(wanted["hostname"], wanted["domain"], wanted)
        kept = ("id", "hostname", "domain", "fullyQualifiedDomainName", "createDate")
        return {**{name: guest[name] for name in kept}, "powerState": {"keyName": "HALTED"}, "provisionDate": ""}

    def on_Virtual_Guest_getObject(self, guest: Any) -> Any:
        return guest

    def on_Virtual_Guest_powerOn(self, guest: Any) -> Any:
        return self._turns(guest, "HALTED", "RUNNING")

    def on_Virtual_Guest_powerOffSoft(self, guest: Any) -> Any:
        return self._turns(guest, "RUNNING", "HALTED")

    def on_Virtual_Guest_rebootSoft(self, guest: Any) -> Any:
        return True

    def on_Virtual_Guest_deleteObject(self, guest: Any) -> Any:
        """Hourly ones go at once, but are still listed for a while."""
        guest["activeTransaction"] = {"transactionStatus": {"name": "RECLAIM_WAIT"}}
        return True

    def on_Virtual_Guest_setTags(self, guest: Any, tags: str) -> Any:
        guest["tagReferences"] = [{"tag": {"name": tag}} for tag in tags.split(",") if tag]
        return True

    def fill(self, count: int) -> None:
        for number in range(count):
            self._guest(f"many-{number}", "example.com", {})

    def empty(self) -> None:
        self.guests.clear()

    def _turns(self, guest: Any, old: str, new: str) -> Any:
        if guest["powerState"]["keyName"] != old:
            return Fault("SoftLayer_Exception_Public", "The action cannot be performed in the current power state.")
        guest["powerState"] = {"keyName": new}
        return True

    def _guest(self, hostname: str, domain: str, wanted: dict[str, Any]) -> dict[str, Any]:
        id = max(self.guests, default=2_875_151) + 1
        flavor = wanted.get("supplementalCreateObjectOptions", {}).get("flavorKeyName", "B1_1X2X25")
        self.guests[id] = {
            "id": id,
            "hostname": hostname,
            "domain": domain,
            "fullyQualifiedDomainName": f"{hostname}.{domain}",
            "createDate": "2026-07-21T18:37:44-06:00",
            "provisionDate": "2026-07-21T18:39:01-06:00",
            "maxCpu": 1,
            "maxMemory": 2048,
            "primaryIpAddress": "203.0.113.7",
            "primaryBackendIpAddress": "10.1.2.7",
            "powerState": {"keyName": "RUNNING"},
            "datacenter": wanted.get("datacenter", {"name": "ams03"}),
            "userData": wanted.get("userData", []),
            "billingItem": {"orderItem": {"preset": {"keyName": flavor}}},
        }
        return self.guests[id]


def _answer(value: Any, limit: dict[str, int] | None) -> Reply:
    if isinstance(value, Fault):
        return Reply(200, dumps(value, methodresponse=True))
    if not isinstance(value, list):
        return Reply(200, dumps((value,), methodresponse=True, allow_none=True))
    start, most = (limit["offset"], min(limit["limit"], 50)) if limit else (0, len(value))
    page = value[start : start + most]
    return Reply(200, dumps((page,), methodresponse=True), {"softlayer-total-items": str(len(value))})


def _fault(code: str, words: str) -> Reply:
    return _answer(Fault(code, words), None)  # type: ignore[arg-type]
