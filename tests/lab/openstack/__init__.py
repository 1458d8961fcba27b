"""A whole OpenStack on loopback: the projects' own Keystone, Glance, Placement, Neutron and Nova.

Nothing but the hypervisor and the wires is missing: Nova's own fake driver plays the one, and no agent plugs the other.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.lab.daemon import Daemon, free_port
from tests.lab.openstack import config, install

USER, PASSWORD, PROJECT = "demo", "lab-demo", "demo"
PATHS = {"glance": "", "placement": "", "neutron": "", "nova": "/v2.1"}
# name, MiB of memory, cores, GiB of disk; the last is larger than the hypervisor
SIZES = (("m1.tiny", 512, 1, 1), ("m1.small", 2048, 1, 1), ("m1.medium", 4096, 2, 1), ("m1.huge", 8192, 2, 10_000_000))
TYPES = {"glance": "image", "placement": "placement", "neutron": "network", "nova": "compute"}
ENDS_S = 10.0
QUOTA = 100


@dataclass
class OpenStackCloud:
    """Where it listens, and what is in it. `ask` is what an administrator may do."""

    ports: dict[str, int]
    image: str = ""
    network: str = ""
    external: str = ""
    project: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def auth_url(self) -> str:
        return self.url("keystone")

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def ask(self, service: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        every = {**self.headers, "Content-Type": "application/json", **headers}
        answer = requests.request(method, self.url(service) + path, json=body, headers=every, timeout=60)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def sign_in(self, user: str, password: str, project: str) -> dict[str, str]:
        """The header of a token."""
        who = {"name": user, "domain": {"name": "Default"}, "password": password}
        scope = {"project": {"name": project, "domain": {"name": "Default"}}}
        body = {"auth": {"identity": {"methods": ["password"], "password": {"user": who}}, "scope": scope}}
        answer = requests.post(f"{self.auth_url}/v3/auth/tokens", json=body, timeout=60)
        answer.raise_for_status()
        return {"X-Auth-Token": answer.headers["X-Subject-Token"]}


@contextlib.contextmanager
def openstack_cloud(folder: Path) -> Iterator[OpenStackCloud]:
    """A cloud with a project `demo` and its user, a network, an external one, three images and the flavours `SIZES`."""
    made = install.installed()
    cloud = OpenStackCloud({name: free_port() for name in config.SERVICES})
    _prepare(folder, made, cloud)
    with contextlib.ExitStack() as closing:
        daemons = {}
        for name in config.SERVICES:
            argv = [str(made / "venv/bin/python"), str(install.HERE / "service.py"), name, str(cloud.ports[name])]
            daemons[name] = Daemon([*argv, str(folder)], folder / f"{name}.out", env={"PYTHONWARNINGS": "ignore"})
            closing.callback(daemons[name].stop, ENDS_S)
        daemons["keystone"].wait_until(lambda: _is_up(cloud, "keystone"), 120)
        _register(cloud)
        for name in ("placement", "glance", "neutron"):
            daemons[name].wait_until(lambda name=name: _is_up(cloud, name), 120)
        (folder / "registered").touch()
        _networks(cloud)
        _images(cloud)
        daemons["nova"].wait_until(lambda: _is_up(cloud, "nova"), 120)
        _flavours(cloud)
        yield cloud


def _prepare(folder: Path, made: Path, cloud: OpenStackCloud) -> None:
    shutil.copytree(made / "fresh", folder, dirs_exist_ok=True)
    config.write(folder, made / "venv", cloud.ports, install.PASSWORD)
    with contextlib.closing(sqlite3.connect(folder / "nova_api.db")) as database, database:
        database.execute(
            "UPDATE cell_mappings SET database_connection = replace(database_connection, ?, ?)",
            (config.FOLDER, str(folder)),
        )


def _is_up(cloud: OpenStackCloud, service: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(cloud.url(service), timeout=30).status_code in (200, 300)
    return False


def _register(cloud: OpenStackCloud) -> None:
    """The catalogue, and the project with its user. The services themselves are the administrator too."""
    cloud.headers = cloud.sign_in("admin", install.PASSWORD, "admin")
    _grant(cloud, "admin", "admin", "service")
    for each in cloud.ask("keystone", "GET", "/v3/endpoints")["endpoints"]:
        body = {"endpoint": {"url": cloud.auth_url + "/v3"}}
        cloud.ask("keystone", "PATCH", f"/v3/endpoints/{each['id']}", body)
    for name, path in PATHS.items():
        body = {"service": {"type": TYPES[name], "name": name}}
        service = cloud.ask("keystone", "POST", "/v3/services", body)["service"]["id"]
        where = {
            "interface": "public",
            "region_id": config.REGION,
            "service_id": service,
            "url": cloud.url(name) + path,
        }
        cloud.ask("keystone", "POST", "/v3/endpoints", {"endpoint": {**where, "service_id": service}})
    project = {"name": PROJECT, "domain_id": "default"}
    cloud.project = cloud.ask("keystone", "POST", "/v3/projects", {"project": project})["project"]["id"]
    user = {"name": USER, "password": PASSWORD, "domain_id": "default"}
    cloud.ask("keystone", "POST", "/v3/users", {"user": user})
    _grant(cloud, USER, PROJECT, "member")


def _grant(cloud: OpenStackCloud, user: str, project: str, role: str) -> None:
    ids = [
        cloud.ask("keystone", "GET", f"/v3/{key}?name={name}")[key][0]["id"]
        for key, name in (("projects", project), ("users", user), ("roles", role))
    ]
    cloud.ask("keystone", "PUT", "/v3/projects/{}/users/{}/roles/{}".format(*ids))


def _networks(cloud: OpenStackCloud) -> None:
    inner = {"name": "inner", "tenant_id": cloud.project}
    outer = {"name": "outer", "router:external": True, "tenant_id": cloud.project}
    cloud.network = cloud.ask("neutron", "POST", "/v2.0/networks", {"network": inner})["network"]["id"]
    cloud.external = cloud.ask("neutron", "POST", "/v2.0/networks", {"network": outer})["network"]["id"]
    subnet = {"network_id": cloud.network, "tenant_id": cloud.project, "cidr": "10.20.0.0/16", "ip_version": 4}
    cloud.ask("neutron", "POST", "/v2.0/subnets", {"subnet": {**subnet, "name": "four"}})


def _images(cloud: OpenStackCloud) -> None:
    for name in ("Debian 10", "Debian 12", "Debian 13"):
        body = {"name": name, "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        cloud.image = cloud.ask("glance", "POST", "/v2/images", body)["id"]
        headers = {**cloud.headers, "Content-Type": "application/octet-stream"}
        url = f"{cloud.url('glance')}/v2/images/{cloud.image}/file"
        requests.put(url, data=b"\0" * 512, headers=headers, timeout=60).raise_for_status()


def _flavours(cloud: OpenStackCloud) -> None:
    """And room for the machines that a failed test leaves behind."""
    cloud.ask(
        "nova", "PUT", f"/v2.1/os-quota-sets/{cloud.project}", {"quota_set": {"instances": QUOTA, "cores": QUOTA}}
    )
    for name, ram, cores, disk in SIZES:
        body = {"name": name, "id": name, "ram": ram, "vcpus": cores, "disk": disk}
        cloud.ask("nova", "POST", "/v2.1/flavors", {"flavor": body})
