"""Backends that hang, answer nonsense or refuse, beside one that works: each is named, none delays or hides another."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.docker import DockerHost
from tests.lab.faults import Door
from tests.lab.sshd import KeyPair
from tests.lab.waiting import eventually
from tests.support.service import EMAIL, PASSWORD, Service

NAMES = ("well", "hangs", "page", "refuses")
# a hang is noticed by the listing long before the provider's own deadline
TIMES = {
    "MIST_REFRESH_WAIT_S": "2", "MIST_INVENTORY_WAIT_S": "1", "MIST_PROVIDER_TIMEOUT_S": "9",
    "MIST_INVENTORY_FRESH_S": "0", "MIST_INVENTORY_INTERVAL_S": "600",
}  # fmt: skip
CODES = {"well": None, "hangs": "provider_timeout", "page": "provider_bad_answer", "refuses": "provider_unreachable"}


@dataclass(frozen=True)
class Site:
    """A service with four backends, each an own door to the same engine."""

    service: Service
    token: str
    doors: dict[str, Door]
    engine: Any
    image: str

    def listing(self) -> Any:
        status, answer = self.service.request("GET", "/machines?refresh=true&limit=1000", token=self.token)
        assert status == 200, answer
        return answer

    def spoil(self) -> None:
        self.doors["hangs"].hang()
        self.doors["page"].show_page()
        self.doors["refuses"].refuse()

    def mist(self, *argv: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from mistcli.main import main; sys.exit(main())"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("MIST_")}
        own = {"HOME": str(self.service.data_dir.parent), "MIST_URI": self.service.uri, "MIST_TOKEN": self.token}
        return subprocess.run(
            [sys.executable, "-c", program, *argv],
            env={**kept, **own, "MIST_EMAIL": EMAIL, "MIST_PASSWORD": PASSWORD},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture
def site(tmp_path: Any, docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[Site]:
    import docker

    def dial() -> socket.socket:
        dialled = socket.socket(socket.AF_UNIX)
        dialled.connect(str(docker_engine.socket))
        return dialled

    image = docker_engine.mini_image(lab_key.public)
    with contextlib.ExitStack() as stack:
        doors = {name: stack.enter_context(Door(dial)) for name in NAMES}
        engine = stack.enter_context(contextlib.closing(docker.DockerClient(f"unix://{docker_engine.socket}")))
        service = Service(tmp_path / "data", env=TIMES).start()
        stack.callback(service.stop)
        token = service.sign_in()
        for name, door in doors.items():
            settings = {"docker_host": "127.0.0.1", "docker_port": door.port}
            body = {"provider": "docker", "name": name, "settings": settings}
            status, answer = service.request("POST", "/backends", body, token)
            assert status == 201, answer
        made = Site(service, token, doors, engine, image)
        stack.enter_context(container(made, "old"))
        eventually(lambda: backends_with("old", made.listing()) == set(NAMES))
        yield made


@contextlib.contextmanager
def container(site: Site, name: str) -> Iterator[None]:
    created = site.engine.containers.create(site.image, name=name)
    try:
        yield
    finally:
        created.remove(force=True)


def backends_with(machine: str, listing: Any) -> set[str]:
    return {each["backend_name"] for each in listing["items"] if each["name"] == machine}


def names_at(listing: Any, backend: str) -> set[str]:
    return {machine["name"] for machine in listing["items"] if machine["backend_name"] == backend}


def codes(listing: Any) -> dict[str, str | None]:
    return {each["name"]: each["trouble"] and each["trouble"]["code"] for each in listing["backends"]}


def test_a_listing_shows_what_works_at_once_and_names_what_does_not(site: Site) -> None:
    with container(site, "new"):
        site.spoil()
        listing = site.listing()

        read_at = {each["name"]: each["read_at"] for each in listing["backends"]}
        assert {name: "new" in names_at(listing, name) for name in NAMES} == {name: name == "well" for name in NAMES}
        assert all("old" in names_at(listing, name) for name in NAMES)
        assert codes(listing) == CODES
        assert "has not answered yet" in trouble(listing, "hangs")["message"]
        assert all(read_at["well"] > read_at[name] for name in NAMES[1:])

        eventually(lambda: "did not answer" in trouble(site.listing(), "hangs")["message"])
        assert codes(site.listing()) == CODES

        for door in site.doors.values():
            door.repair()
        eventually(lambda: codes(site.listing()) == dict.fromkeys(NAMES))
        assert all("new" in names_at(site.listing(), name) for name in NAMES)
    told = site.service.request("GET", "/events?limit=1000", token=site.token)[1]["items"]
    for kind in ("backend.failing", "backend.recovered"):
        assert sorted(event["subject_name"] for event in told if event["kind"] == kind) == sorted(NAMES[1:])


def test_the_command_prints_every_machine_and_warns_of_each_failure(site: Site) -> None:
    site.spoil()

    refreshed = site.mist("list-machines", "--refresh", "-o", "json")
    plain = site.mist("list-machines")

    assert (refreshed.returncode, plain.returncode) == (0, 0), refreshed.stderr
    assert {machine["backend_name"] for machine in json.loads(refreshed.stdout)} == set(NAMES)
    assert plain.stdout.count("old") == len(NAMES)
    for ended in (refreshed, plain):
        lines = ended.stderr.splitlines()
        assert [sum(f" {name}: " in line for line in lines) for name in NAMES] == [0, 1, 1, 1]
        assert all("its machines are shown as of" in line for line in lines)


def trouble(listing: Any, backend: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each["trouble"] for each in listing["backends"] if each["name"] == backend)
    return found
