"""The agent on machines that a real init system booted: through SSH and sudo, over a reboot, and without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.monitoring.conftest import named, told
from tests.integration.monitoring.test_agentless import disabled, enabled, points
from tests.integration.monitoring.test_custom_metrics import RANDOM, added
from tests.integration.monitoring.test_packages import files, packages
from tests.lab.debian import USER, booted
from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair
from tests.lab.waiting import eventually
from tests.support.front import Front
from tests.support.service import Service

pytestmark = [pytest.mark.packages, pytest.mark.timeout(900)]

NOWHERE = "http://127.0.0.1:9"
SERVICES = "/etc/init.d /etc/runlevels/default /etc/systemd/system/*.wants"


@pytest.fixture
def front(
    tmp_path_factory: pytest.TempPathFactory, lab_key: KeyPair, request: pytest.FixtureRequest
) -> Iterator[Front]:
    """A service that machines reach at its address, or at none."""
    flags = ("--public-url", NOWHERE) if request.param == "through SSH" else ()
    service = Service(tmp_path_factory.mktemp("inits") / "data", flags=flags).start()
    try:
        front = Front(service, service.sign_in(), [])
        front.done("POST", "/keys", {"name": "lab", "private": lab_key.private})
        yield front
    finally:
        service.stop()


def processes(container: Any) -> set[str]:
    """What runs there, by its name; what is begun by looking, or comes and goes, is left out."""
    names = told(container, "cat /proc/[0-9]*/comm 2>/dev/null; true")
    return {
        name for name in names if not name.startswith(("sh", "cat", "sudo", "sshd", "(sd-pam", "systemd", "agetty"))
    }


def state(container: Any) -> dict[str, Any]:
    """All that an agent could leave behind."""
    left_out = ("/home/", "/etc/.pwd.lock", "/etc/systemd/system/multi-user.target.wants")
    return {
        "files": [path for path in files(container) if not path.startswith(left_out)],
        "packages": packages(container),
        "users": told(container, "cut -d: -f1 /etc/passwd /etc/group"),
        "services": told(
            container, "ls /etc/init.d /etc/runlevels/default /etc/systemd/system/*.wants 2>/dev/null; true"
        ),
        "processes": processes(container),
    }


@pytest.mark.parametrize(("init", "front"), [("systemd", "through SSH"), ("openrc", "directly")], indirect=["front"])
def test_from_nothing_to_data_and_back(init: str, front: Front, docker_engine: DockerHost, lab_key: KeyPair) -> None:
    with booted(docker_engine, init, lab_key) as (container, port):
        settings = {"machine_ip": "127.0.0.1", "machine_user": USER, "machine_port": port}
        front.done("POST", "/backends", {"name": init, "provider": "bare_metal", "settings": settings})
        machine = named(front, "127.0.0.1")
        told(container, "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 >/dev/null 2>&1")
        before = state(container)

        result = enabled(front, machine, agent=True)

        name = {"systemd": "the systemd service", "openrc": "the OpenRC service"}[init]
        assert f"collectd runs as {name} mist-collectd" in result["said"]
        assert result["through_ssh"] is (init == "systemd")
        assert processes(container) - before["processes"] == {"collectd"}
        eventually(lambda: points(front, machine, "load.shortterm")[1:])

        # a file is run too: three points within half a minute
        job = added(front, machine, "Random", RANDOM)
        assert job["state"] == "succeeded", job["error"]
        eventually(lambda: points(front, machine, "mist.python.random")[2:], 30)

        # and all of it again after a reboot
        container.restart()
        sent = len(points(front, machine, "mist.python.random"))
        eventually(lambda: len(points(front, machine, "mist.python.random")) > sent + 1, 120)

        disabled(front, machine)
        eventually(lambda: processes(container) == before["processes"])
        assert state(container) == before
