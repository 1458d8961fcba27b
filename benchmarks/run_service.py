"""`true` on a hundred SSH hosts through the service, from the acceptance to the last result, beside a bare script."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from benchmarks.measure import Figure, ms
from benchmarks.run_fleet import HOSTS, Runs, through_bare_asyncssh
from tests.lab.sshd import Fleet, fleet
from tests.support.service import Service


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 5 if full else 3
    with fleet(HOSTS) as hosts, tempfile.TemporaryDirectory() as folder:
        # readings of the hosts in between would be measured with one or the other
        service = Service(Path(folder) / "data", env={"MIST_INVENTORY_INTERVAL_S": "3600"}).start()
        try:
            token = service.sign_in()
            add_all(service, token, hosts)
            asyncio.run(through_bare_asyncssh(hosts))  # warm the hosts
            pairs = []
            for _ in range(rounds):
                service.stop()  # so that the first run finds no open connection
                service.start()
                service.request("GET", "/machines?refresh=true", token=token)
                pairs.append((_two_runs(service, token), asyncio.run(through_bare_asyncssh(hosts))))
        finally:
            service.stop()
    first = statistics.median(ours[0] for ours, _ in pairs)
    second = statistics.median(ours[1] for ours, _ in pairs)
    bare = statistics.median(script[0] for _, script in pairs)
    yield Figure("run true on 100 hosts, first : bare asyncssh", first / bare, 1.3, ms(first), ms(bare))
    yield Figure("first run : second run", first / second, 4.0, ms(first), ms(second), at_least=True)


def add_all(service: Service, token: str, hosts: Fleet) -> None:
    service.request("POST", "/keys", {"name": "lab", "private": hosts.private_key_pem}, token)

    def add(index: int) -> None:
        host = hosts.hosts[index]
        place = {"machine_ip": host.host, "machine_port": host.port, "machine_user": hosts.user, "machine_key": "lab"}
        body = {"provider": "bare_metal", "name": host.host, "settings": place}
        status, answer = service.request("POST", "/backends", body, token)
        assert status == 201, answer

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(len(hosts.hosts))))


def _two_runs(service: Service, token: str) -> Runs:
    return _run(service, token), _run(service, token)


def _run(service: Service, token: str) -> float:
    """Seconds from the job's acceptance to its last result, by the service's own clock."""
    status, job = service.request("POST", "/runs", {"command": "true", "all": True}, token)
    assert status == 202, job
    while service.request("GET", f"/jobs/{job['id']}", token=token)[1]["state"] in ("queued", "running"):
        time.sleep(0.5)  # asking more often would be measured with it
    items = service.request("GET", f"/jobs/{job['id']}/items?limit=1000", token=token)[1]["items"]
    assert len(items) == HOSTS
    assert all(item["exit_code"] == 0 for item in items), [item for item in items if item["exit_code"] != 0][:2]
    accepted = datetime.fromisoformat(job["created_at"])
    begun = sorted(datetime.fromisoformat(item["started_at"]) for item in items)
    print(*(f"{(at - accepted).total_seconds():.2f}" for at in (begun[0], begun[50], begun[-1])), file=sys.stderr)
    last = max(datetime.fromisoformat(item["finished_at"]) for item in items)
    return (last - datetime.fromisoformat(job["created_at"])).total_seconds()
