"""What the tests of the job engine share: a vault that hides nothing, and a new job in few words."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from mistserver.domain.account import Actor, Role, Scope
from mistserver.domain.job import TERMINAL, Job
from mistserver.jobs.engine import Jobs, NewJob
from mistserver.services.context import Context
from mistserver.store import jobs

ACCOUNT = "A" * 22
USER = "U" * 22
ACTOR = Actor(account_id=ACCOUNT, user_id=USER, email="ann@example.org", role=Role.ADMIN, scope=Scope.ADMIN)


VIEWER = msgspec.structs.replace(ACTOR, role=Role.VIEWER, scope=Scope.READ)
STRANGER = msgspec.structs.replace(ACTOR, account_id="B" * 22, email="bob@example.org")


class OpenVault:
    """Bound to its purpose like the real one, but readable."""

    def seal(self, data: bytes, purpose: str) -> bytes:
        return purpose.encode() + b"\n" + data

    def unseal(self, blob: bytes, purpose: str) -> bytes:
        found, _, data = blob.partition(b"\n")
        assert found == purpose.encode()
        return data


async def submit(engine: Jobs, kind: str, **rest: Any) -> Job:
    new = NewJob.by(ACTOR, kind, f"test {kind}", **rest)
    job = await engine.database.write(engine.submit, new)
    await engine.kick(job.id)
    return job


async def ended(engine: Jobs, job_id: str, timeout_s: float = 20) -> Job:
    """The job once it has ended."""
    async with asyncio.timeout(timeout_s):
        with engine.signals.watch(jobs.topic(job_id)) as watch:
            while True:
                job = await engine.database.read(jobs.get, ACCOUNT, job_id)
                assert job is not None
                if job.state in TERMINAL:
                    return job
                await watch.wait(1)


def context(engine: Jobs) -> Context:
    """What the services of jobs and events need."""
    parts = SimpleNamespace(database=engine.database, jobs=engine, now=lambda: datetime.now(UTC))
    return cast(Context, parts)
