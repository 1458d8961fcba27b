"""Commands on many machines, jobs and events."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mistclient.errors import ServiceUnreachable, Unavailable
from mistclient.model.job import Job, get_job
from mistclient.model.machine import id_of

if TYPE_CHECKING:
    from mistclient.transport import Transport

_OUTAGE_S = 60.0


class Runs:
    """The part of the client that is about work and what became of it."""

    transport: Transport

    def run(self, command: str | None = None, wait: bool = True, **options: Any) -> Job:
        """Run a shell command on all machines that `tag=`, `machines=[...]` or `all=True` names, all at once.

        Options: `script` (a script's text instead of a command), `sudo`, `user`, `parallel`, `timeout_s`. Waits, and
        raises JobFailed (whose `job.items()` has the result of each machine) when it failed on any.
        """
        if machines := options.get("machines"):
            options["machines"] = [id_of(machine) for machine in machines]
        asked = {"command": command, **options}
        body = {name: value for name, value in asked.items() if value is not None}
        job = Job(self.transport, self.transport.call("POST", "/runs", body=body))
        return job.wait() if wait else job

    def jobs(self, state: str | None = None, kind: str | None = None) -> list[Job]:
        """All jobs that the service still keeps, newest first."""
        records = self.transport.pages("/jobs", {"state": state, "kind": kind})
        return [Job(self.transport, record) for record in records]

    def job(self, job_id: str) -> Job:
        return get_job(self.transport, job_id)

    def get_job(self, job_id: str) -> dict[str, Any]:
        return self.job(job_id).info

    def events(self, limit: int = 100, **filters: Any) -> list[dict[str, Any]]:
        """The newest events first; `kind`, `subject`. With `after` (a `seq`) those that came later, oldest first."""
        found: list[dict[str, Any]] = []
        asked = dict(filters)
        while len(found) < limit:
            asked["limit"] = min(limit - len(found), 1000)
            page = self.transport.call("GET", "/events", asked)["items"]
            found.extend(page)
            if len(page) < asked["limit"]:
                break
            asked["before" if filters.get("after") is None else "after"] = page[-1]["seq"]
        return found

    def follow_events(self, after: int | None = None) -> Iterator[dict[str, Any]]:
        """Events as they happen, for ever; a broken stream is resumed for up to a minute."""
        silent_since: float | None = None
        while True:
            try:
                for event in self.transport.stream("/events/stream", {"after": after}):
                    silent_since = None
                    after = int(event.data["seq"])
                    yield event.data
            except (ServiceUnreachable, Unavailable):
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > _OUTAGE_S:
                    raise
            time.sleep(0.5)
