"""Puts the seed's backends, keys and machines in place; what stands already is left alone."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.acceptance.world import World

KEYS = ["my_ssh_key", "Dummy", "testkey", "ParisDemo", "ParisDemo2", "TestKey", "DemoKey", "MyKey", "MyAddedKey"]
EC2_BACKENDS = {  # the seed's names; regions, so that each is an account of its own
    "EC2": "ec2_ap_northeast",
    "Openstack Juno": "ec2_us_west",
    "Icehouse": "ec2_eu_west",
    "DigitalOcean": "ec2_us_east",
    "NephoScale": "ec2_sa_east",
}
PYTHON = "/usr/bin/python3"
CONTAINERS = ["atlanta", "db-server-1", "dbServer", "dbserver1"]


def arrange(world: World) -> None:
    """Keys first, as backends may need them."""
    token = world.token
    changes = _keys(world, token) + _containers(world) + _backends(world, token)
    if changes:
        world.service.request("GET", "/machines?refresh=true&limit=1000", token=token)


def _names(world: World, token: str, noun: str) -> dict[str, str]:
    _, answer = world.service.request("GET", f"/{noun}?limit=1000", token=token)
    return {item["name"]: item["id"] for item in answer["items"]}


def _keys(world: World, token: str) -> int:
    """How many had to be put in place; likewise below."""
    made_now = 0
    present = _names(world, token, "keys")
    for name in KEYS:
        if name not in present:
            made = {"private": world.key.private} if name in ("my_ssh_key", "MyKey") else {"generate": {}}
            status, answer = world.service.request("POST", "/keys", {"name": name, **made}, token)
            assert status == 201, answer
            made_now += 1
    return made_now


def _backends(world: World, token: str) -> int:
    changed = 0
    present = _names(world, token, "backends")
    for name, backend_id in present.items():
        if name not in EC2_BACKENDS and name != "Docker":
            world.service.request("DELETE", f"/backends/{backend_id}", token=token)
            changed += 1
    ec2 = {"api_key": world.ec2.api_key, "api_secret": world.ec2.api_secret}
    wanted: dict[str, dict[str, Any]] = {
        name: {"provider": "ec2", "region": region, "settings": ec2} for name, region in EC2_BACKENDS.items()
    }
    docker = {"docker_host": "127.0.0.1", "docker_port": world.docker.tcp_port}
    wanted["Docker"] = {"provider": "docker", "settings": docker}
    for name, body in wanted.items():
        if name not in present:
            status, answer = world.service.request("POST", "/backends", {"name": name, **body}, token)
            assert status == 201, answer
            changed += 1
    return changed


def _containers(world: World) -> int:
    import docker

    changed = 0
    with contextlib.closing(docker.DockerClient(f"unix://{world.docker.socket}")) as client:
        present = {container.name: container for container in client.containers.list(all=True)}
        for name in CONTAINERS:
            if name not in present:
                volumes = _python() if name == "dbServer" else {}
                client.containers.run(world.image, name=name, detach=True, volumes=volumes)
                changed += 1
            elif present[name].status != "running":
                present[name].start()
                changed += 1
    return changed


def _python() -> dict[str, dict[str, str]]:
    """This machine's own Python as mounts of a container, which then has one without being any larger."""
    python = Path(PYTHON).resolve()
    listed = subprocess.run(["ldd", python], capture_output=True, text=True, check=True).stdout
    library = Path(PYTHON).resolve().parent.parent / "lib" / python.name
    places = {str(python): PYTHON, str(library): str(library)}
    places |= {path: path for path in re.findall(r"=> (/\S+)", listed)}
    return {str(Path(source).resolve()): {"bind": place, "mode": "ro"} for source, place in places.items()}
