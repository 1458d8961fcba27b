"""The playbook tasks of the seed (Y01 to Y31 of the conformance list), played by `mistplay` against a running service.

`seed_tasks.yml` has them as they stand there, with the indentation that they need. The first user of the service is the
one that the tasks sign in as. Vendors are led to clouds here by the service's own setting; what else cannot be the same
is in `scene.here`.
"""

from __future__ import annotations

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.arrange import _python
from tests.acceptance.scene import CLOUDS, Scene, arrange, here
from tests.lab.certificates import Authority
from tests.lab.clouds.digitalocean import DigitalOceanCloud
from tests.lab.clouds.gce_project import pem
from tests.lab.clouds.nephoscale import NephoScaleCloud
from tests.lab.docker import DockerHost
from tests.lab.libvirt import LibvirtHost
from tests.lab.moto import Ec2Service
from tests.lab.reachable import reachable_subnet
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.support.playbooks import Outcome, Played, Player
from tests.support.service import Service

TASKS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "seed_tasks.yml").read_text())
USER = {"email": "your@email.com", "password": "yourpassword"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("playbooks")
    owner = Authority().client("owner")
    files = {
        "gce.json": pem(),
        "azure.pem": f"{owner.certificate}\n{owner.private}",
        "my_key": lab_key.private,
        "plugin.py": "import random\n\n\ndef read():\n    return random.random()\n",
        "docker.key": docker_engine.client.private,
        "docker.crt": docker_engine.client.certificate,
        "docker.ca": docker_engine.ca_pem,
    }
    for name, text in files.items():
        (home / name).write_text(text)
    with contextlib.ExitStack() as running:
        door = running.enter_context(sshd(key=lab_key))
        clouds = {id: running.enter_context(cloud()) for id, (cloud, _) in CLOUDS.items()}
        other = {
            "DigitalOcean": running.enter_context(DigitalOceanCloud()),
            "NephoScale": running.enter_context(NephoScaleCloud()),
        }
        ends = [f"{id}={clouds[id].url}{path}" for id, (_, path) in CLOUDS.items()]
        flags = [flag for end in ends for flag in ("--provider-endpoint", end)]
        admin = {"MIST_ADMIN_EMAIL": USER["email"], "MIST_ADMIN_PASSWORD": USER["password"]}
        service = Service(home / "service" / "data", flags=("--manage-this-host", *flags), env=admin).start()
        running.callback(service.stop)
        (home / ".mist").write_text(
            f"[mist.credentials]\nemail={USER['email']}\npassword={USER['password']}\n\n"
            f"[mist.io]\nmist_uri={service.uri}\n"
        )
        token = service.sign_in(USER["email"], USER["password"])
        made = Scene(service, Player(home), docker_engine, lab_key, door, token)
        arrange(made, other)
        made.here.update(here(made, home))
        yield made


def _tasks(module: str, *, without: str = "") -> list[dict[str, Any]]:
    return [task for task in TASKS if module in task and task[module].get("title") != without]


def test_all_of_them_are_here() -> None:
    assert len(TASKS) == 31
    assert {next(name for name in task if name.startswith("mist")) for task in TASKS} == {
        "mist_providers", "mist_backends", "mist_images", "mist_sizes", "mist_locations", "mist_keys", "mist",
    }  # fmt: skip


@pytest.fixture(scope="module")
def played(scene: Scene) -> Played:
    """Y01 to Y27 in one run, but for Y15, which needs a hypervisor; at its end the first backend once more."""
    modules = ("mist_providers", "mist_backends", "mist_images", "mist_sizes", "mist_locations", "mist_keys")
    tasks = [task for module in modules for task in _tasks(module, without="MyKVM")]
    return scene.play(*tasks, {**_tasks("mist_backends")[0], "name": "Add EC2 backend again"})


def _outcomes(played: Played, module: str) -> list[Outcome]:
    return [played.of(task["name"]) for task in _tasks(module, without="MyKVM")]


def test_providers_are_listed(played: Played) -> None:
    every, with_file, ec2 = _outcomes(played, "mist_providers")  # Y01 to Y03

    assert every.result["supported_providers"][0]["provider"] == "bare_metal"
    assert with_file.result["supported_providers"] == every.result["supported_providers"]
    assert [each["provider"] for each in ec2.result["supported_providers"]] == ["ec2"]
    assert not any(outcome.changed for outcome in (every, with_file, ec2))


def test_backends_are_added_and_described(played: Played) -> None:
    *added, described = _outcomes(played, "mist_backends")  # Y04 to Y19 but Y15

    assert [outcome.task for outcome in added if outcome.state != "ok" or not outcome.changed] == [], played.out
    assert [outcome.result["info"]["title"] for outcome in added] == [
        "MyEC2", "MyRackspace", "MyNepho", "MySoftLayer", "MyDigi", "GCE", "AZURE", "MyLinode", "MyOtherServer",
        "MyVCLOUD", "IndoVCLOUD", "MyHP", "MyOPENSTACK", "MyDOCKER",
    ]  # fmt: skip
    assert described.result["info"]["provider"] == "digitalocean"
    assert not described.changed
    assert not played.of("Add EC2 backend again").changed


def test_a_hypervisor_is_added(scene: Scene, libvirt_hypervisor: LibvirtHost, libvirt_door: Sshd) -> None:
    (task,) = [task for task in _tasks("mist_backends") if task["mist_backends"].get("title") == "MyKVM"]
    scene.here["190.198.23.0"] = libvirt_door.host
    scene.here["with MyKVM"] = {"ssh_port": libvirt_door.port, "socket": str(libvirt_hypervisor.socket)}

    (added,) = scene.play(task).outcomes  # Y15

    assert added.changed
    assert added.result["info"]["provider"] == "libvirt"


def test_catalogues_are_listed(played: Played) -> None:
    modules = ("mist_images", "mist_sizes", "mist_locations")
    images, gentoo, sizes, locations = (each.result for module in modules for each in _outcomes(played, module))

    assert played.code == 0, played.out  # Y20 to Y23
    assert {"name", "id"} == set(images["images"][0])
    assert gentoo["images"] == []
    assert "s-1vcpu-1gb" in [size["id"] for size in sizes["sizes"]]
    assert locations["locations"] == [{"name": "Frankfurt 1", "id": "fra1"}]


def test_keys_come_and_go(played: Played, scene: Scene) -> None:
    add, generate, delete, show = _outcomes(played, "mist_keys")  # Y24 to Y27

    saved = Path(scene.here["/path/to/save"])
    assert add.changed
    assert generate.changed
    assert saved.read_text() == generate.result["private"]
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert delete.changed
    assert (show.result["info"], show.changed) == ({}, False)


@pytest.fixture
def ec2_that_answers(scene: Scene, docker_engine: DockerHost, ec2_cloud: Ec2Service) -> Iterator[None]:
    """A backend called EC2 with the keys and the machine that the tasks name.

    MyMachine gets the first free address when it is provisioned, and the second when that is done again.
    """
    image = docker_engine.mini_image(scene.key.public)
    with reachable_subnet(ec2_cloud, docker_engine, "ap-southeast-1") as subnet:
        subnet.machine("dbServer", 100, "ami-9178e890")
        for number in (5, 100):
            subnet.container(number, image, _python())
        settings = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
        body = {"name": "EC2", "provider": "ec2", "region": "ec2_ap_southeast", "endpoint": ec2_cloud.endpoint}
        keys = [
            scene.ask("POST", "/keys", {"name": "myKey", "private": scene.key.private}),
            scene.ask("POST", "/keys", {"name": "newKey", "generate": {}}),
        ]
        backend = scene.ask("POST", "/backends", {**body, "settings": settings})
        scene.here["with EC2"] = {"networks": [subnet.id]}  # nothing answers in the default one
        yield
        scene.ask("DELETE", f"/backends/{backend['id']}")
        for key in keys:
            scene.ask("DELETE", f"/keys/{key['id']}")


def test_machines_are_provisioned_and_monitored_at_ec2(scene: Scene, ec2_that_answers: None) -> None:
    provision, with_monitoring, show, plugin = _tasks("mist")  # Y28 to Y31
    away = {"name": "away", "mist": {"backend": "EC2", "name": "MyMachine", "state": "absent"}}

    played = scene.play(
        *(provision, {**provision, "name": "again"}, away, with_monitoring, {**with_monitoring, "name": "once more"}),
        *(show, plugin, {**plugin, "name": "deployed"}),
    )

    made, again, gone, watched, once_more, shown, extended, deployed = played.outcomes
    assert made.changed, played.out
    assert (made.result["info"]["name"], made.result["info"]["state"]) == ("MyMachine", "running")
    assert not again.changed
    assert gone.changed
    assert watched.changed, played.out
    assert watched.result["info"]["id"] != made.result["info"]["id"]
    assert not once_more.changed
    assert (shown.result["machine"]["name"], shown.changed) == ("dbServer", False)
    assert extended.changed, played.out
    assert not deployed.changed
    id = shown.result["machine"]["id"]
    assert "newKey" in [each["key_name"] for each in scene.ask("GET", f"/machines/{id}/keys")["items"]]
    assert scene.ask("GET", f"/machines/{id}/stats?metric={extended.result['metric_id']}")["metrics"]
