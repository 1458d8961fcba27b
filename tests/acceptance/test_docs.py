"""What README and docs show is what happens: their commands run in order, on a real service with real machines."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.documents import ROOT, Block, Session, blocks
from tests.lab.docker import DockerHost, docker_host
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.support.service import EMAIL, PASSWORD, Service

HOW_TO = sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs" / "howto").glob("*.md"))
IMAGE = "nginx:alpine"  # in the lab the name of an image of a few MB that runs sshd


class Reader:
    """Somebody who types what the pages show."""

    def __init__(self, home: Path, service: Service, session: Session) -> None:
        self.home = home
        self.session = session
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIST_", "XDG_"))}
        programs = f"{Path(sys.executable).parent}:{kept['PATH']}"
        # the password that a prompt would ask for
        self.env = {**kept, "HOME": str(home), "PATH": programs, "MIST_URI": service.uri, "MIST_PASSWORD": PASSWORD}

    def read(self, page: str) -> None:
        for block in blocks(page):
            if not block.title:
                self._type(block)

    def _type(self, block: Block) -> None:
        if block.kind == "console":
            for command, shown in block.commands():
                code, told = self._run(["bash", "-c", self.session.here(command)])
                wrong = self.session.difference(shown, told)
                assert not wrong, f"{block.place}: {command}\n{wrong}\nin full:\n{told}"
                assert code == 0 or any("Error" in line or "failed" in line for line in shown), f"{command}\n{told}"
        else:
            program = ["bash", "-ec"] if block.kind == "sh" else [sys.executable, "-c"]
            code, told = self._run([*program, self.session.here(block.text)])
            assert code == 0, f"{block.place}\n{told}"

    def _run(self, argv: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            argv,
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def engine(lab_folder: Path) -> Iterator[DockerHost]:
    """An engine without the containers of other tests, which a listing would show."""
    folder = lab_folder / "docs"
    folder.mkdir(mode=0o700)
    with docker_host(folder) as host:
        yield host


@pytest.fixture
def servers(lab_key: KeyPair) -> Iterator[tuple[Sshd, Sshd]]:
    """The servers that the pages call 198.51.100.7 and 10.0.0.12."""
    with sshd(key=lab_key, hosts=("127.77.9.7",)) as outer, sshd(key=lab_key, hosts=("127.77.9.8",)) as inner:
        yield outer, inner


@pytest.fixture
def reader(engine: DockerHost, servers: tuple[Sshd, Sshd], lab_key: KeyPair, tmp_path: Path) -> Iterator[Reader]:
    with opened(engine, servers, lab_key, tmp_path) as somebody:
        yield somebody


@contextmanager
def opened(engine: DockerHost, servers: tuple[Sshd, Sshd], key: KeyPair, home: Path) -> Iterator[Reader]:
    """A reader with a home of their own, on a service that was just started."""
    engine.mini_image(key.public, IMAGE)
    (home / ".ssh").mkdir(mode=0o700)
    (home / ".ssh" / "id_ed25519").write_text(key.private)
    service = Service(home / ".local" / "share" / "mist", flags=("--manage-this-host",)).start()
    service.wait_for_this_host()
    outer, inner = servers
    places = {
        "http://127.0.0.1:8000": service.uri,
        "/var/run/docker.sock": str(engine.socket),
        "198.51.100.7": outer.host,
        "2222": str(outer.port),
        "10.0.0.12": inner.host,
        "2022": str(inner.port),
        "deploy": outer.user,
        "laptop": platform.node(),
        "/home/me": str(home),
        "you@example.com": EMAIL,
    }
    try:
        yield Reader(home, service, Session(places))
    finally:
        _clear(engine)
        service.stop()


def _clear(engine: DockerHost) -> None:
    import docker

    client = docker.DockerClient(f"unix://{engine.socket}")
    for container in client.containers.list(all=True):
        container.remove(force=True)
    client.close()


def test_the_readmes_tour(reader: Reader) -> None:
    reader.read("README.md")


def test_the_tutorial_and_then_the_pages_on_how_to(reader: Reader) -> None:
    for page in ("docs/tutorial.md", *HOW_TO):
        reader.read(page)


def test_a_page_that_shows_something_else_is_found() -> None:
    session = Session({"laptop": "host-7"})

    assert session.difference(["Added key mine"], "Added key yours\n")
    assert session.difference(["Added key mine"], "Added key mine\nWarning: old\n")
    assert not session.difference(["up 3 s on laptop", "..."], "up 40 s on host-7\nand more\n")
