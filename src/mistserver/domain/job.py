"""Jobs: one thing a user asked for that outlives a request."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


class JobStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step as the user reads it: `name` is a short sentence ("create the machine")."""

    seq: int
    name: str
    state: JobState
    started_at: datetime | None = None
    finished_at: datetime | None = None
    detail: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` names what it works on. `done` of `total` counts the items of a job over many machines."""

    id: str
    kind: str  # "machine.create", "machine.start" ..., "run"
    state: JobState
    title: str
    subject_type: str | None
    subject_id: str | None
    params: dict[str, Any]
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    total: int
    done: int
    failed: int
    steps: tuple[JobStep, ...] = ()
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None  # {"code", "message", "details"}
    cancel_requested: bool = False


class JobItem(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a job on one machine. Outputs are capped; `*_bytes` count what the machine really sent."""

    job_id: str
    machine_id: str
    machine_name: str
    state: JobState
    exit_code: int | None = None
    user: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stdout: str = ""
    stderr: str = ""
    stdout_bytes: int = 0
    stderr_bytes: int = 0
    error: dict[str, Any] | None = None


class JobOutput(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of output in the order it arrived; `seq` grows within a job and resumes a stream."""

    seq: int
    machine_id: str
    machine_name: str
    stream: str  # "stdout" or "stderr"
    data: str
