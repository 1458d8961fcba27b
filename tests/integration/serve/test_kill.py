"""kill -9 while machines are created: as many exist as were asked for, none twice, and every job comes to an end."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.docker import DockerHost
from tests.lab.fixtures import LabKey
from tests.support.service import Service

GATE, FULL = 5, 50
TERMINAL = ("succeeded", "failed", "cancelled")
SETTLE_S = 60


@pytest.fixture
def engine(docker_engine: DockerHost, lab_key: LabKey) -> Iterator[tuple[Any, str]]:
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


def submit(service: Service, token: str, backend: str, image: str, number: int) -> list[str]:
    jobs = []
    for i in range(number):
        body = {"backend": backend, "name": f"made-{i}", "image": image}
        status, answer = service.request("POST", "/machines", body, token)
        assert status == 202, answer
        jobs.append(str(answer["id"]))
    return jobs


def settled(service: Service, token: str, jobs: list[str]) -> list[str]:
    """The states of the jobs, once all are terminal or the time is over."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        states = [str(service.request("GET", f"/jobs/{job}", token=token)[1]["state"]) for job in jobs]
        if all(state in TERMINAL for state in states) or time.monotonic() > deadline:
            return states
        time.sleep(0.2)


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
    dice = random.Random(number)
    service = start(tmp_path, empty_url).start()
    try:
        token = service.sign_in()
        backend = add_backend(service, token, docker_engine.tcp_port)
        jobs = submit(service, token, backend, image, number)
        for _ in range(max(2, number // 10)):
            time.sleep(dice.uniform(0.05, 0.8))
            service.kill()
            service.start()

        states = settled(service, token, jobs)
    finally:
        service.stop()

    names = sorted(c.name for c in client.containers.list(all=True) if c.name.startswith("made-"))
    assert states == ["succeeded"] * number
    assert names == sorted(f"made-{i}" for i in range(number))


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
