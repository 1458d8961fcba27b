"""kill -9 while machines are created: as many exist as were asked for, none twice, and every job comes to an end."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service
from tests.lab.moto import client as ec2_client
from tests.lab.sshd import KeyPair
from tests.support.service import Service

GATE, FULL = 5, 50
TERMINAL = ("succeeded", "failed", "cancelled")
SETTLE_S = 60


@pytest.fixture
def engine(docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[tuple[Any, str]]:
    """A client of the engine, and the image to create from; what the test created is removed."""
    import docker

    image = docker_engine.mini_image(lab_key.public)
    with contextlib.closing(docker.DockerClient(f"unix://{docker_engine.socket}")) as client:
        before = {container.id for container in client.containers.list(all=True)}
        yield client, image
        for container in client.containers.list(all=True):
            if container.id not in before:
                container.remove(force=True)


def start(folder: Any, database_url: str, name: str = "serve") -> Service:
    flags = ("--database-url", database_url) if database_url.startswith("postgresql") else ()
    return Service(folder / f"{name}-data", flags=flags, name=name)


def add_backend(service: Service, token: str, port: int) -> str:
    body = {"provider": "docker", "settings": {"docker_host": "127.0.0.1", "docker_port": port}}
    status, answer = service.request("POST", "/backends", body, token)
    assert status == 201, answer
    return str(answer["id"])


def submit(service: Service, token: str, backend: str, image: str, number: int, **more: str) -> list[str]:
    jobs = []
    for i in range(number):
        body = {"backend": backend, "name": f"made-{i}", "image": image, **more}
        status, answer = service.request("POST", "/machines", body, token)
        assert status == 202, answer
        jobs.append(str(answer["id"]))
    return jobs


def settled(service: Service, token: str, jobs: list[str]) -> list[str]:
    """The states of the jobs, once all are terminal or the time is over; of failed ones with the reason."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        found = [service.request("GET", f"/jobs/{job}", token=token)[1] for job in jobs]
        if all(job["state"] in TERMINAL for job in found) or time.monotonic() > deadline:
            return [job["state"] if job["error"] is None else f"{job['state']}: {job['error']}" for job in found]
        time.sleep(0.2)


def kill_at_random(service: Service, token: str, jobs: list[str], times: int) -> None:
    """kill -9 and a new start, again and again, at least once while creates are under way."""
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    unfinished = []
    for _ in range(times):
        time.sleep(dice.uniform(0.05, 0.8))
        states = [service.request("GET", f"/jobs/{job}", token=token)[1]["state"] for job in jobs[::-1][:10]]
        service.kill()
        unfinished.append(sum(state not in TERMINAL for state in states))
        service.start()
    print(f"seed {seed}: of the last ten creates, so many were under way when it was killed: {unfinished}")
    assert unfinished[0] > 0


def listed(service: Service, token: str) -> list[str]:
    """The names of the machines that the service shows as its own creations, each as often as it is shown."""
    _, answer = service.request("GET", "/machines?refresh=true&limit=1000", token=token)
    return sorted(item["name"] for item in answer["items"] if item["name"].startswith("made-"))


@pytest.fixture
def empty_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of the kind that the test is about; "" means the data directory's SQLite."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.mark.parametrize("empty_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("number", [GATE, pytest.param(FULL, marks=pytest.mark.full)])
def test_creates_survive_kill_9(
    tmp_path: Any, docker_engine: DockerHost, engine: tuple[Any, str], empty_url: str, number: int
) -> None:
    client, image = engine
    service = start(tmp_path, empty_url).start()
    try:
        token = service.sign_in()
        backend = add_backend(service, token, docker_engine.tcp_port)
        jobs = submit(service, token, backend, image, number)
        kill_at_random(service, token, jobs, max(2, number // 10))

        states = settled(service, token, jobs)
        shown = listed(service, token)
    finally:
        service.stop()

    names = sorted(c.name for c in client.containers.list(all=True) if c.name.startswith("made-"))
    assert states == ["succeeded"] * number
    assert names == sorted(f"made-{i}" for i in range(number))
    assert shown == names


@pytest.mark.full
@pytest.mark.parametrize("number", [GATE, FULL])
def test_where_names_may_repeat_no_machine_is_made_twice(tmp_path: Any, ec2_cloud: Ec2Service, number: int) -> None:
    behind = ec2_client(ec2_cloud, "us-east-1")
    image = sorted(image["ImageId"] for image in behind.describe_images(Owners=["amazon"])["Images"])[0]
    before = set(instances(behind))
    service = Service(tmp_path / "data", flags=("--provider-endpoint", f"ec2={ec2_cloud.endpoint}")).start()
    try:
        token = service.sign_in()
        service.request("POST", "/keys", {"name": "k", "generate": {}}, token)
        settings = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
        body = {"provider": "ec2", "region": "ec2_us_east", "settings": settings}
        backend = service.request("POST", "/backends", body, token)[1]["id"]
        jobs = submit(service, token, backend, image, number, size="t1.micro")
        kill_at_random(service, token, jobs, max(2, number // 10))

        states = settled(service, token, jobs)
        shown = listed(service, token)
        made = {id: name for id, name in instances(behind).items() if id not in before}
    finally:
        service.stop()
        behind.terminate_instances(InstanceIds=[id for id in instances(behind) if id not in before])

    assert states == ["succeeded"] * number
    assert sorted(made.values()) == sorted(f"made-{i}" for i in range(number)) == shown


def instances(behind: Any) -> dict[str, str]:
    """The instances that are not terminated: id -> name."""
    found = {}
    for page in behind.get_paginator("describe_instances").paginate():
        for instance in (each for group in page["Reservations"] for each in group["Instances"]):
            if instance["State"]["Name"] != "terminated":
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                found[instance["InstanceId"]] = tags.get("Name", "")
    return found


def test_another_service_finishes_what_a_killed_one_began(
    tmp_path: Any, docker_engine: DockerHost, engine: tuple[Any, str], postgres_url: str
) -> None:
    client, image = engine
    first = start(tmp_path, postgres_url, "first").start()
    second = start(tmp_path, postgres_url, "second")
    second.data_dir.mkdir(mode=0o700)
    (second.data_dir / "master.key").write_bytes((first.data_dir / "master.key").read_bytes())
    (second.data_dir / "master.key").chmod(0o600)
    second.start()
    try:
        token = first.sign_in()
        backend = add_backend(first, token, docker_engine.tcp_port)
        jobs = submit(first, token, backend, image, GATE)
        first.kill()

        states = settled(second, token, jobs)
    finally:
        first.kill()
        assert second.stop() == 0

    names = sorted(c.name for c in client.containers.list(all=True) if c.name.startswith("made-"))
    assert states == ["succeeded"] * GATE
    assert names == [f"made-{i}" for i in range(GATE)]


def test_sigterm_leaves_jobs_that_go_on_at_the_next_start(
    tmp_path: Any, docker_engine: DockerHost, engine: tuple[Any, str]
) -> None:
    client, image = engine
    service = start(tmp_path, "").start()
    token = service.sign_in()
    backend = add_backend(service, token, docker_engine.tcp_port)
    jobs = submit(service, token, backend, image, GATE)

    code = service.stop()
    service.start()
    try:
        states = settled(service, token, jobs)
    finally:
        service.stop()

    assert code == 0
    assert states == ["succeeded"] * GATE
    assert len([c for c in client.containers.list(all=True) if c.name.startswith("made-")]) == GATE
