"""The Python of the seed, as written, against the running service (P01 to P41 of the conformance list)."""

from __future__ import annotations

import pytest

from mistclient import MistClient
from mistclient.model import Backend, Key
from tests.acceptance.world import World
from tests.lab.waiting import eventually
from tests.support.service import EMAIL, PASSWORD


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> MistClient:
    monkeypatch.setenv("MIST_URI", world.service.uri)
    monkeypatch.setenv("HOME", str(world.home))
    return MistClient(email=EMAIL, password=PASSWORD)  # P01


def test_providers_are_listed_in_the_seed_s_shape(client: MistClient) -> None:
    providers = client.supported_providers  # P02

    assert providers[0] == {"provider": "bare_metal", "regions": [], "title": "Other Server"}
    ec2 = next(item for item in providers if item["provider"] == "ec2")
    assert ec2["regions"][0] == {"id": "ec2_ap_northeast", "location": "Tokyo"}


def test_backends(client: MistClient) -> None:
    every = client.backends()  # P04
    docker = client.backends(name="Docker")[0]  # P06
    by_id = client.backends(id=docker.id)[0]  # P05
    openstack = client.backends(search="OpenStack")[0]  # P07, whatever the case

    assert all(isinstance(backend, Backend) for backend in every)
    assert repr(docker) == f"Backend => Docker, docker, {docker.id}"
    assert by_id.id == docker.id
    assert openstack.title == "Openstack Juno"
    assert openstack.info["id"] == openstack.id  # P08
    assert isinstance(openstack.images, list)

    openstack.rename("newName")  # P09
    assert [backend.title for backend in client.backends if backend.id == openstack.id] == ["newName"]
    openstack.delete()  # P10
    assert client.backends(id=openstack.id) == []


def test_keys(client: MistClient, world: World) -> None:
    with open(f"{world.home}/.ssh/my_key") as f:  # P11  # noqa: PTH123
        private = f.read()
    client.add_key(key_name="Uploaded", private=private)  # P12
    private = client.generate_key()
    client.add_key(key_name="Generated", private=private)  # P13

    assert "BEGIN" in private
    names = [key.name for key in client.keys()]  # P14  # noqa: SIM118  a list, not a dict
    assert {"Uploaded", "Generated"} <= set(names)
    key = client.keys(search="Paris")[0]  # P15
    assert isinstance(key, Key)
    assert repr(key) == f"Key => {key.name}"
    key.set_default()  # P16
    assert [one.name for one in client.keys if one.is_default] == [key.name]
    key.rename("newName")  # P17
    key.delete()  # P18
    assert client.keys(id=key.id) == []
    for name in ("Uploaded", "Generated"):
        client.keys(name=name)[0].delete()


def test_a_machine_from_nothing_to_nothing(client: MistClient) -> None:
    backend = client.backends(search="NephoScale")  # P19, without [0]
    key = client.keys(name="MyKey")[0]

    image_id = backend.images[0]["id"]  # P20, P21
    assert isinstance(backend.search_image("Debian"), list)  # P22
    size_id = next(size["id"] for size in backend.sizes if size["id"] == "t2.micro")  # P23, P24
    location_id = backend.locations[0]  # P25, P26: the whole dict
    machine = backend.create_machine(  # P27
        name="production.server", key=key, image_id=image_id, location_id=location_id, size_id=size_id
    )

    assert {"id", "name", "star", "extra"} <= set(backend.images[0])
    assert {"id", "name", "ram", "disk", "bandwidth", "price", "driver"} <= set(backend.sizes[0])
    assert set(location_id) >= {"id", "name", "country"}
    assert machine.name in [one.name for one in client.machines()]  # P28
    assert machine.name in [one.name for one in backend.machines()]  # P29
    machine.reboot()  # P31
    machine.stop()
    machine.start()
    machine.destroy()
    assert [one for one in backend.machines() if one.id == machine.id] == []


def test_machines(client: MistClient) -> None:
    found = client.machines(search="dbserver")[0]
    machine = client.machines(name="dbserver1")[0]  # P30

    told = machine.probe()  # P32

    assert "db" in found.name.lower()
    assert repr(machine) == f"Machine => dbserver1, {machine.id}"
    assert told["uptime_s"] > 0
    assert isinstance(machine.info["public_ips"], list)  # P34


def test_another_key_is_associated(client: MistClient, world: World) -> None:
    client.add_backend(
        provider="bare_metal",
        title="server",
        machine_ip=world.sshd.host,
        machine_user=world.sshd.user,
        machine_port=world.sshd.port,
        machine_key="my_ssh_key",
    )
    machine = client.backends(name="server")[0].machines()[0]
    key_id = client.keys(name="Dummy")[0].id

    machine.associate_key(key_id, host=world.sshd.host, ssh_user=world.sshd.user, ssh_port=world.sshd.port)  # P33

    assert machine.probe(key_id=key_id, ssh_user=world.sshd.user)["uptime_s"] > 0
    client.backends(name="server")[0].delete()


def test_a_machine_is_monitored(client: MistClient) -> None:
    machine = client.machines(name="dbServer")[0]

    machine.enable_monitoring()  # P35
    stats = machine.get_stats()  # P36
    available = machine.available_metrics  # P37
    machine.add_metric("users")  # P38

    assert any(value is not None for value, _ in stats["load.shortterm"]["datapoints"])
    assert available["users"]["name"] == "Users"
    assert "users" in machine.get_stats()
    machine.disable_monitoring()


def test_a_file_of_one_s_own_is_measured(client: MistClient, world: World) -> None:
    machine = client.machines(name="dbServer")[0]
    machine.enable_monitoring(interval_s=1)

    made = machine.add_python_plugin(name="Random", python_file=f"{world.home}/random.py")  # P39 to P41

    def values() -> list[float]:
        stats = machine.get_stats(step=1)
        return [value for value, _ in stats["mist.python.random"]["datapoints"] if value is not None]

    assert made["metric_id"] == "mist.python.random"
    eventually(lambda: values()[2:])
    assert all(0 <= value < 1 for value in values())
    machine.disable_monitoring()
