"""Worker processes that a test may kill, and a view of the jobs from outside."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mistserver.domain.job import TERMINAL, Job
from mistserver.store import jobs
from mistserver.store.database import Database
from tests.contract.jobs.conftest import add_account
from tests.contract.jobs.plain import ACCOUNT
from tests.integration.jobs.cloud import FileCloud

ROOT = Path(__file__).parents[3]
START_S = 40


@dataclass
class Worker:
    """One process, ended by its own id."""

    process: subprocess.Popen[bytes]
    log: Path

    def line(self, timeout_s: float = START_S) -> str:
        """The next line that it prints, or a failure with its log."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        line = self.process.stdout.readline().decode().strip() if ready else ""
        assert line, f"the worker said nothing (exit {self.process.poll()}): {self.log.read_text()[-3000:]}"
        return line

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> int:
        """SIGTERM, and its exit code."""
        self.signal(signal.SIGTERM)
        return self.process.wait(30)


@dataclass
class Site:
    """One database, one cloud, and the workers on them."""

    url: str
    folder: Path
    database: Database
    cloud: FileCloud
    workers: list[Worker]

    def worker(self, kind: str = "", count: int = 0) -> Worker:
        """A worker that is ready, or has begun to submit."""
        log = self.folder / f"worker{len(self.workers)}.log"
        argv = [sys.executable, "-m", "tests.integration.jobs.worker", self.url, str(self.folder / "cloud")]
        argv += [kind, str(count)] if count else []
        environ = {**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
        with log.open("wb") as file:
            process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=file, env=environ, bufsize=0)
        worker = Worker(process, log)
        self.workers.append(worker)
        assert worker.line() == "ready"
        return worker

    def jobs(self) -> list[Job]:
        """All jobs as the database has them."""
        page = self.database.read_now(jobs.page, ACCOUNT, jobs.JobQuery(limit=1000))
        return page.items

    def until(self, fact: Callable[[], object], timeout_s: float = 60) -> None:
        """Look again and again until `fact` holds."""
        end = time.monotonic() + timeout_s
        while not fact():
            assert time.monotonic() < end, [(job.id, job.state, job.error) for job in self.jobs()]
            time.sleep(0.05)

    def until_all_ended(self, timeout_s: float = 60) -> None:
        self.until(lambda: all(job.state in TERMINAL for job in self.jobs()), timeout_s)


def _site(url: str, tmp_path: Path) -> Iterator[Site]:
    database = Database(url)
    database.write_now(add_account)
    site = Site(url, tmp_path, database, FileCloud(tmp_path / "cloud"), [])
    yield site
    for worker in site.workers:
        if worker.process.poll() is None:
            worker.kill()
        if worker.process.stdout:
            worker.process.stdout.close()
    database.close()


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    yield from _site(database_url, tmp_path)


@pytest.fixture
def postgres_site(postgres_url: str, tmp_path: Path) -> Iterator[Site]:
    yield from _site(postgres_url, tmp_path)
