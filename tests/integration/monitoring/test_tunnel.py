"""An agent on a machine that reaches no address of the service: its posts come through the SSH connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.monitoring.conftest import named
from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

NOWHERE = "http://127.0.0.1:9"
POSTER = Path(__file__).with_name("poster.sh")


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("tunnel")
    running = Service(folder / "data", flags=("--public-url", NOWHERE)).start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def machine(docker_engine: DockerHost, lab_key: KeyPair) -> Iterator[Any]:
    """A container with sshd, and what stands for collectd."""
    import docker

    image = docker_engine.mini_image(lab_key.public)
    with contextlib.closing(docker.DockerClient(f"unix://{docker_engine.socket}")) as client:
        made = client.containers.run(image, name="behind", detach=True)
        try:
            place = "mkdir -p /usr/lib/collectd /usr/sbin; touch /usr/lib/collectd/write_http.so"
            write = f"cat > /usr/sbin/collectd <<'X'\n{POSTER.read_text()}X\nchmod 755 /usr/sbin/collectd"
            script = f"{place}\n{write}"
            code, said = made.exec_run(["sh", "-c", script])
            assert code == 0, said
            yield made
        finally:
            made.remove(force=True)


def load(front: Front, machine_id: str) -> int:
    """How many points came."""
    found = front.done("GET", f"/machines/{machine_id}/stats?metric=load.shortterm&step=1")["metrics"]
    return sum(value is not None for value, _ in found.get("load.shortterm", {"datapoints": []})["datapoints"])


def test_an_agent_s_posts_come_through_ssh_and_again_after_a_restart(
    service: Service, machine: Any, docker_engine: DockerHost, lab_key: KeyPair
) -> None:
    front = Front(service, service.sign_in(), [])
    front.done("POST", "/keys", {"name": "lab", "private": lab_key.private})
    settings = {"machine_ip": docker_engine.address("behind"), "machine_user": "root"}
    front.done("POST", "/backends", {"name": "behind", "provider": "bare_metal", "settings": settings})
    behind = named(front, settings["machine_ip"])

    job = front.finished(front.done("POST", f"/machines/{behind}/monitoring", {"interval_s": 1}))

    assert job["state"] == "succeeded", job
    assert job["result"]["way"] == "agent"
    assert job["result"]["through_ssh"] is True
    code, conf = machine.exec_run(["cat", "/opt/mist-collectd/collectd.conf"])
    assert code == 0
    (url,) = [line.split('"')[1] for line in conf.decode().splitlines() if line.strip().startswith("URL ")]
    port = int(url.split(":")[2].split("/")[0])
    eventually(lambda: load(front, behind) >= 2)

    # the port leads to the intake of this machine, and to nothing else of the service
    def answered(request: str) -> bytes:
        asked = (
            f"printf '{request} HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n' | nc -w 2 127.0.0.1 {port}"
        )
        return bytes(machine.exec_run(["sh", "-c", asked])[1])

    assert answered("GET /healthz").startswith(b"HTTP/1.1 404 ")
    assert b" 401 Unauthorized\r\nWWW-Authenticate: Basic" in answered("POST /api/v1/intake/collectd")

    machine.exec_run(["sh", "-c", "kill $(ps | grep '[s]shd: root' | sed 's/^ *\\([0-9]*\\).*/\\1/')"])
    before = load(front, behind)
    eventually(lambda: load(front, behind) > before + 2)

    service.kill()
    service.start()
    front = Front(service, service.sign_in(), [])
    before = load(front, behind)
    eventually(lambda: load(front, behind) > before + 2, 60)

    job = front.finished(front.done("POST", f"/machines/{behind}/monitoring/disable", {}))
    assert job["state"] == "succeeded", job
    assert machine.exec_run(["ls", "/opt/mist-collectd"])[0] != 0
    eventually(lambda: machine.exec_run(["nc", "-z", "-w", "1", "127.0.0.1", str(port)])[0] != 0)
