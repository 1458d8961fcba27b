"""Every snippet of the documentation's Python chapter."""

from __future__ import annotations

from pathlib import Path

import pytest

import mistclient
from mistclient import Backend, Key, Machine, MistClient
from tests.support import rest_records as records
from tests.support.rest_stub import RestStub


def test_signing_in_with_email_and_password(service: RestStub) -> None:
    client = MistClient(email="yourmail@mist.io", password="mist_password")

    assert client.api_token == "mist_stub"
    assert service.body("POST", "/sessions") == {"email": "yourmail@mist.io", "password": "mist_password"}
    client.close()


def test_supported_providers_have_only_the_documented_fields(client: MistClient) -> None:
    providers = client.supported_providers

    assert {tuple(sorted(provider)) for provider in providers} == {("provider", "regions", "title")}
    assert providers[0] == {"provider": "bare_metal", "regions": [], "title": "Other Server"}
    ec2 = next(provider for provider in providers if provider["provider"] == "ec2")
    assert ec2["regions"][0] == {"id": "ec2_ap_northeast", "location": "Tokyo"}


def test_adding_a_backend_updates_the_list(client: MistClient, service: RestStub) -> None:
    before = len(client.backends)
    added = client.add_backend(
        provider="rackspace", title="My Rack London", region="lon", username="rack_username", api_key="rack_api_secret"
    )

    assert service.body("POST", "/backends") == {
        "provider": "rackspace",
        "name": "My Rack London",
        "region": "lon",
        "settings": {"username": "rack_username", "api_key": "rack_api_secret"},
    }
    assert isinstance(added, Backend)
    assert len(client.backends()) == before + 1


def test_backends_are_shown_as_documented(client: MistClient) -> None:
    assert repr(client.backends()[2]) == ("Backend => EC2 AP Sydney, ec2_ap_southeast_2, 25ykPERh5D17DyoeKsCgw35DLmvw")


def test_choosing_a_backend(client: MistClient) -> None:
    assert client.backends(id="XMdRN2u3NVASMm14BuHo4HJnS15")[0].title == "openstackdfe.mist.io"
    assert client.backends(name="Docker")[0].provider == "docker"
    assert client.backends(search="OpenStack")[0].title == "openstackaf0.mist.io"
    assert client.backends(provider="ec2")[0] is client.backends(provider="ec2_ap_southeast_2")[0]
    assert client.search_backend("Docker") is client.backend_from_name("Docker")


def test_a_backend_has_id_and_info(client: MistClient) -> None:
    backend = client.backends(name="Docker")[0]

    assert backend.id == "B3rbEA6bteaqMWJ4obVbgbqrXWf"
    earlier = {"id", "apikey", "title", "provider", "poll_interval", "state", "region", "enabled", "tenant_name"}
    assert earlier <= set(backend.info)
    assert backend.info["title"] == "Docker"


def test_renaming_and_deleting_a_backend(client: MistClient, service: RestStub) -> None:
    backend = client.backends(name="Docker")[0]
    backend.rename("newName")

    assert (backend.title, client.backends(name="newName")[0].id) == ("newName", backend.id)
    backend.delete()
    assert client.backends(name="newName") == []
    assert service.calls("DELETE") == [("DELETE", f"/backends/{backend.id}")]


def test_uploading_a_key(client: MistClient, service: RestStub, tmp_path: Path) -> None:
    path = tmp_path / "my_key"
    path.write_text(records.PRIVATE)
    before = len(client.keys)

    with path.open() as f:
        private = f.read()
    client.add_key(key_name="MyKey", private=private)

    assert service.body("POST", "/keys") == {"name": "MyKey", "private": records.PRIVATE}
    assert len(client.keys) == before + 1


def test_generating_a_key_stores_nothing(client: MistClient, service: RestStub) -> None:
    private = client.generate_key()

    assert private == records.PRIVATE
    assert service.calls("POST") == [("POST", "/key-pairs")]


def test_keys_are_shown_searched_and_changed(client: MistClient, service: RestStub) -> None:
    assert repr(client.keys()[:2]) == "[Key => Dummy, Key => testkey]"
    key = client.keys(search="Paris")[0]

    key.set_default()
    key.rename("newName")
    assert (repr(key), key.is_default) == ("Key => newName", True)
    key.delete()

    assert client.keys(name="newName") == []
    assert service.calls("PUT", "PATCH", "DELETE") == [
        ("PUT", "/keys/key-ParisDemo/default"),
        ("PATCH", "/keys/key-ParisDemo"),
        ("DELETE", "/keys/key-ParisDemo"),
    ]


def test_a_list_of_one_backend_stands_for_it(client: MistClient, service: RestStub) -> None:
    backend = client.backends(search="NephoScale")

    image_id = backend.images[0]["id"]
    assert sorted(backend.images[0]) == ["extra", "id", "name", "star"]
    assert backend.search_image("Debian")
    assert service.seen[-1].query["search"] == "Debian"
    assert backend.sizes[0] == {
        "bandwidth": None,
        "disk": 25,
        "driver": "NephoScale",
        "id": "219",
        "name": "CS05-SSD - 0.5GB, 1Core, 25GB, 10 Gbps",
        "price": None,
        "ram": 512,
    }
    assert backend.locations[0] == {"country": "US", "id": "86945", "name": "SJC-1"}
    assert image_id == backend.images()[0]["id"]


def test_creating_a_machine_takes_things_and_ids_alike(client: MistClient, service: RestStub) -> None:
    backend = client.backends(search="NephoScale")
    key = client.keys(name="Dummy")[0]

    machine = backend.create_machine(
        name="production.server", key=key, image_id="51", location_id=backend.locations[0], size_id=219
    )

    assert isinstance(machine, Machine)
    assert service.body("POST", "/machines") == {
        "name": "production.server",
        "key": "key-Dummy",
        "image": "51",
        "location": "86945",
        "size": "219",
        "backend": "id-nepho",
    }


def test_machines_of_all_backends_and_of_one(client: MistClient) -> None:
    assert [machine.name for machine in client.machines()][-1] == "dev-box"
    assert len(client.backends(name="Icehouse")[0].machines()) == len(client.machines)
    assert client.backends(name="Docker")[0].machines() == []
    assert client.machines(search="dev")[0].name == "dev-box"
    assert repr(client.machines(name="dbserver1")[0]) == "Machine => dbserver1, m5"


@pytest.mark.parametrize("action", ["reboot", "start", "stop", "destroy"])
def test_an_action_waits_for_its_job(action: str, client: MistClient, service: RestStub) -> None:
    job = getattr(client.machines(name="dbserver1")[0], action)()

    assert job.state == "succeeded"
    assert service.body("POST", "/machines/m5/actions") == {"action": action}


def test_probing_tells_uptime_and_load(client: MistClient) -> None:
    told = client.machines(name="dbserver1")[0].probe()

    assert (told["uptime"], told["loadavg"], told["cores"]) == ("93784.50", [0.1, 0.2, 0.3], 2)


def test_associating_a_key(client: MistClient, service: RestStub) -> None:
    machine = client.machines(name="dbserver1")[0]
    key_id = client.keys()[0].id

    machine.associate_key(key_id, host=machine.info["public_ips"][0])
    machine.associate_key(client.keys()[0], ssh_user="ubuntu", ssh_port=2222)
    client.keys()[0].associate_to_machine(machine.backend.id, machine.id)

    assert [seen.body for seen in service.seen if seen.method == "PUT"] == [
        {"host": "109.59.77.32"},
        {"user": "ubuntu", "port": 2222},
        {},
    ]


def test_monitoring_a_machine(client: MistClient, service: RestStub, tmp_path: Path) -> None:
    machine = client.machines()[0]
    path = f"/machines/{machine.id}"
    (tmp_path / "random.py").write_text("def read():\n    return 4\n")

    machine.enable_monitoring()
    assert machine.get_stats() == {}
    assert {id: metric["name"] for id, metric in machine.available_metrics.items()} == {
        "load.shortterm": "Load",
        "users": "Users",
    }
    machine.add_metric("users")
    machine.remove_metric("users")
    made = machine.add_python_plugin(name="Random", python_file=str(tmp_path / "random.py"))
    machine.remove_python_plugin("random")
    machine.disable_monitoring()

    assert made == {"metric_id": "mist.python.random", "stdout": "read() 1: 0.5"}
    assert service.body("POST", f"{path}/plugins")["code"] == "def read():\n    return 4\n"
    assert service.calls("POST", "PUT", "DELETE") == [
        ("POST", f"{path}/monitoring"),
        ("PUT", f"{path}/metrics/users"),
        ("DELETE", f"{path}/metrics/users"),
        ("POST", f"{path}/plugins"),
        ("DELETE", f"{path}/plugins/random"),
        ("POST", f"{path}/monitoring/disable"),
    ]


def test_stats_are_of_the_last_ten_minutes_unless_asked(client: MistClient, service: RestStub) -> None:
    service.stats = {"load.shortterm": {"name": "Load", "datapoints": [[None, 0], [0.5, 10]]}}
    machine = client.machines()[0]

    assert machine.get_stats()["load.shortterm"]["datapoints"] == [[None, 0], [0.5, 10]]
    machine.get_stats(start=100.5, stop=200, step=5, metrics=["load"])

    default, asked = [seen.query for seen in service.seen if seen.path.endswith("/stats")]
    assert int(default["stop"]) - int(default["start"]) == 600
    assert asked == {"start": "100", "stop": "200", "step": "5", "metric": "load"}


def test_names_of_the_prose_exist() -> None:
    assert (mistclient.model.Backend, mistclient.model.Key) == (Backend, Key)
    assert callable(mistclient.model.Backend.create_machine)
    assert callable(mistclient.model.Machine.add_python_plugin)


def test_a_plugin_that_has_to_be_loaded_is_waited_for(client: MistClient, service: RestStub) -> None:
    machine = client.machines()[0]
    path = f"/machines/{machine.id}/metrics/contextswitch"
    loads = service._job("monitoring.collectd.load", "load", {"metrics": ["contextswitch"]})
    service.scripted["PUT", path] = [(202, loads)]
    service.scripted["DELETE", path] = [(202, service._job("monitoring.collectd.unload", "unload", {}))]

    assert machine.add_metric("contextswitch") == {"metrics": ["contextswitch"]}
    machine.remove_metric("contextswitch")

    waited = [path for method, path in service.calls("GET") if path.startswith("/jobs/")]
    assert len(set(waited)) == 2
