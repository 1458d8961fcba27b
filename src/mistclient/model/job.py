"""Jobs: what outlives a request, followed and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from mistclient.errors import JobFailed, NotFound, ServiceUnreachable, Unavailable, WaitTimeout, from_record
from mistclient.transport import ServerEvent, Transport, segment

TERMINAL = frozenset({"succeeded", "failed", "cancelled"})
_OUTAGE_S = 60.0


class Job:
    """One thing that was asked for. `info` is what the service last said of it."""

    def __init__(self, transport: Transport, info: dict[str, Any]) -> None:
        self._transport = transport
        self.info = info

    def __repr__(self) -> str:
        return f"Job => {self.title}, {self.state}, {self.id}"

    @property
    def id(self) -> str:
        return str(self.info["id"])

    @property
    def kind(self) -> str:
        return str(self.info["kind"])

    @property
    def state(self) -> str:
        """`queued`, `running`, `succeeded`, `failed` or `cancelled`."""
        return str(self.info["state"])

    @property
    def title(self) -> str:
        return str(self.info.get("title") or self.kind)

    @property
    def finished(self) -> bool:
        return self.state in TERMINAL

    @property
    def result(self) -> dict[str, Any]:
        return dict(self.info.get("result") or {})

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.info.get("steps") or [])

    def items(self, state: str | None = None) -> list[dict[str, Any]]:
        """The results per machine, each with exit code, output and error."""
        return list(self._transport.pages(f"/jobs/{segment(self.id)}/items", {"state": state}))

    def refresh(self) -> Job:
        self.info = self._transport.call("GET", f"/jobs/{segment(self.id)}")
        return self

    def cancel(self) -> Job:
        """Ask the service to end it; cancelling what is finished changes nothing."""
        self.info = self._transport.call("POST", f"/jobs/{segment(self.id)}/cancel", body={}) or self.info
        return self

    def retry(self) -> Job:
        """A new job that repeats a run on the machines where this one failed."""
        return Job(self._transport, self._transport.call("POST", f"/runs/{segment(self.id)}/retry", body={}))

    def wait(self, timeout_s: float | None = None, on_change: Callable[[Job], None] | None = None) -> Job:
        """Wait until it is finished; JobFailed when it did not succeed, WaitTimeout when it goes on after `timeout_s`.

        The service may restart in the meantime: the job resumes there, and the waiting here, for up to a minute.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = 0.05
        silent_since: float | None = None
        while not self.finished:
            if on_change:
                on_change(self)
            now = time.monotonic()
            if deadline is not None and now >= deadline:
                raise _still_going(self, timeout_s)
            time.sleep(pause_s if deadline is None else max(0.0, min(pause_s, deadline - now)))
            pause_s = min(pause_s * 1.5, 1.0)
            try:
                self.refresh()
                silent_since = None
            except (ServiceUnreachable, Unavailable):
                silent_since = silent_since or now
                if now - silent_since > _OUTAGE_S:
                    raise
        if on_change:
            on_change(self)
        return self.succeeded_or_raise()

    def follow(self, after: str | None = None) -> Iterator[ServerEvent]:
        """`job`, `step`, `item` and `output` events as they happen, until the job ends; resumes a broken stream."""
        silent_since: float | None = None
        while True:
            try:
                for event in self._transport.stream(f"/jobs/{segment(self.id)}/stream", {"after": after}):
                    silent_since = None
                    after = event.id or after
                    if event.event in {"job", "end"} and isinstance(event.data, dict) and "state" in event.data:
                        self.info = event.data
                    if event.event == "end":
                        self._settle()
                        return
                    yield event
            except (ServiceUnreachable, Unavailable):
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > _OUTAGE_S:
                    raise
            if self._settle():
                return
            time.sleep(0.3)

    def _settle(self) -> bool:
        try:
            return self.refresh().finished
        except (ServiceUnreachable, Unavailable):
            return False

    def succeeded_or_raise(self) -> Job:
        """Itself when it succeeded (or is not finished), else JobFailed that carries it."""
        if self.finished and self.state != "succeeded":
            raise _failed(self)
        return self


def _failed(job: Job) -> JobFailed:
    record = job.info.get("error") or {}
    cause = from_record(record) if record else None
    if job.state == "cancelled":
        text = f"{job.title}: cancelled."
    elif cause:
        text = f"{job.title}: {cause.message}"
    elif job.info.get("failed"):
        text = f"{job.title}: failed on {job.info['failed']} of {job.info.get('total')} machines."
    else:
        text = f"{job.title}: failed."
    error = JobFailed(text, details={"job_id": job.id, "error": record})
    error.job = job
    error.__cause__ = cause
    return error


def _still_going(job: Job, timeout_s: float | None) -> WaitTimeout:
    error = WaitTimeout(
        f"{job.title}: still {job.state} after {timeout_s:g} s; `mist wait-job {job.id}` waits on.",
        details={"job_id": job.id},
    )
    error.job = job
    return error


def get_job(transport: Transport, job_id: str) -> Job:
    if not job_id:
        raise NotFound("There is no job without an id.")
    return Job(transport, transport.call("GET", f"/jobs/{segment(job_id)}"))
