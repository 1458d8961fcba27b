# SPDX-License-Identifier: Apache-2.0
"""Creating a machine, as a job that is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.mist.mist.plugins.module_utils._base import Task, job_facts, read_text

if TYPE_CHECKING:
    from mistclient import Backend, Job, Machine

_LONGER_S = 60.0  # the service ends a wait by itself, and says more than a time-out here would


def created(task: Task, backend: Backend) -> tuple[Machine | None, dict[str, Any]]:
    """The new machine and the job that made it; None and nothing in check mode."""
    from mistclient.errors import InvalidInput

    params = task.params
    if params["image_id"] is None:
        raise InvalidInput(
            f"There is no machine {params['name']!r} at {backend.title}; to create it, image_id is missing.",
            details={"field": "image_id"},
        )
    shown = {
        "name": params["name"],
        "image": params["image_id"],
        "size": params["size_id"],
        "tags": params["tags"] or [],
    }
    job = task.change("machine", None, shown, lambda: _made(task, backend))
    if job is None:
        return None, {}
    from mistclient.model.backend import created_ids

    return task.client.machine(created_ids(job)[0]), {"job": job_facts(job)}


def _made(task: Task, backend: Backend) -> Job:
    params = task.params
    wait_s = params["wait_time"]
    body = {
        "name": params["name"],
        "key": params["key"],
        "image": params["image_id"],
        "size": params["size_id"],
        "location": params["location_id"],
    }
    extra = {name: params[name] for name in ("image_extra", "disk") if params[name] is not None}
    options = {
        "networks": params["networks"],
        "script": None if params["script"] is None else read_text(params["script"], "script"),
        "user_data": params["user_data"],
        "tags": params["tags"],
        "wait": "ssh" if params["wait"] else None,
        "wait_timeout_s": wait_s,
        "extra": {**extra, **(params["extra"] or {})} or None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return task.finish(backend.request_machine(body, given), wait_s + _LONGER_S)
