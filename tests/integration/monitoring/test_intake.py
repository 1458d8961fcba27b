"""What others than Mist's own agent send: collectd's packets over UDP, and a real Prometheus' remote write."""

from __future__ import annotations

import re
import shutil
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.daemon import Daemon, answers, free_port
from tests.lab.waiting import eventually
from tests.support import packets
from tests.support.front import Front
from tests.support.service import Service

PLAN = """\
global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: itself
  static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
remote_write:
- url: {url}/api/v1/intake/prometheus
  basic_auth: {{username: {user}, password: {password}}}
"""


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def udp_port() -> int:
    return free_udp_port()


@pytest.fixture(scope="module")
def taking(tmp_path_factory: pytest.TempPathFactory, udp_port: int) -> Iterator[Front]:
    data = tmp_path_factory.mktemp("intake") / "data"
    service = Service(data, flags=("--manage-this-host", "--collectd-port", str(udp_port))).start()
    try:
        yield Front(service, service.sign_in(), [])
    finally:
        service.stop()


@pytest.fixture(scope="module")
def machine(taking: Front) -> str:
    return str(eventually(lambda: taking.done("GET", "/machines?refresh=true")["items"])[0]["id"])


def points(front: Front, machine: str, metric: str) -> list[float]:
    metrics = front.done("GET", f"/machines/{machine}/stats?metric={metric}&step=1")["metrics"]
    return [value for value, _ in metrics[metric]["datapoints"] if value is not None] if metric in metrics else []


def refused(front: Front) -> dict[str, float]:
    with urllib.request.urlopen(f"{front.service.uri}/metrics", timeout=10) as answer:
        found = re.findall(r'^mist_samples_refused\{why="(\w+)"\} ([\d.]+)$', answer.read().decode(), re.MULTILINE)
    return {why: float(count) for why, count in found}


def send(port: int, *contents: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for content in contents:
            out.sendto(content, ("127.0.0.1", port))


def test_packets_are_taken_when_they_are_signed_or_encrypted_and_dropped_otherwise(
    taking: Front, machine: str, udp_port: int
) -> None:
    told: dict[str, Any] = taking.done("POST", f"/machines/{machine}/monitoring/collectd-network")
    found = re.search(r'Username "(.+)"\n\s+Password "(.+)"', told["configuration"])
    assert found is not None
    user, password = found.groups()
    assert user == machine
    assert f'"127.0.0.1" "{udp_port}"' in told["configuration"]
    taking.secrets.append(password)
    now = int(time.time())
    load = packets.value_list(("load", "", "load", ""), now, *[(packets.GAUGE, n + 0.5) for n in range(3)])
    users = packets.value_list(("users", "", "users", ""), now, (packets.GAUGE, 4))

    send(udp_port, packets.encrypted(load, user, password), packets.signed(users, user, password))

    assert eventually(lambda: points(taking, machine, "load.midterm")) == [1.5]
    assert eventually(lambda: points(taking, machine, "users")) == [4.0]
    forged = packets.value_list(("forged", "", "forged", ""), now, (packets.GAUGE, 1))
    send(
        udp_port,
        forged,
        packets.encrypted(forged, user, "guess"),
        packets.signed(forged, "nobody", password),
        b"\x02\x10",
        b"",
    )
    eventually(lambda: refused(taking).get("packets_not_signed", 0) >= 3 and refused(taking).get("packets_broken", 0))
    assert points(taking, machine, "forged") == []

    taking.finished(taking.done("POST", f"/machines/{machine}/monitoring/disable", {}))
    before = refused(taking)["packets_not_signed"]

    def dropped() -> bool:
        send(udp_port, packets.encrypted(load, user, password))
        return refused(taking)["packets_not_signed"] > before

    assert eventually(dropped)


@pytest.fixture
def by_hand(taking: Front, machine: str) -> tuple[str, str]:
    made = taking.done("POST", f"/machines/{machine}/monitoring", {"by_hand": True})
    found = re.search(r'Password "([^"]+)"', made["commands"])
    assert found is not None
    return machine, found[1]


def test_a_real_prometheus_writes_what_it_scrapes(taking: Front, by_hand: tuple[str, str], tmp_path: Path) -> None:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed (apt-get install prometheus)")
    port = free_port()
    plan = tmp_path / "prometheus.yml"
    plan.write_text(PLAN.format(port=port, url=taking.service.uri, user=by_hand[0], password=by_hand[1]))
    where = (f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}")
    daemon = Daemon([program, f"--config.file={plan}", *where], tmp_path / "log")
    try:
        daemon.wait_until(lambda: answers("127.0.0.1", port))
        metric = f"up.instance=127_0_0_1:{port}.job=itself"
        assert 1.0 in eventually(lambda: points(taking, by_hand[0], metric), timeout_s=60)
        listed = {item["id"] for item in taking.done("GET", f"/machines/{by_hand[0]}/metrics")["items"]}
        assert len([id for id in listed if id.startswith("go_")]) > 10
    finally:
        daemon.stop()


@pytest.mark.parametrize("password", ["", "guess"])
def test_a_post_of_prometheus_without_the_machines_password_is_refused(
    taking: Front, by_hand: tuple[str, str], password: str
) -> None:
    request = urllib.request.Request(f"{taking.service.uri}/api/v1/intake/prometheus", b"\0", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code == 401
    caught.value.close()
