"""One command on many SSH hosts, of which some hang, refuse, flood or show another host key: every result is named."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.lab.sshd import Fleet, fleet
from tests.support.service import Service

GATE, FULL = 50, 500
FLOOD_BYTES = 20_000_000
GROWTH_MB = 100
# whoever has an address that ends in a multiple of ten sends far more than is kept
COMMAND = (
    "set -- $SSH_CONNECTION; n=${3##*.}; "
    f"if [ $((n % 10)) = 0 ]; then yes flood | head -c {FLOOD_BYTES}; else echo fine; fi"
)


def add_all(service: Service, token: str, hosts: Fleet) -> list[str]:
    service.request("POST", "/keys", {"name": "lab", "private": hosts.private_key_pem}, token)

    def add(index: int) -> str:
        host = hosts.hosts[index]
        settings = {
            "machine_ip": host.host,
            "machine_port": host.port,
            "machine_user": hosts.user,
            "machine_key": "lab",
        }
        body = {"provider": "bare_metal", "name": host.host, "settings": settings}
        status, answer = service.request("POST", "/backends", body, token)
        assert status == 201, answer
        return str(answer["id"])

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(add, range(len(hosts.hosts))))


def spoil(hosts: Fleet) -> tuple[dict[str, str], list[int]]:
    """Break three hosts in ten; what each now does, and the processes to wake again."""
    kinds: dict[str, str] = {}
    asleep = []
    for index, server in enumerate(hosts.servers):
        address = hosts.hosts[index].host
        if index % 10 == 1:
            os.kill(server.pid, signal.SIGSTOP)
            asleep.append(server.pid)
            kinds[address] = "hang"
        elif index % 10 == 2:
            server.stop()
            kinds[address] = "refuse"
        elif index % 10 == 3:
            server.set_host_keys("ed25519")
            server.restart()
            kinds[address] = "changed"
    return kinds, asleep


def results(service: Service, token: str, job: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 120
    while service.request("GET", f"/jobs/{job}", token=token)[1]["state"] in ("queued", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return list(service.request("GET", f"/jobs/{job}/items?limit=1000", token=token)[1]["items"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [GATE, pytest.param(FULL, marks=pytest.mark.full)])
def test_every_host_has_its_result(tmp_path: Path, number: int) -> None:
    env = {"MIST_SSH_CONNECT_TIMEOUT_S": "8"}
    with fleet(number) as hosts:
        service = Service(tmp_path / "data", env=env).start()
        asleep: list[int] = []
        try:
            token = service.sign_in()
            add_all(service, token, hosts)
            service.request("GET", "/machines?refresh=true&limit=1000", token=token)
            service.stop()
            kinds, asleep = spoil(hosts)
            service.start()
            before = psutil.Process(service.pid).memory_info().rss
            body = {"command": COMMAND, "all": True, "timeout_s": 30}
            status, job = service.request("POST", "/runs", body, token)
            assert status == 202, job

            items = results(service, token, job["id"])
            grown = (psutil.Process(service.pid).memory_info().rss - before) / 1e6
        finally:
            for pid in asleep:
                os.kill(pid, signal.SIGCONT)
            service.stop()

    assert len(items) == number
    by_kind = Counter(kinds.get(item["machine_name"], "well") for item in items)
    assert by_kind["hang"] == by_kind["refuse"] == by_kind["changed"] == number // 10
    codes = {"hang": {"machine_timeout", "machine_unreachable"}, "refuse": {"machine_unreachable"}}
    codes["changed"] = {"host_key_changed"}
    for item in items:
        kind = kinds.get(item["machine_name"], "well")
        if kind == "well":
            assert (item["state"], item["exit_code"]) == ("succeeded", 0), item
        else:
            assert item["error"]["code"] in codes[kind], item
    floods = [item for item in items if item["stdout_bytes"] == FLOOD_BYTES]
    assert floods
    assert all(len(item["stdout"]) < 2_000_000 for item in floods)
    assert grown < GROWTH_MB
