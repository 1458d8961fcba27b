"""One command on many SSH hosts, of which some hang, refuse, flood or show another host key: every result is named."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.lab.sshd import Fleet, fleet
from tests.lab.waiting import eventually
from tests.support.service import Service

# hosts, the seconds that a command may take on each, and those that all may take beyond: they share our processors
GATE, FULL = (50, 15, 5), (500, 60, 30)
FLOOD_BYTES = 20_000_000
GROWTH_MB = 100
CONNECT_S, EACH_S = 8, 5
# whoever has an address that ends in a multiple of ten sends far more than is kept, its neighbour never ends
COMMAND = (
    "set -- $SSH_CONNECTION; n=${3##*.}; "
    f"case $((n % 10)) in 0) yes flood | head -c {FLOOD_BYTES};; 1) sleep 600;; *) echo fine;; esac"
)
CODES = {
    "well": None,
    "flood": None,
    "endless": "machine_timeout",
    "hang": "machine_timeout",
    "refuse": "machine_unreachable",
    "changed": "host_key_changed",
    "stalls": "machine_timeout",
}


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


@contextmanager
def greeting(host: str, port: int) -> Iterator[None]:
    """A host that says its greeting and then nothing, as one does that is out of memory."""

    def serve() -> None:
        with ExitStack() as held, suppress(OSError):
            while True:
                held.enter_context(listener.accept()[0]).sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with socket.create_server((host, port)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def spoil(hosts: Fleet, stack: ExitStack) -> tuple[dict[str, str], list[int]]:
    """Break four hosts in ten; what each will now do, and the processes to wake again."""
    kinds: dict[str, str] = {}
    asleep = []
    for index, server in enumerate(hosts.servers):
        address = hosts.hosts[index].host
        last = int(address.rpartition(".")[2]) % 10
        kinds[address] = {0: "flood", 1: "endless"}.get(last, "well")
        if last == 3:
            os.kill(server.pid, signal.SIGSTOP)
            asleep.append(server.pid)
            kinds[address] = "hang"
        elif last == 4:
            server.stop()
            kinds[address] = "refuse"
        elif last == 5:
            server.set_host_keys("ed25519")
            server.restart()
            kinds[address] = "changed"
        elif last == 6:
            server.stop()
            stack.enter_context(greeting(address, server.port))
            kinds[address] = "stalls"
    return kinds, asleep


def listed(service: Service, token: str, number: int) -> None:
    """Until every backend's machine was read."""

    def all_there() -> bool:
        _, answer = service.request("GET", "/machines?refresh=true&limit=1000", token=token)
        return len(answer["items"]) == number

    eventually(all_there, 120)


def results(service: Service, token: str, job: str) -> tuple[list[dict[str, Any]], float]:
    """What each machine did, and how many seconds all took together."""

    def ended() -> Any:
        found = service.request("GET", f"/jobs/{job}", token=token)[1]
        return found if found["state"] not in ("queued", "running") else None

    found = eventually(ended, 300)
    return list(all_items(service, token, job)), seconds(found, "created_at")


def seconds(what: dict[str, Any], since: str = "started_at") -> float:
    return (datetime.fromisoformat(what["finished_at"]) - datetime.fromisoformat(what[since])).total_seconds()


def all_items(service: Service, token: str, job: str) -> Iterator[dict[str, Any]]:
    """Page by page: a page is short where machines said much."""
    cursor = ""
    while True:
        _, page = service.request("GET", f"/jobs/{job}/items?limit=1000{cursor}", token=token)
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


def load_libraries(service: Service, token: str) -> None:
    """They are loaded with the first command, and do not grow with the number of hosts."""
    _, page = service.request("GET", "/machines?search=127.77.0.2&limit=1", token=token)
    body = {"command": "true", "machines": [page["items"][0]["id"]]}
    items, _ = results(service, token, service.request("POST", "/runs", body, token)[1]["id"])
    assert items[0]["exit_code"] == 0, items


class Memory(threading.Thread):
    """The most that a process held while this was entered, in MB above what it held before."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process, self._over = psutil.Process(pid), threading.Event()
        self._before = self._most = self._process.memory_info().rss

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.1):
            self._most = max(self._most, self._process.memory_info().rss)

    @property
    def grown_mb(self) -> float:
        return (self._most - self._before) / 1e6


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("number", "timeout_s", "slack_s"), [GATE, pytest.param(*FULL, marks=pytest.mark.full)])
def test_every_host_has_its_result(tmp_path: Path, number: int, timeout_s: int, slack_s: int) -> None:
    env = {"MIST_SSH_CONNECT_TIMEOUT_S": str(CONNECT_S)}
    with fleet(number) as hosts, ExitStack() as stack:
        service = Service(tmp_path / "data", env=env).start()
        asleep: list[int] = []
        try:
            token = service.sign_in()
            add_all(service, token, hosts)
            listed(service, token, number)
            service.stop()
            kinds, asleep = spoil(hosts, stack)
            service.start()
            load_libraries(service, token)
            with Memory(service.pid) as memory:
                body = {"command": COMMAND, "all": True, "timeout_s": timeout_s, "parallel": number}
                status, job = service.request("POST", "/runs", body, token)
                assert status == 202, job
                items, took_s = results(service, token, job["id"])
            print(f"{number} hosts: {took_s:.1f} s, the service grew by {memory.grown_mb:.0f} MB")
        finally:
            for pid in asleep:
                os.kill(pid, signal.SIGCONT)
            service.stop()

    assert {item["machine_name"]: item["error"] and item["error"]["code"] for item in items} == {
        host: CODES[kind] for host, kind in kinds.items()
    }
    well = [item for item in items if kinds[item["machine_name"]] in ("well", "flood")]
    assert {(item["state"], item["exit_code"]) for item in well} == {("succeeded", 0)}
    floods = [item for item in items if kinds[item["machine_name"]] == "flood"]
    assert {item["stdout_bytes"] for item in floods} == {FLOOD_BYTES}
    assert all(len(item["stdout"]) < 2_000_000 for item in floods)
    assert memory.grown_mb < GROWTH_MB
    assert took_s < timeout_s + slack_s
    assert max(seconds(item) for item in items if item["started_at"]) < timeout_s + EACH_S
