"""The clouds, the keys and the files that the seed's playbook tasks name, as they are in this world."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.clouds import nephoscale
from tests.lab.clouds.azure import ClassicAzure
from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.lab.clouds.gce import GceCloud
from tests.lab.clouds.gce_project import EMAIL as GCE_EMAIL
from tests.lab.clouds.gce_project import PROJECT as GCE_PROJECT
from tests.lab.clouds.linode import LinodeCloud
from tests.lab.clouds.nephoscale import NephoScaleCloud
from tests.lab.clouds.nova import REGION, KeyedCloud, NovaCloud, OlderCloud
from tests.lab.clouds.softlayer import SoftLayerCloud
from tests.lab.clouds.vcloud import VCloudCloud
from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair, Sshd
from tests.lab.stand_in import Answer, Reply, Request, StandIn, route
from tests.support.playbooks import Played, Player
from tests.support.service import Service

NO_MACHINES = (
    '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>'
    "<reservationSet/></DescribeInstancesResponse>"
)
KEY = "name_of_key_added_to_mist.io"


class MyEc2(StandIn):
    """Says that there are no machines to whom the key of the task belongs; moto has a key of its own."""

    @route("POST", "/")
    def describe(self, request: Request) -> Answer:
        known = "Credential=kjhf98y9lkj0909kj90edffwwf432fd/" in request.headers.get("authorization", "")
        return Reply(200, NO_MACHINES) if known else Reply(401, "<Response/>")


class MyLinode(LinodeCloud):
    def authorize(self, request: Request) -> Reply | None:
        good = request.headers.get("authorization") == "Bearer dlkjdljkd0989yKGFgjgc86798ohkl"
        return None if good else Reply(401, {"errors": [{"reason": "Invalid Token"}]})


CLOUDS: dict[str, tuple[Any, str]] = {
    "ec2": (MyEc2, ""),
    "rackspace": (lambda: KeyedCloud("rack_username", "sadlkjnjkhbi0HBCG"), ""),
    "nephoscale": (lambda: NephoScaleCloud("nepho_user", "nepho_pass"), ""),
    "softlayer": (lambda: SoftLayerCloud("SL09890", "kjhdskjhad987987098sdlkhjlajslkj"), "/xmlrpc/v3.1"),
    "digitalocean": (lambda: DigitalOceanCloud("oiulksdjkjhd0987098lkahkjdhkj...."), ""),
    "gce": (GceCloud, ""),
    "azure": (lambda: ClassicAzure("lkjafh-08jhkl-09kljlj"), ""),
    "linode": (MyLinode, ""),
    "vcloud": (lambda: VCloudCloud("vuser@Mist.io", "vpass"), ""),
    "indonesian_vcloud": (lambda: VCloudCloud("vuser@Mist.io", "vpass"), ""),
    "hpcloud": (lambda: OlderCloud("hpuser", "hppass", "my_tenant"), ""),
    "openstack": (lambda: NovaCloud("user", "pass", "admin"), ""),
}


@dataclass
class Scene:
    """Somebody at home with the files that the tasks name, and the service with its clouds."""

    service: Service
    player: Player
    docker: DockerHost
    key: KeyPair
    door: Sshd
    token: str
    here: dict[str, Any] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        status, answer = self.service.request(method, path, body, self.token)
        assert status < 300, answer
        return answer

    def play(self, *tasks: dict[str, Any]) -> Played:
        """Each task as it stands, with the places of this world; one that fails does not stop the others."""
        placed = [{key: self._placed(value) for key, value in task.items()} for task in tasks]
        return self.player.tasks(*placed, ignore_errors=True)

    def _placed(self, value: Any) -> Any:
        if isinstance(value, dict):
            placed = {key: self._placed(each) for key, each in value.items()}
            return {**placed, **self.here.get(f"with {placed.get('title', placed.get('backend'))}", {})}
        return self.here.get(str(value), value)


def arrange(scene: Scene, other: dict[str, Any]) -> None:
    """What the tasks take for granted: a key, and two backends."""
    scene.ask("POST", "/keys", {"name": KEY, "private": scene.key.private})
    ocean = {"provider": "digitalocean", "settings": {"token": TOKEN}}
    nepho = {"provider": "nephoscale", "settings": {"username": nephoscale.USERNAME, "password": nephoscale.PASSWORD}}
    scene.ask("POST", "/backends", {"name": "NephoScale", "endpoint": other["NephoScale"].url, **nepho})
    answer = scene.ask("POST", "/backends", {"name": "DigitalOcean", "endpoint": other["DigitalOcean"].url, **ocean})
    scene.here["i984JHdkjhKj"] = answer["id"]


def here(scene: Scene, home: Path) -> dict[str, Any]:
    """What the tasks name, and what it is in this world."""
    engine, door = scene.docker, scene.door
    return {
        "/path/to/locally/stored/private_key": str(home / "gce.json"),
        "/path/to/locally/saved/certificate": str(home / "azure.pem"),
        "/home/user/.ssh/my_key": str(home / "my_key"),
        "/home/user/plugin.py": str(home / "plugin.py"),
        "/path/to/save": str(home / "saved"),
        "my.gce.email@gce": GCE_EMAIL,
        "electron-25": GCE_PROJECT,
        "lkjafh-08jhkl-09kljlj...": "lkjafh-08jhkl-09kljlj",
        "my_region_if_exists": REGION,
        "190.20.10.45": door.host,
        "myuser": door.user,
        "22": door.port,
        "190.189.1.2": "127.0.0.1",
        "4243": engine.tls_port,
        "path to key file if I have TLS setup": str(home / "docker.key"),
        "path to cert file if I have TLS setup": str(home / "docker.crt"),
        "with MyDOCKER": {"ca_file": str(home / "docker.ca")},  # its certificate is not signed by a public authority
    }
