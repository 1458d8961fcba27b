"""Names that users and clouds should not give: kept and shown as they are, or refused; nothing is run."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from mistclient import MistClient, errors
from tests.lab.hostile_docker import hostile_docker
from tests.lab.moto import Ec2Service, client
from tests.lab.sshd import key_pair
from tests.support import hostile
from tests.support.front import EC2, Front, docker


@pytest.mark.parametrize("name", hostile.EVERY, ids=lambda name: ascii(name)[:30])
def test_names_that_users_give(front: Front, name: str) -> None:
    bodies = {
        "keys": {"name": name, "generate": {}},
        "users": {"email": "a@example.com", "name": name, "password": "12345678", "role": "viewer"},
        "tokens": {"name": name, "scope": "read"},
    }

    for noun, body in bodies.items():
        if name in hostile.SHOWN:
            made = front.done("POST", f"/{noun}", body)
            found = front.done("GET", f"/{noun}?select={quote(name, safe='')}")
            assert (made["name"], [item["id"] for item in found["items"]]) == (name, [made["id"]])
            front.done("DELETE", f"/{noun}/{made['id']}")
        else:
            with front.unchanged():
                assert front.refused("POST", f"/{noun}", body)[:2] == (400, "invalid_input")
    for noun in ("keys", "machines", "backends", "jobs"):
        assert front.refused("GET", f"/{noun}/{quote(name, safe='')}")[0] == 404


def test_names_that_a_cloud_gives(front: Front) -> None:
    names = [*hostile.EVERY, "\ud800", "", "\t=1"]
    with hostile_docker(names) as port:
        backend = front.done("POST", "/backends", {**docker(port=port), "name": "hostile"})
        machines = front.done("GET", f"/machines?refresh=true&limit=1000&backend={backend['id']}")["items"]
        shown = {machine["external_id"]: machine for machine in machines}
        first = shown[f"{names.index(hostile.HIDDEN[0]):064x}"]
        for path in ("images", "networks"):
            assert len(front.done("GET", f"/backends/{backend['id']}/{path}?limit=1000")["items"]) == len(names)
        stop = front.finished(front.done("POST", f"/machines/{first['id']}/actions", {"action": "stop"}))
        run = front.finished(front.done("POST", "/runs", {"command": "true", "machines": [first["id"]]}))
        probe = front.refused("POST", f"/machines/{first['id']}/probe", {})
        front.done("DELETE", f"/backends/{backend['id']}")

    assert len(shown) == len(names)
    assert first["name"] == hostile.HIDDEN[0]
    assert all(machine["name"] and "\0" not in machine["name"] for machine in machines)
    assert (stop["state"], run["state"], probe[0]) == ("failed", "failed", 422)
    assert hostile.obeyed(stop["error"]["message"]) == set()
    assert front.done("GET", "/events?limit=1000")["items"]


def test_tags_that_a_cloud_gives(front: Front, ec2_cloud: Ec2Service) -> None:
    cloud = client(ec2_cloud, "eu-west-1")
    image = cloud.describe_images()["Images"][0]["ImageId"]
    names = [name[:120] for name in hostile.EVERY]
    made = cloud.run_instances(ImageId=image, MinCount=len(names), MaxCount=len(names))["Instances"]
    for instance, name in zip(made, names, strict=True):
        tags = [{"Key": "Name", "Value": name}, {"Key": f"k{name}", "Value": name}]
        cloud.create_tags(Resources=[instance["InstanceId"]], Tags=tags)
    access = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
    body = {**EC2, "region": "ec2_eu_west", "settings": access, "endpoint": ec2_cloud.endpoint}

    backend = front.done("POST", "/backends", body)
    listed = front.done("GET", f"/machines?refresh=true&limit=1000&backend={backend['id']}")
    front.done("DELETE", f"/backends/{backend['id']}")
    cloud.terminate_instances(InstanceIds=[instance["InstanceId"] for instance in made])

    shown = {machine["external_id"]: machine for machine in listed["items"]}
    assert len(shown) == len(names)
    for instance, name in zip(made, names, strict=True):
        machine = shown[instance["InstanceId"]]
        if name in hostile.SHOWN:
            assert (machine["name"], machine["tags"]) == (name, [f"k{name}={name}"])
        assert machine["name"]


def test_the_python_api_raises_what_the_service_says(front: Front, tmp_path: Path) -> None:
    api = MistClient(front.service.uri, api_token=front.token)

    with pytest.raises(errors.InvalidInput, match="no provider 'nothing'"):
        api.add_backend(provider="nothing", title="x")
    with pytest.raises(errors.ProviderUnreachable, match="refused the connection"):
        api.add_backend(provider="docker", title="x", docker_host="127.0.0.1", docker_port=1)
    with pytest.raises(errors.InvalidInput, match="public key"):
        api.add_key("x", key_pair().public)
    with pytest.raises(errors.AlreadyExists, match="'lab'"):
        api.add_key("lab")
    with pytest.raises(errors.NotFound):
        api.job("0").cancel()
    with pytest.raises(errors.NotSignedIn):
        MistClient(front.service.uri, api_token="mist_nonsense").me()
    for name in hostile.SHOWN:
        key = api.add_key(name)
        assert [one.id for one in api.keys(name=name)] == [key.id]
        assert [one.id for one in api.keys(id=key.id)] == [key.id]
        key.delete()
