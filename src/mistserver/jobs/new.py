"""What is said when a job is asked for, and the settings of the engine."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.account import Actor
from mistserver.domain.ids import new_id
from mistserver.domain.job import Job, JobState, JobStep
from mistserver.store import job_items, jobs

Subject = tuple[str, str, str]  # type, id, name


def _own_id() -> str:
    return f"{socket.gethostname()[:24]}-{os.getpid()}-{new_id()[:8]}"


@dataclass(frozen=True, kw_only=True)
class JobsConfig:
    """`executor_id` is new for each process: two with one id would do each other's steps."""

    concurrency: int = 32
    jobs_kept_days: float = 30.0
    events_kept_days: float = 365.0
    drain_s: float = 20.0
    executor_id: str = field(default_factory=_own_id)


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to submit. `params` are shown to users and must hold no secret; `secret` is sealed and shown to nobody.

    `steps` announces what the user will see, by the names that the handler gives to `RunningJob.step`. `items` are
    machines (id, name); `total` is their number unless given. `dedup` ("machine:<id>") is what only one unfinished
    job of the account may work on.
    """

    kind: str
    title: str
    account_id: str
    user_id: str
    created_by: str
    request_id: str | None = None
    subject: Subject | None = None
    params: dict[str, Any] = {}
    secret: dict[str, Any] | None = None
    total: int | None = None
    steps: tuple[str, ...] = ()
    items: list[tuple[str, str]] = []
    dedup: str | None = None
    id: str = msgspec.field(default_factory=new_id)

    @classmethod
    def by(cls, actor: Actor, kind: str, title: str, **rest: Any) -> NewJob:
        """A job asked for by `actor`."""
        return cls(
            kind=kind,
            title=title,
            account_id=actor.account_id,
            user_id=actor.user_id,
            created_by=actor.email,
            request_id=actor.request_id or None,
            **rest,
        )


def store(connection: Connection, new: NewJob, sealed: bytes | None) -> Job:
    """Write a new job's rows."""
    subject_type, subject_id, subject_name = new.subject or (None, None, None)
    job = Job(
        id=new.id,
        kind=new.kind,
        state=JobState.QUEUED,
        title=new.title,
        subject_type=subject_type,
        subject_id=subject_id,
        params=new.params,
        created_by=new.created_by,
        created_at=datetime.now(UTC),
        started_at=None,
        finished_at=None,
        total=len(new.items) if new.total is None else new.total,
        done=0,
        failed=0,
        steps=tuple(JobStep(seq=seq, name=name, state=JobState.QUEUED) for seq, name in enumerate(new.steps)),
    )
    stored = jobs.StoredJob(
        job=job,
        account_id=new.account_id,
        user_id=new.user_id,
        request_id=new.request_id,
        subject_name=subject_name,
        secret=sealed,
    )
    jobs.add(connection, stored, new.dedup)
    job_items.add(connection, job.id, new.items)
    return job
