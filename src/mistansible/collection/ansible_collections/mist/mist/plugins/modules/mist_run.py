#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Runs a command or script on many machines at once."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_run
short_description: Run a command on many machines at once
description:
  - Has the service run a shell command or a script on all machines with a tag, on those named, or on all;
    over connections that it keeps.
  - The machines need no Python. The task fails when it failed on any machine, and tells the results of all.
  - In check mode nothing is run; the result says where it would be.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module, mist.mist.service.waiting]
options:
  command:
    description:
      - What the machines' shell shall run.
    type: str
  script:
    description:
      - Path of a script to run there instead.
    type: path
  tag:
    description:
      - On all machines with this tag.
    type: str
  machines:
    description:
      - On these machines (exact names or ids).
    type: list
    elements: str
  all:
    description:
      - On all machines.
    type: bool
    default: false
  sudo:
    description:
      - As root through sudo.
    type: bool
    default: false
  user:
    description:
      - Sign in as this user.
    type: str
  parallel:
    description:
      - On at most so many machines at once.
    type: int
  timeout:
    description:
      - End it on a machine after so many seconds.
    type: float
  wait:
    description:
      - Wait for the results.
    type: bool
    default: true
  wait_time:
    description:
      - Seconds to wait at most; the task fails when they are over, and the job goes on.
    type: int
    default: 3600
"""

EXAMPLES = """
- name: Update everything with a tag
  mist.mist.mist_run:
    command: apt-get update -y
    tag: dev
    sudo: true
  register: updated
"""

RETURN = """
job:
  description: The job.
  returned: success, or when it failed somewhere
  type: dict
  sample: {"id": "BLZrBYoMXiMqpFkzCGqNhM", "state": "succeeded"}
items:
  description: The result on each machine. In templates C(result['items']), for C(result.items) is a method.
  returned: success, or when it failed somewhere
  type: list
  elements: dict
  sample: [{"machine_name": "web-1", "state": "succeeded", "exit_code": 0, "stdout": "", "stderr": ""}]
machines:
  description: Names of the machines on which it would run.
  returned: in check mode
  type: list
  elements: str
  sample: [web-1]
"""

from typing import TYPE_CHECKING, Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, items_of, job_facts, read_text, run

if TYPE_CHECKING:
    from mistclient import Machine

OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"type": "str"} for name in ("command", "tag", "user")},
    "script": {"type": "path"},
    "machines": {"type": "list", "elements": "str"},
    **{name: {"type": "bool", "default": False} for name in ("all", "sudo")},
    "parallel": {"type": "int"},
    "timeout": {"type": "float"},
    "wait": {"type": "bool", "default": True},
    "wait_time": {"type": "int", "default": 3600},
}
WHERE = ("tag", "machines", "all")
RULES = {
    "mutually_exclusive": [("command", "script"), WHERE],
    "required_one_of": [("command", "script"), WHERE],
}


def ran(task: Task) -> dict[str, Any]:
    from mistclient.errors import InvalidInput

    params = task.params
    if not (params["tag"] or params["machines"] or params["all"]):
        raise InvalidInput("Say where: a tag, machines, or all.", details={"field": "tag"})
    named = [_find.named_machine(task.client, name) for name in params["machines"] or []]
    if task.check_mode:
        names = _names(task, named)
        task.change("run", [], names, lambda: None)
        return task.result(machines=names)
    script = None if params["script"] is None else read_text(params["script"], "script")
    options = {
        "script": script,
        "tag": params["tag"],
        "machines": [machine.id for machine in named] or None,
        "all": params["all"] or None,
        "sudo": params["sudo"] or None,
        "user": params["user"],
        "parallel": params["parallel"],
        "timeout_s": params["timeout"],
    }
    job = task.client.run(params["command"], wait=False, **options)
    if params["wait"]:
        task.finish(job, params["wait_time"])
    items = items_of(job)
    task.change("run", [], [item["machine_name"] for item in items], lambda: None)
    return task.result(job=job_facts(job), items=items if params["wait"] else [])


def _names(task: Task, named: list[Machine]) -> list[str]:
    """On what it would be run; NotFound when there is nothing, as the service says it."""
    from mistclient.errors import NotFound

    tag = task.params["tag"]
    records = [machine.record for machine in named] or task.client.machine_page(tag=tag)[0]
    if not records:
        raise NotFound(f"No machines found with tag: {tag}" if tag else "There are no machines yet.")
    return [record["name"] for record in records]


def main() -> None:
    run(ran, OPTIONS, **RULES)


if __name__ == "__main__":
    main()
