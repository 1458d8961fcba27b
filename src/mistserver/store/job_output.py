"""What machines said during a job, in the order it arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from mistserver.domain.job import JobOutput
from mistserver.store.notices import changed
from mistserver.store.tables import job_items, job_output


class Piece(NamedTuple):
    """Output of one machine; `stream` is stdout or stderr."""

    machine_id: str
    stream: str
    data: str


def append(connection: Connection, job_id: str, pieces: Sequence[Piece]) -> None:
    """Keep pieces in their order."""
    if pieces:
        connection.execute(insert(job_output), [{"job_id": job_id} | piece._asdict() for piece in pieces])
        changed(connection, f"job:{job_id}")


def after(connection: Connection, job_id: str, seq: int, limit: int) -> list[JobOutput]:
    """At most `limit` pieces behind `seq`, with the names of their machines."""
    machine = (job_items.c.job_id == job_output.c.job_id) & (job_items.c.machine_id == job_output.c.machine_id)
    wanted = (
        select(
            job_output.c.seq,
            job_output.c.machine_id,
            func.coalesce(job_items.c.machine_name, job_output.c.machine_id),
            job_output.c.stream,
            job_output.c.data,
        )
        .outerjoin_from(job_output, job_items, machine)
        .where(job_output.c.job_id == job_id, job_output.c.seq > seq)
        .order_by(job_output.c.seq)
        .limit(limit)
    )
    return [
        JobOutput(seq=seq, machine_id=machine_id, machine_name=name, stream=stream, data=data)
        for seq, machine_id, name, stream, data in connection.execute(wanted)
    ]


def sizes(connection: Connection, job_id: str, machine_ids: Sequence[str]) -> dict[str, int]:
    """How many characters are kept of each machine."""
    mine = (job_output.c.job_id == job_id, job_output.c.machine_id.in_(machine_ids))
    wanted = select(job_output.c.machine_id, func.sum(func.length(job_output.c.data))).where(*mine)
    return {row[0]: int(row[1]) for row in connection.execute(wanted.group_by(job_output.c.machine_id))}


def texts(connection: Connection, job_id: str, machine_ids: Sequence[str]) -> dict[tuple[str, str], str]:
    """All kept output by machine and stream."""
    found: dict[tuple[str, str], list[str]] = {}
    mine = (job_output.c.job_id == job_id, job_output.c.machine_id.in_(machine_ids))
    wanted = select(job_output.c.machine_id, job_output.c.stream, job_output.c.data).where(*mine)
    for machine_id, stream, data in connection.execute(wanted.order_by(job_output.c.seq)):
        found.setdefault((machine_id, stream), []).append(data)
    return {key: "".join(pieces) for key, pieces in found.items()}
