"""DigitalOcean's API v2, as https://docs.digitalocean.com/reference/api/ describes it."""

from __future__ import annotations

from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

TOKEN = "dop_v1_good"
SIZES = [
    {"slug": "s-1vcpu-1gb", "memory": 1024, "vcpus": 1, "disk": 25, "transfer": 1.0, "price_monthly": 6.0},
    {"slug": "s-2vcpu-4gb", "memory": 4096, "vcpus": 2, "disk": 80, "transfer": 4.0, "price_monthly": 24.0},
]
IMAGES = [
    {"id": 1, "slug": "debian-13-x64", "distribution": "Debian", "name": "13 x64", "public": True},
    {"id": 2, "slug": "debian-12-x64", "distribution": "Debian", "name": "12 x64", "public": True},
    {"id": 3, "slug": "debian-10-x64", "distribution": "Debian", "name": "10 x64", "public": True},
    {"id": 4, "slug": "ubuntu-25-10-x64", "distribution": "Ubuntu", "name": "25.10 x64", "public": True},
    {"id": 5, "slug": "ubuntu-24-04-x64", "distribution": "Ubuntu", "name": "24.04 (LTS) x64", "public": True},
    {"id": 6, "slug": None, "distribution": "Debian", "name": "my snapshot", "public": False},
]
VPC = {
    "id": "5a4981aa-9653-4bd1-bef5-d6bff52042e4",
    "name": "default-fra1",
    "region": "fra1",
    "ip_range": "10.0.0.0/20",
}


class DigitalOceanCloud(StandIn):
    """Droplets act at once; at most 50 a page, whatever is asked for."""

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        self.droplets: dict[int, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.tags: set[str] = set()

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("authorization") == f"Bearer {self.token}":
            return None
        return Reply(401, {"id": "Unauthorized", "message": "Unable to authenticate you"})

    def unknown(self, request: Request) -> Answer:
        return Reply(404, {"id": "not_found", "message": "The resource you requested could not be found."})

    @route("GET", "/v2/droplets")
    def list(self, request: Request) -> Answer:
        wanted = request.query.get("tag_name")
        return self._page(request, "droplets", [d for d in self.droplets.values() if not wanted or wanted in d["tags"]])

    @route("POST", "/v2/droplets")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        for field in ("name", "region", "size", "image"):
            if not wanted.get(field):
                return Reply(422, {"id": "unprocessable_entity", "message": f"{field} is missing"})
        if wanted["image"] not in {key for image in IMAGES for key in (image["id"], image["slug"])}:
            return Reply(422, {"id": "unprocessable_entity", "message": "You specified an invalid image for Droplet."})
        droplet = self._droplet(wanted["name"], wanted["size"], wanted.get("tags") or [])
        self.tags |= set(droplet["tags"])
        return Reply(202, {"droplet": droplet, "links": {}})

    @route("GET", "/v2/droplets/{id}")
    def show(self, request: Request) -> Answer:
        droplet = self._found(request)
        return {"droplet": droplet} if droplet else self.unknown(request)

    @route("DELETE", "/v2/droplets/{id}")
    def destroy(self, request: Request) -> Answer:
        droplet = self._found(request)
        if droplet is None:
            return self.unknown(request)
        del self.droplets[droplet["id"]]
        return None

    @route("POST", "/v2/droplets/{id}/actions")
    def act(self, request: Request) -> Answer:
        droplet, wanted = self._found(request), request.json
        if droplet is None:
            return self.unknown(request)
        if wanted["type"] == "resize":
            if droplet["status"] != "off":
                return Reply(422, {"id": "unprocessable_entity", "message": "Droplet must be off to resize."})
            droplet["size_slug"] = wanted["size"]
        droplet["status"] = {"shutdown": "off", "power_on": "active", "reboot": "active"}.get(
            wanted["type"], droplet["status"]
        )
        return Reply(201, {"action": {"id": 1, "status": "in-progress", "type": wanted["type"]}})

    @route("GET", "/v2/images")
    def images(self, request: Request) -> Answer:
        private = request.query.get("private") == "true"
        return self._page(request, "images", [image for image in IMAGES if not (private and image["public"])])

    @route("GET", "/v2/sizes")
    def sizes(self, request: Request) -> Answer:
        offered = [{**size, "price_hourly": 0.00893, "regions": ["fra1"], "available": True} for size in SIZES]
        return self._page(request, "sizes", offered)

    @route("GET", "/v2/regions")
    def regions(self, request: Request) -> Answer:
        return self._page(request, "regions", [{"slug": "fra1", "name": "Frankfurt 1", "available": True}])

    @route("GET", "/v2/vpcs")
    def vpcs(self, request: Request) -> Answer:
        return self._page(request, "vpcs", [VPC])

    @route("GET", "/v2/account/keys")
    def list_keys(self, request: Request) -> Answer:
        return self._page(request, "ssh_keys", self.keys)

    @route("POST", "/v2/account/keys")
    def add_key(self, request: Request) -> Answer:
        self.keys.append({"id": len(self.keys) + 1, **request.json})
        return Reply(201, {"ssh_key": self.keys[-1]})

    @route("POST", "/v2/tags")
    def add_tag(self, request: Request) -> Answer:
        self.tags.add(request.json["name"])
        return Reply(201, {"tag": request.json})

    @route("POST", "/v2/tags/{tag}/resources")
    def tag(self, request: Request) -> Answer:
        for resource in request.json["resources"]:
            tags = self.droplets[int(resource["resource_id"])]["tags"]
            tags += [request.ids["tag"]] * (request.ids["tag"] not in tags)
        return None

    @route("DELETE", "/v2/tags/{tag}/resources")
    def untag(self, request: Request) -> Answer:
        if request.ids["tag"] not in self.tags:
            return self.unknown(request)
        for resource in request.json["resources"]:
            tags = self.droplets[int(resource["resource_id"])]["tags"]
            tags[:] = [tag for tag in tags if tag != request.ids["tag"]]
        return None

    def fill(self, count: int) -> None:
        for number in range(count):
            self._droplet(f"many-{number}", SIZES[0]["slug"], [])

    def empty(self) -> None:
        self.droplets.clear()

    def _droplet(self, name: str, size: Any, tags: list[str]) -> dict[str, Any]:
        id = max(self.droplets, default=3_164_443) + 1
        address = {"ip_address": "203.0.113.7", "type": "public"}
        self.droplets[id] = {
            "id": id,
            "name": name,
            "status": "active",
            "locked": False,
            "created_at": "2026-07-21T18:37:44Z",
            "image": IMAGES[0],
            "size_slug": size,
            "networks": {"v4": [address, {"ip_address": "10.0.0.2", "type": "private"}], "v6": []},
            "region": {"slug": "fra1", "name": "Frankfurt 1"},
            "tags": tags,
            "vpc_uuid": VPC["id"],
        }
        return self.droplets[id]

    def _found(self, request: Request) -> dict[str, Any] | None:
        id = request.ids["id"]
        return self.droplets.get(int(id)) if id.isdecimal() else None

    def _page(self, request: Request, key: str, items: list[Any]) -> Answer:
        size, number = min(50, int(request.query.get("per_page", 20))), int(request.query.get("page", 1))
        shown, pages = page_of(items, number, size)
        kept = {name: value for name, value in request.query.items() if name != "page"}
        query = "&".join(f"{name}={value}" for name, value in kept.items())
        start = f"https://api.digitalocean.com{request.path}?{query}&page="
        more = {"next": f"{start}{number + 1}", "last": f"{start}{pages}"} if number < pages else {}
        return {key: shown, "links": {"pages": more} if pages > 1 else {}, "meta": {"total": len(items)}}
