# SPDX-License-Identifier: Apache-2.0
"""What all modules share: the options of the service, changes in check mode and diff, and how errors are told."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.respawn import has_respawned, probe_interpreters_for_module, respawn_module

from ansible_collections.mist.mist.plugins.module_utils import _service
from ansible_collections.mist.mist.plugins.module_utils._progress import Progress

if TYPE_CHECKING:
    from mistclient import Job, MistClient
    from mistclient.errors import MistError

SERVICE_OPTIONS: dict[str, dict[str, Any]] = {
    "mist_uri": {"type": "str"},
    "mist_email": {"type": "str"},
    "mist_password": {"type": "str", "no_log": True},
    "mist_token": {"type": "str", "no_log": True},
    "mist_ca_file": {"type": "path"},
    "mist_timeout": {"type": "float", "default": _service.DEFAULT_TIMEOUT_S},
}


class Task:
    """One task. `change` does something unless in check mode, and remembers what was and what is."""

    def __init__(self, module: Any, client: MistClient) -> None:
        self.module = module
        self.client = client
        self.params: dict[str, Any] = module.params
        self.check_mode: bool = module.check_mode
        self.progress = Progress()
        self.before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}

    def change(self, what: str, before: Any, after: Any, act: Callable[[], Any]) -> Any:
        """What `act` answers; None in check mode, in which it is not called."""
        self.before[what], self.after[what] = before, after
        return None if self.check_mode else act()

    def finish(self, job: Job, wait_s: float) -> Job:
        """Wait for a job, whose progress is told; JobFailed when it fails, WaitTimeout when it goes on."""
        return job.wait(wait_s, on_change=self.progress.job)

    @property
    def changed(self) -> bool:
        return bool(self.after)

    def result(self, **facts: Any) -> dict[str, Any]:
        """What the task answers, with the diff of its changes."""
        return {"changed": self.changed, "diff": {"before": self.before, "after": self.after}, **facts}

    def warn_of(self, reading: Any) -> None:
        """Say so when a catalogue is what the provider last answered, because it does not answer now."""
        trouble = getattr(reading, "trouble", None)
        if trouble:
            self.module.warn(f"This is {reading.age_s:.0f} s old, for {trouble['message']}")


def run(work: Callable[[Task], dict[str, Any]], options: dict[str, dict[str, Any]] | None = None, **rules: Any) -> None:
    """A whole module: `work` answers the result; an error of Mist becomes a failed task with its facts."""
    module = AnsibleModule(argument_spec={**SERVICE_OPTIONS, **(options or {})}, supports_check_mode=True, **rules)
    _require_client(module)
    from mistclient.errors import MistError

    client = None
    try:
        client = _service.connect(_service.Given.of(module.params))
        task = Task(module, client)
        result = work(task)
    except MistError as error:
        module.fail_json(**failure(error))
    finally:
        if client is not None:
            _service.leave(client)
    module.exit_json(**result)


def failure(error: MistError) -> dict[str, Any]:
    """`error` in the shape of the REST API; a failed job with its steps and its results per machine."""
    facts = {
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "request_id": error.request_id,
    }
    told: dict[str, Any] = {"msg": error.message, "error": facts}
    job = getattr(error, "job", None)
    if job is not None:
        told.update(job=job_facts(job), items=items_of(job))
    return told


def job_facts(job: Job) -> dict[str, Any]:
    """A job as a result shows it: its steps say how far it came."""
    steps = [{name: step.get(name) for name in ("name", "state", "started_at", "finished_at")} for step in job.steps]
    return {"id": job.id, "title": job.title, "state": job.state, "steps": steps}


def items_of(job: Job) -> list[dict[str, Any]]:
    """The results of a job per machine; none when the service cannot tell them any more."""
    from mistclient.errors import MistError

    fields = ("machine_id", "machine_name", "state", "exit_code", "user", "stdout", "stderr", "error")
    try:
        return [{name: item.get(name) for name in fields} for item in job.items()]
    except MistError:
        return []


def read_text(path: str, option: str) -> str:
    """The text of a file where the module runs; InvalidInput names the option."""
    from mistclient.errors import InvalidInput

    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{option}: {path} is not a text file in UTF-8.") from None
    except OSError as error:
        raise InvalidInput(f"{option}: {path} cannot be read ({error.strerror or error}).") from None


def _require_client(module: Any) -> None:
    """Go on under the Python that has the client: the one that mistplay names, or that of the command `mist`."""
    try:
        import mistclient  # noqa: F401
    except ImportError:
        if not has_respawned():
            found = probe_interpreters_for_module(_interpreters(), "mistclient")
            if found:
                respawn_module(found)
        module.fail_json(msg=_service.NO_CLIENT.format(python=sys.executable))


def _interpreters() -> list[str]:
    candidates = [os.environ.get("MIST_PYTHON", "")]
    command = shutil.which("mist")
    if command:
        with Path(command).open("rb") as script:
            first = script.readline(512)
        if first.startswith(b"#!"):
            candidates.append(first[2:].decode(errors="replace").strip().split(" ")[0])
    return [path for path in candidates if path]
