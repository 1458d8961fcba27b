"""Machines sampled without an agent: through real sshd, on this machine, and in a container of a real engine."""

from __future__ import annotations

import contextlib
import subprocess
from typing import Any

import psutil
import pytest

from tests.integration.monitoring.conftest import named
from tests.lab.docker import DockerHost
from tests.lab.sshd import Sshd
from tests.lab.waiting import eventually
from tests.support.front import Front

EVERYWHERE = (
    *("cpu.percent.idle", "cpu.percent.user", "memory.used", "memory.free", "load.shortterm", "uptime", "users"),
    *("df.root.df_complex.free", "processes.ps_state.running", "interface.lo.if_octets.rx"),
)


def enabled(front: Front, machine_id: str, **request: Any) -> dict[str, Any]:
    job = front.finished(front.done("POST", f"/machines/{machine_id}/monitoring", request))
    assert job["state"] == "succeeded", job["error"]
    return dict(job["result"])


def disabled(front: Front, machine_id: str) -> None:
    job = front.finished(front.done("POST", f"/machines/{machine_id}/monitoring/disable", {}))
    assert job["state"] == "succeeded", job["error"]


def points(front: Front, machine_id: str, metric: str) -> list[float]:
    found = front.done("GET", f"/machines/{machine_id}/stats?metric={metric}&step=1")["metrics"]
    return [value for value, _ in found[metric]["datapoints"] if value is not None] if metric in found else []


def shells(door: Sshd) -> set[int]:
    """The shells behind this server that sample its machine; none while it is stopped."""
    if not door.running:
        return set()
    found = set()
    for each in psutil.Process(door.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if any("IFS= read -r s && eval" in word for word in each.cmdline()):
                found.add(each.pid)
    return found


def test_a_machine_behind_ssh_is_sampled_until_that_is_ended(front: Front, host: str, door: Sshd) -> None:
    before = shells(door)
    told = enabled(front, host, agent=False, interval_s=1)
    assert told["way"] == "agentless"
    for metric in EVERYWHERE:
        values = eventually(lambda metric=metric: points(front, host, metric))
        assert all(value >= 0 for value in values), metric
    assert len(shells(door) - before) == 1
    memory = points(front, host, "memory.free")[-1]
    assert 0 < memory < psutil.virtual_memory().total

    disabled(front, host)
    eventually(lambda: shells(door) == before)
    assert front.refused("GET", f"/machines/{host}/metrics")[1] == "conflict"


def test_sampling_goes_on_after_the_connection_was_cut(front: Front, host: str, door: Sshd) -> None:
    before = shells(door)
    enabled(front, host, agent=False, interval_s=1)
    (first,) = eventually(lambda: shells(door) - before)
    for each in psutil.Process(door.pid).children(recursive=True):
        each.kill()
    eventually(lambda: not psutil.pid_exists(first))
    (second,) = eventually(lambda: shells(door) - before)
    assert second != first
    door.stop()
    try:
        psutil.Process(second).parent().kill()  # type: ignore[union-attr]  # it has one
        eventually(lambda: not psutil.pid_exists(second))
    finally:
        door.start()
        door.wait()
    eventually(lambda: shells(door) - before)
    disabled(front, host)


def test_a_user_who_may_not_become_root_is_sampled(front: Front, host: str, door: Sshd) -> None:
    refused = subprocess.run(["setpriv", "--reuid", door.user, "sudo", "-n", "true"], capture_output=True, check=False)
    if refused.returncode == 0:
        pytest.skip("the user of the lab's sshd may become root here, and nothing is to be installed on this machine")
    told = enabled(front, host)
    assert told["way"] == "agentless"
    assert "may not become root" in told["why"]
    disabled(front, host)


def test_the_service_s_own_machine_is_sampled_without_ssh(front: Front) -> None:
    items = front.done("GET", "/machines?limit=1000&refresh=true")["items"]
    here = next(item["id"] for item in items if item["provider"] == "localhost")
    assert enabled(front, here)["way"] == "agentless"
    values = eventually(lambda: points(front, here, "cpu.percent.idle"))
    assert all(0 <= value <= 100 for value in values)
    disabled(front, here)


def test_a_container_shows_what_it_uses_itself(front: Front, container: str, docker_engine: DockerHost) -> None:
    import docker

    assert enabled(front, container, interval_s=1)["way"] == "agentless"
    for metric in (*EVERYWHERE, "interface.eth0.if_octets.rx"):
        eventually(lambda metric=metric: points(front, container, metric))
    used = points(front, container, "memory.used")[-1]
    assert 0 < used < 200 * 2**20
    idle = max(points(front, container, "cpu.percent.idle"))
    engine = docker.DockerClient(f"unix://{docker_engine.socket}")
    try:
        engine.containers.get("measured").exec_run("timeout 60 sh -c 'while :; do :; done'", detach=True)
        eventually(lambda: min(points(front, container, "cpu.percent.idle")) < idle - 10)
    finally:
        engine.close()
    disabled(front, container)
    assert named(front, "measured") == container


def test_a_new_machine_is_monitored_as_its_create_ends(front: Front, container: str, docker_engine: DockerHost) -> None:
    import docker

    wish = {"backend": "engine", "name": "born-monitored", "image": "lab/ssh:mini", "monitoring": True}
    job = front.finished(front.done("POST", "/machines", wish))
    try:
        assert job["state"] == "succeeded", job["error"]
        assert [step["name"] for step in job["steps"]][-2:] == ["wait for SSH", "enable monitoring"]
        assert eventually(lambda: points(front, job["result"]["machine_id"], "load.shortterm"))
    finally:
        engine = docker.DockerClient(f"unix://{docker_engine.socket}")
        engine.containers.get("born-monitored").remove(force=True)
        engine.close()
