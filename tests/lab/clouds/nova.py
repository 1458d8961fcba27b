"""Nova, Glance and Neutron, as https://docs.openstack.org/api-ref/ describes them, behind a Keystone."""

from __future__ import annotations

import uuid
from typing import Any

from tests.lab.clouds.keystone import PASSWORD, PROJECT, PROJECT_ID, USERNAME, Keystone, Service
from tests.lab.stand_in import Answer, Reply, Request, route

REGION = "RegionOne"
COMPUTE = f"/compute/v2.1/{PROJECT_ID}"
PAGE = 50
SIZES = [
    {"id": "1", "name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1, "OS-FLV-EXT-DATA:ephemeral": 0, "swap": ""},
    {"id": "2", "name": "m1.small", "vcpus": 1, "ram": 2048, "disk": 20, "OS-FLV-EXT-DATA:ephemeral": 0, "swap": ""},
]
IMAGES = [
    {"id": f"1111aaaa-0000-4000-8000-00000000000{n}", "name": name, "status": "active", "visibility": "public"}
    for n, name in enumerate(("Debian 10", "Debian 12", "Debian 13", "Ubuntu 24.04", "Ubuntu 25.10"))
]
NETWORK = {"id": "2222aaaa-0000-4000-8000-000000000000", "name": "inner", "status": "ACTIVE", "router:external": False}
SUBNET = {"id": "3333aaaa-0000-4000-8000-000000000000", "network_id": NETWORK["id"], "name": "", "cidr": "10.0.0.0/24"}


class NovaCloud(Keystone):
    """One project's servers, which act at once; at most 50 of anything a page."""

    catalogue = (
        Service("compute", "nova", "/compute/v2.1/{tenant}", (REGION,)),
        Service("image", "glance", "/image", (REGION,)),
        Service("network", "neutron", "/network", (REGION,)),
    )

    def __init__(self, username: str = USERNAME, password: str = PASSWORD, project: str = PROJECT) -> None:
        super().__init__(username, password, project)
        self.servers: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, Any]] = {}

    def authorize(self, request: Request) -> Reply | None:
        refused = super().authorize(request)
        if refused is None and request.path.startswith(("/compute", "/image", "/network")) and not self.scoped(request):
            return refusal(403, "forbidden", "Policy doesn't allow it: the token is for no project.")
        return refused

    def unknown(self, request: Request) -> Answer:
        return refusal(404, "itemNotFound", "The resource could not be found.")

    @route("GET", COMPUTE + "/servers")
    @route("GET", COMPUTE + "/servers/detail")
    def list(self, request: Request) -> Answer:
        return self._page(request, "servers", list(self.servers.values()))

    @route("POST", COMPUTE + "/servers")
    def create(self, request: Request) -> Answer:
        wanted = request.json["server"]
        if wanted["imageRef"] not in {each["id"] for each in IMAGES}:
            return refusal(400, "badRequest", "Can not find requested image")
        if wanted["flavorRef"] not in {each["id"] for each in SIZES}:
            return refusal(400, "badRequest", f"Flavor {wanted['flavorRef']} could not be found.")
        if not all(isinstance(value, str) for value in wanted.get("metadata", {}).values()):
            return refusal(400, "badRequest", "Invalid input for field/attribute metadata.")
        server = self._made(wanted["name"], wanted["flavorRef"], wanted["imageRef"], dict(wanted.get("metadata", {})))
        return Reply(202, {"server": {"id": server["id"], "links": [], "adminPass": "x", "security_groups": []}})

    @route("GET", COMPUTE + "/servers/{id}")
    def show(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        return {"server": server} if server else self._gone(request)

    @route("DELETE", COMPUTE + "/servers/{id}")
    def destroy(self, request: Request) -> Answer:
        return None if self.servers.pop(request.ids["id"], None) else self._gone(request)

    @route("POST", COMPUTE + "/servers/{id}/action")
    def act(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        if server is None:
            return self._gone(request)
        ((what, how),) = request.json.items()
        before, after = _ACTIONS.get(what, ((), ""))
        if server["status"] not in before:
            text = f"Cannot '{what}' instance {server['id']} while it is in vm_state {server['status'].lower()}"
            return refusal(409, "conflictingRequest", text)
        if what == "resize":
            server["flavor"] = {"id": how["flavorRef"]}
        server["status"] = after
        return Reply(202, None)

    @route("GET", COMPUTE + "/servers/{id}/metadata")
    def metadata(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        return {"metadata": server["metadata"]} if server else self._gone(request)

    @route("PUT", COMPUTE + "/servers/{id}/metadata/{key}")
    def put_metadata(self, request: Request) -> Answer:
        server, meta = self.servers.get(request.ids["id"]), request.json["meta"]
        if server is None:
            return self._gone(request)
        if list(meta) != [request.ids["key"]]:
            return refusal(400, "badRequest", "Request body and URI mismatch")
        server["metadata"] |= meta
        return {"meta": meta}

    @route("DELETE", COMPUTE + "/servers/{id}/metadata/{key}")
    def delete_metadata(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        if server is None or server["metadata"].pop(request.ids["key"], None) is None:
            return refusal(404, "itemNotFound", "Metadata item was not found")
        return None

    @route("GET", COMPUTE + "/flavors/detail")
    def flavors(self, request: Request) -> Answer:
        return self._page(request, "flavors", SIZES)

    @route("GET", COMPUTE + "/images/detail")
    def older_images(self, request: Request) -> Answer:
        shown = [{**each, "status": "ACTIVE", "metadata": {}, "minDisk": 1, "minRam": 0} for each in IMAGES]
        return self._page(request, "images", shown)

    @route("GET", COMPUTE + "/os-availability-zone")
    def zones(self, request: Request) -> Answer:
        return {"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": True}, "hosts": None}]}

    @route("GET", COMPUTE + "/os-tenant-networks")
    def older_networks(self, request: Request) -> Answer:
        return {"networks": [{"id": NETWORK["id"], "label": "private", "cidr": "10.0.0.0/24"}]}

    @route("GET", COMPUTE + "/os-keypairs")
    def list_keys(self, request: Request) -> Answer:
        return {"keypairs": [{"keypair": each} for each in self.keys.values()]}

    @route("POST", COMPUTE + "/os-keypairs")
    def add_key(self, request: Request) -> Answer:
        key = request.json["keypair"]
        if key["name"] in self.keys:
            return refusal(409, "conflictingRequest", f"Key pair '{key['name']}' already exists.")
        self.keys[key["name"]] = {**key, "fingerprint": "00:11"}
        return {"keypair": self.keys[key["name"]]}

    @route("GET", "/image/v2/images")
    def images(self, request: Request) -> Answer:
        shown = [{**each, "owner": "somebody"} for each in IMAGES]
        answer = self._page(request, "images", shown)
        links = answer.pop("images_links", [])
        return {**answer, "first": "/v2/images", **({"next": links[0]["href"]} if links else {})}

    @route("GET", "/network/v2.0/networks")
    def networks(self, request: Request) -> Answer:
        return self._page(request, "networks", [NETWORK])

    @route("GET", "/network/v2.0/subnets")
    def subnets(self, request: Request) -> Answer:
        return self._page(request, "subnets", [SUBNET])

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made(f"many-{number}", "1", IMAGES[0]["id"], {})

    def empty(self) -> None:
        self.servers.clear()

    def _made(self, name: str, size: str, image: str, metadata: dict[str, str]) -> dict[str, Any]:
        id = str(uuid.uuid4())
        fixed = {"version": 4, "addr": "10.0.0.7", "OS-EXT-IPS:type": "fixed"}
        floating = {"version": 4, "addr": "172.24.4.9", "OS-EXT-IPS:type": "floating"}
        six = {"version": 6, "addr": "2001:470::7", "OS-EXT-IPS:type": "fixed"}
        self.servers[id] = {
            "id": id,
            "name": name,
            "status": "ACTIVE",
            "created": "2026-07-21T18:37:44Z",
            "flavor": {"id": size},
            "image": {"id": image},
            "metadata": metadata,
            "addresses": {"inner": [fixed, floating, six]},
            "accessIPv4": "",
            "accessIPv6": "",
            "OS-EXT-AZ:availability_zone": "nova",
            "OS-EXT-STS:task_state": None,
        }
        return self.servers[id]

    def _gone(self, request: Request) -> Reply:
        return refusal(404, "itemNotFound", f"Instance {request.ids['id']} could not be found.")

    def _page(self, request: Request, key: str, items: Any) -> dict[str, Any]:
        """As Nova pages: after the item that `marker` names, with a link to the next page if there is one."""
        ids = [each["id"] for each in items]
        start = ids.index(request.query["marker"]) + 1 if "marker" in request.query else 0
        size = min(PAGE, int(request.query.get("limit", PAGE)))
        shown = items[start : start + size]
        if start + size >= len(items):
            return {key: shown}
        kept = {**request.query, "limit": str(size), "marker": shown[-1]["id"]}
        query = "&".join(f"{name}={value}" for name, value in kept.items())
        return {
            key: shown,
            f"{key}_links": [{"rel": "next", "href": f"http://elsewhere.invalid{request.path}?{query}"}],
        }


class OlderCloud(NovaCloud):
    """As clouds were around 2013: the second Keystone alone, and images and networks of Nova's own."""

    versions = ("v2.0",)
    catalogue = (Service("compute", "Compute", "/compute/v2.1/{tenant}", ("region-a.geo-1", "region-b.geo-1")),)


class KeyedCloud(NovaCloud):
    """Rackspace's: an API key signs in, several compute services stand in the catalogue, there are no zones."""

    versions = ("v2.0",)
    key_name = "RAX-KSKEY:apiKeyCredentials"
    catalogue = (
        Service("compute", "cloudServers", "/first/{tenant}", ()),
        Service("compute", "cloudServersOpenStack", "/compute/v2.1/{tenant}", ("DFW", "ORD", "IAD", "LON")),
        Service("compute", "cloudServersPreprod", "/none/{tenant}", ("DFW",)),
        Service("image", "cloudImages", "/image/v2", ("DFW", "ORD", "IAD", "LON")),
        Service("network", "cloudNetworks", "/network/v2.0", ("DFW", "ORD", "IAD", "LON")),
    )

    @route("GET", COMPUTE + "/os-availability-zone")
    def zones(self, request: Request) -> Answer:
        return self.unknown(request)


_ACTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "os-start": (("SHUTOFF",), "ACTIVE"),
    "os-stop": (("ACTIVE", "ERROR"), "SHUTOFF"),
    "reboot": (("ACTIVE", "ERROR"), "ACTIVE"),
    "resize": (("ACTIVE", "SHUTOFF"), "VERIFY_RESIZE"),
    "confirmResize": (("VERIFY_RESIZE",), "ACTIVE"),
}


def refusal(status: int, code: str, message: str) -> Reply:
    return Reply(status, {code: {"code": status, "message": message}})
