"""10 000 machines as one JSON answer, and a page of 100, beside a bare handler that sends the same bytes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
import urllib3

from benchmarks.measure import Figure, ms
from mistserver.domain.backend import Backend
from mistserver.domain.ids import new_id
from mistserver.domain.machine import Action, MachineReading, MachineState
from mistserver.store import backends, inventory, readings, tables
from mistserver.store.backends import StoredBackend
from mistserver.store.database import Database
from tests.support.service import Service, free_port

MACHINES = 10_000
BARE = """
import sys, uvicorn
from litestar import Litestar, Response, get
body = open(sys.argv[1], "rb").read()
@get("/")
async def show() -> Response[bytes]:
    return Response(body, media_type="application/json")
uvicorn.run(Litestar([show], openapi_config=None), port=int(sys.argv[2]), log_level="error", access_log=False)
"""


def figures(full: bool = False) -> Iterator[Figure]:
    rounds = 60 if full else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(folder / "data").start()
        token = service.sign_in()
        service.stop()
        fill(folder / "data" / "mist.db")
        service.start()
        try:
            headers = {"Authorization": f"Bearer {token}"}
            everything = f"{service.uri}/api/v1/machines?limit={MACHINES}"
            for label, url, limit in (
                ("10 000 machines, unchanged : bare handler", everything, 3.0),
                ("page of 100 : bare handler", f"{service.uri}/api/v1/machines?limit=100", 5.0),
            ):
                yield _beside_bare(folder, label, (url, headers), limit, rounds)
            yield _after_change(folder, (everything, headers), service, rounds)
        finally:
            service.stop()


def fill(path: Path, machines: int = MACHINES, name: str = "bench") -> None:
    """A disabled backend, so that nothing reads it, with machines."""
    database = Database(f"sqlite:///{path}")
    now = datetime.now(UTC)
    backend = Backend(
        id=new_id(), name=name, provider="bare_metal", provider_label="bare_metal", region=None, endpoint=None,
        settings={}, enabled=False, state="offline", address_use="public", jump_host=None, created_at=now, read_at=now,
        trouble=None,
    )  # fmt: skip
    found = [
        MachineReading(
            external_id=f"i-{i:08x}", name=f"machine-{i}", state=MachineState.RUNNING, size="m1.small",
            public_ips=(f"203.0.113.{i % 250}",), private_ips=(f"10.0.{i // 250}.{i % 250}",), image="ami-bddaa2bc",
            location="0", tags=("dev",), actions=(Action.STOP, Action.REBOOT, Action.DESTROY), extra={"zone": "a"},
            created_at=now,
        )
        for i in range(machines)
    ]  # fmt: skip

    def work(conn: sa.Connection) -> None:
        account = conn.execute(sa.select(tables.accounts.c.id)).scalar_one()
        stored = StoredBackend(account_id=account, backend=backend, ca_pem=None, secret=b"", identity=name)
        backends.insert(conn, stored)
        inventory.apply_reading(conn, stored, readings.prepare(found), now, now)

    database.write_now(work)
    database.close()


def _beside_bare(folder: Path, label: str, ask: tuple[str, dict[str, str]], limit: float, rounds: int) -> Figure:
    pool = urllib3.PoolManager()
    body = pool.request("GET", ask[0], headers=ask[1]).data
    (folder / "body").write_bytes(body)
    port = free_port()
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(folder / "body"), str(port)])
    try:
        _wait(pool, f"http://127.0.0.1:{port}/")
        ours, floor = [], []
        for _ in range(rounds):
            ours.append(_timed(pool, *ask))
            floor.append(_timed(pool, f"http://127.0.0.1:{port}/", {}))
        mine, base = statistics.median(ours), statistics.median(floor)
        return Figure(label, mine / base, limit, ms(mine), ms(base), notes={"bytes": len(body)})
    finally:
        bare.terminate()
        bare.wait(10)


def _after_change(folder: Path, ask: tuple[str, dict[str, str]], service: Service, rounds: int) -> Figure:
    """The same listing when something changed before every request, so that nothing kept can be sent again."""
    pool = urllib3.PoolManager()
    database = Database(f"sqlite:///{folder / 'data' / 'mist.db'}")
    machine = database.read_now(lambda conn: conn.execute(sa.select(tables.machines.c.id).limit(1)).scalar_one())
    times = []
    for i in range(rounds):
        url = f"{service.uri}/api/v1/machines/{machine}/tags/bench{i}"
        pool.request("PUT", url, headers=ask[1])
        times.append(_timed(pool, *ask))
    database.close()
    floor = _beside_bare(folder, "", ask, 0, 5).floor
    mine = statistics.median(times)
    return Figure(
        "10 000 machines, just changed : bare handler", mine * 1000 / float(floor.split()[0]), 25.0, ms(mine), floor
    )


def _timed(pool: urllib3.PoolManager, url: str, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    answer = pool.request("GET", url, headers=headers)
    if answer.status != 200:
        raise AssertionError(answer.data[:500])
    return time.perf_counter() - started


def _wait(pool: urllib3.PoolManager, url: str) -> None:
    for _ in range(400):
        try:
            pool.request("GET", url, retries=False, timeout=1)
            return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.02)
    raise AssertionError(f"{url} did not answer")
