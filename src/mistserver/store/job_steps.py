"""The steps of jobs as their users read them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from mistserver.domain.job import JobState, JobStep
from mistserver.store.notices import changed
from mistserver.store.tables import job_steps

_STEP = [job_steps.c[name] for name in JobStep.__struct_fields__]


def add(connection: Connection, job_id: str, steps: Sequence[JobStep]) -> None:
    """Write the steps that a job will take."""
    if steps:
        rows = [
            {"job_id": job_id} | {name: getattr(step, name) for name in JobStep.__struct_fields__} for step in steps
        ]
        connection.execute(insert(job_steps), rows)


def of(connection: Connection, job_ids: Sequence[str]) -> dict[str, tuple[JobStep, ...]]:
    """The steps of each job, in order."""
    found: dict[str, list[JobStep]] = {}
    if job_ids:
        wanted = select(job_steps.c.job_id, *_STEP).where(job_steps.c.job_id.in_(job_ids))
        for job_id, seq, name, state, *rest in connection.execute(wanted.order_by(job_steps.c.seq)):
            started_at, finished_at, detail = rest
            step = JobStep(
                seq=seq,
                name=name,
                state=JobState(state),
                started_at=started_at,
                finished_at=finished_at,
                detail=detail,
            )
            found.setdefault(job_id, []).append(step)
    return {job_id: tuple(steps) for job_id, steps in found.items()}


def begin(connection: Connection, job_id: str, name: str, at: datetime) -> None:
    """Mark a step as running; one that was not announced is added at the end, one that succeeded stays so."""
    ours = job_steps.c.job_id == job_id
    known = connection.execute(select(*_STEP).where(ours, job_steps.c.name == name)).first()
    if known is not None and known.state == JobState.SUCCEEDED:
        return
    if known is None:
        last = connection.execute(select(func.max(job_steps.c.seq)).where(ours)).scalar()
        row = {"job_id": job_id, "seq": 0 if last is None else last + 1, "name": name, "detail": ""}
        connection.execute(insert(job_steps).values(row | {"state": JobState.RUNNING, "started_at": at}))
    else:
        values = {"state": JobState.RUNNING, "started_at": known.started_at or at, "detail": ""}
        connection.execute(update(job_steps).where(ours, job_steps.c.name == name).values(values))
    _tell(connection, job_id)


def end(connection: Connection, job_id: str, step: JobStep) -> None:
    """Write how a step ended, found by its name; one that succeeded stays so."""
    mine = (job_steps.c.job_id == job_id, job_steps.c.name == step.name, job_steps.c.state != JobState.SUCCEEDED)
    values = {"state": step.state, "finished_at": step.finished_at, "detail": step.detail}
    if connection.execute(update(job_steps).where(*mine).values(values)).rowcount:
        _tell(connection, job_id)


def finish(connection: Connection, job_id: str, state: JobState, at: datetime) -> None:
    """Close the steps of a job that ended: the one under way ends like the job, later ones were not needed."""
    ours = job_steps.c.job_id == job_id
    running = update(job_steps).where(ours, job_steps.c.state == JobState.RUNNING)
    connection.execute(running.values(state=state, finished_at=at))
    queued = update(job_steps).where(ours, job_steps.c.state == JobState.QUEUED)
    connection.execute(queued.values(state=JobState.CANCELLED, finished_at=at, detail="not needed"))


def _tell(connection: Connection, job_id: str) -> None:
    changed(connection, f"job:{job_id}")
