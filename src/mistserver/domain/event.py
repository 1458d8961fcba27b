"""Events: who changed what, when, with which result. Written in the transaction of the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` grows with time within the service and resumes a stream. `kind` is `<noun>.<what happened>`."""

    seq: int
    kind: str
    at: datetime
    actor: str  # an email, or "mist" for what the service does by itself
    subject_type: str | None
    subject_id: str | None
    subject_name: str | None
    outcome: str  # "succeeded" or "failed"
    message: str
    details: dict[str, Any]
    job_id: str | None
    request_id: str | None
