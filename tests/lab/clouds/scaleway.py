"""Scaleway's Instance API v1 and what is around it, as https://www.scaleway.com/en/developers/api/ describes them."""

from __future__ import annotations

from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, page_of, route

SECRET, PROJECT = "11111111-aaaa-bbbb-cccc-222222222222", "fa1e3217-dc80-42ac-85c3-3f034b78b552"
NETWORK = "60f03cc0-01c8-4290-831d-ae8721da9490"
AT = "/instance/v1/zones/{zone}"
SIZES = {
    "DEV1-S": {"ncpus": 2, "ram": 2 * 1024**3, "hourly_price": 0.01, "local": 20 * 10**9},
    "PRO2-XXS": {"ncpus": 2, "ram": 8 * 1024**3, "hourly_price": 0.055, "local": 0},
    "START1-S": {"ncpus": 2, "ram": 2 * 1024**3, "hourly_price": 0.01, "local": 0, "end_of_service": True},
}
IMAGES = [
    ("debian_trixie", "Debian 13 (Trixie)", "distribution"),
    ("debian_bookworm", "Debian 12 (Bookworm)", "distribution"),
    ("debian_bullseye", "Debian 11 (Bullseye)", "distribution"),
    ("ubuntu_noble", "Ubuntu 24.04 Noble Numbat", "distribution"),
    ("ubuntu_noble_gpu_os_12", "Ubuntu Noble GPU OS 12", "Machine Learning"),
]
LOCAL = "ec31d73d-ca36-4536-adf4-0feb76d30379"
BLOCK = "6d3c053e-c728-4294-b23a-560b62a4d592"
OWN = "03628bcc-ed1e-4041-a575-9db00b60c917"


def not_found(what: str, id: str = "") -> Reply:
    said = {"type": "not_found", "message": "resource is not found", "resource": what, "resource_id": id}
    return Reply(404, said)


def refused(argument: str, why: str) -> Reply:
    detail = {"argument_name": argument, "reason": "constraint", "help_message": why}
    return Reply(400, {"type": "invalid_arguments", "message": "invalid argument(s)", "details": [detail]})


class ScalewayCloud(StandIn):
    """Servers act at once; at most 50 a page, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}
        self.user_data: dict[str, str] = {}
        self.volumes: set[str] = set()
        self.number = 0

    def authorize(self, request: Request) -> Reply | None:
        if request.headers.get("x-auth-token") == SECRET:
            return None
        denied = {"message": "authentication is denied", "method": "api_key", "reason": "not_found"}
        return Reply(401, {**denied, "type": "denied_authentication"})

    def unknown(self, request: Request) -> Answer:
        return Reply(404, {"type": "unknown_resource", "message": "resource is not found"})

    @route("GET", AT + "/servers")
    def list(self, request: Request) -> Answer:
        tags = set(filter(None, request.query.get("tags", "").split(",")))
        found = [server for server in self.servers.values() if tags <= set(server["tags"])]
        return self._page(request, "servers", found if request.query.get("project") == PROJECT else [])

    @route("POST", AT + "/servers")
    def create(self, request: Request) -> Answer:
        wanted = request.json
        if wanted["commercial_type"] not in SIZES:
            return refused("commercial_type", "not a valid value")
        if wanted["image"] not in (LOCAL, BLOCK, OWN):
            return not_found("instance_image", wanted["image"])
        if wanted.get("project") != PROJECT:
            return refused("project", "not a valid value")
        return Reply(201, {"server": self._made(wanted)})

    @route("GET", AT + "/servers/{id}")
    def show(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        return {"server": server} if server else self._missing(request)

    @route("PATCH", AT + "/servers/{id}")
    def change(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        if server is None:
            return self._missing(request)
        if "commercial_type" in request.json and server["state"] != "stopped":
            return refused("commercial_type", "server must be stopped")
        server.update(request.json)
        return {"server": server}

    @route("DELETE", AT + "/servers/{id}")
    def delete(self, request: Request) -> Answer:
        server = self.servers.get(request.ids["id"])
        if server is None:
            return self._missing(request)
        if server["state"] != "stopped":
            return Reply(400, {"type": "precondition_failed", "message": "server should be stopped"})
        del self.servers[server["id"]]
        return None

    @route("POST", AT + "/servers/{id}/action")
    def act(self, request: Request) -> Answer:
        server, action = self.servers.get(request.ids["id"]), request.json["action"]
        if server is None:
            return self._missing(request)
        possible = {"stopped": ("poweron",), "running": ("poweroff", "reboot", "terminate", "stop_in_place")}
        if action not in possible[server["state"]]:
            return refused("action", f"server is {server['state']}")
        server["state"] = "stopped" if action == "poweroff" else "running"
        if action == "terminate":
            del self.servers[server["id"]]
            volume = server["volumes"]["0"]
            self.volumes -= {volume["id"]} if volume["volume_type"] == "l_ssd" else set()
        return Reply(202, {"task": {"id": "1", "description": f"server_{action}", "status": "pending", "progress": 0}})

    @route("PATCH", AT + "/servers/{id}/user_data/{key}")
    def set_user_data(self, request: Request) -> Answer:
        if request.headers["content-type"] != "text/plain":
            return refused("content-type", "only text/plain is accepted")
        self.user_data[request.ids["id"]] = request.body.decode()
        return None

    @route("POST", AT + "/servers/{id}/private_nics")
    def join(self, request: Request) -> Answer:
        if request.json["private_network_id"] != NETWORK:
            return not_found("private_network", request.json["private_network_id"])
        nic = {"id": f"nic-{request.ids['id']}", "private_network_id": NETWORK, "state": "available"}
        self.servers[request.ids["id"]]["private_nics"].append(nic)
        return Reply(201, {"private_nic": nic})

    @route("DELETE", AT + "/volumes/{id}")
    def delete_local(self, request: Request) -> None:
        self.volumes.discard(request.ids["id"])

    @route("DELETE", "/block/v1/zones/{zone}/volumes/{id}")
    def delete_block(self, request: Request) -> None:
        self.volumes.discard(request.ids["id"])

    @route("GET", AT + "/products/servers")
    def sizes(self, request: Request) -> Answer:
        def shown(size: dict[str, Any]) -> dict[str, Any]:
            local = {"min_size": size["local"], "max_size": size["local"]}
            return {"arch": "x86_64", "end_of_service": False, **size, "volumes_constraint": local}

        return self._table(request, {name: shown(size) for name, size in SIZES.items()})

    @route("GET", AT + "/products/servers/availability")
    def availability(self, request: Request) -> Answer:
        return self._table(request, {name: {"availability": "available"} for name in SIZES})

    @route("GET", AT + "/images")
    def own_images(self, request: Request) -> Answer:
        assert request.query["public"] == "false"
        return self._page(request, "images", [{"id": OWN, "name": "my snapshot", "arch": "x86_64", "public": False}])

    @route("GET", "/marketplace/v2/images")
    def market(self, request: Request) -> Answer:
        found = [{"label": label, "name": name, "categories": [kind]} for label, name, kind in IMAGES]
        return self._counted(request, "images", found)

    @route("GET", "/marketplace/v2/local-images")
    def local_images(self, request: Request) -> Answer:
        label = request.query["image_label"]
        if label not in [each for each, *_ in IMAGES]:
            return not_found("image", label)
        block = {"id": BLOCK, "type": "instance_sbs", "compatible_commercial_types": ["DEV1-S", "PRO2-XXS"]}
        local = {"id": LOCAL, "type": "instance_local", "compatible_commercial_types": ["DEV1-S"]}
        return self._counted(request, "local_images", [{**each, "label": label} for each in (block, local)])

    @route("GET", "/vpc/v2/regions/{region}/private-networks")
    def networks(self, request: Request) -> Answer:
        subnets = [{"id": "s-1", "subnet": "172.16.4.0/22"}]
        return self._counted(request, "private_networks", [{"id": NETWORK, "name": "inside", "subnets": subnets}])

    @route("GET", "/ipam/v1/regions/{region}/ips")
    def addresses(self, request: Request) -> Answer:
        nics = [nic["id"] for server in self.servers.values() for nic in server["private_nics"]]
        found = [{"address": "172.16.4.2/22", "resource": {"id": nic, "type": "instance_private_nic"}} for nic in nics]
        return self._counted(request, "ips", found)

    def fill(self, count: int) -> None:
        for number in range(count):
            self._made({"name": f"many-{number}", "commercial_type": "DEV1-S", "image": LOCAL})

    def empty(self) -> None:
        self.servers.clear()

    def _made(self, wanted: dict[str, Any]) -> dict[str, Any]:
        self.number += 1
        id = f"12ee530f-4f5f-4059-80c7-{self.number:012}"
        volume = {"id": f"volume-{id}", "volume_type": "l_ssd" if wanted["image"] == LOCAL else "sbs_volume"}
        self.volumes.add(volume["id"])
        self.servers[id] = {
            "id": id,
            "name": wanted["name"],
            "state": "stopped",
            "commercial_type": wanted["commercial_type"],
            "image": {"id": wanted["image"], "name": "Debian 13 (Trixie)"},
            "tags": wanted.get("tags") or [],
            "public_ips": [{"address": "51.15.129.35", "family": "inet"}],
            "private_nics": [],
            "volumes": {"0": volume},
            "creation_date": "2026-11-04T10:13:59.796140+00:00",
            "zone": "fr-par-1",
        }
        return self.servers[id]

    def _missing(self, request: Request) -> Reply:
        return not_found("instance_server", request.ids["id"])

    def _page(self, request: Request, key: str, items: Any) -> Answer:
        size, number = min(50, int(request.query.get("per_page", 50))), int(request.query.get("page", 1))
        shown, pages = page_of(list(items), number, size)
        next_one = f'</{key}?page={number + 1}&per_page={size}&>; rel="next",' if number < pages else ""
        last = f'</{key}?page={pages}&per_page={size}&>; rel="last"'
        return Reply(200, {key: shown}, {"Link": next_one + last, "X-Total-Count": str(len(items))})

    def _table(self, request: Request, table: dict[str, Any]) -> Answer:
        """The vendor's tables have pages too; these are of two rows."""
        number = int(request.query.get("page", 1))
        shown, pages = page_of(sorted(table), number, 2)
        more = {"Link": f'</products/servers?page={number + 1}&>; rel="next"'} if number < pages else {}
        return Reply(200, {"servers": {name: table[name] for name in shown}}, more)

    def _counted(self, request: Request, key: str, items: Any) -> Answer:
        size, number = min(2, int(request.query.get("page_size", 50))), int(request.query.get("page", 1))
        return {key: page_of(list(items), number, size)[0], "total_count": len(items)}
