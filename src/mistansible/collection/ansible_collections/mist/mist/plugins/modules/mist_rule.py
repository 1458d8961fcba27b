#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Manages alert rules."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_rule
short_description: Manage alert rules
description:
  - Has Mist watch a metric of a monitored machine, or of all that have a tag, and act when it is beyond a value.
  - A rule is recognised by its exact name.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  state:
    description:
      - Whether the rule has to be there. Without it nothing is changed, and rules are listed.
    type: str
    choices: [present, absent]
  name:
    description:
      - The rule's name.
    type: str
  machine:
    description:
      - Exact name or id of the machine.
    type: str
  tag:
    description:
      - All monitored machines with this tag, instead of one machine.
    type: str
  metric:
    description:
      - Id of the metric.
    type: str
  operator:
    description:
      - Whether the metric matters when it is greater or less than O(value).
    type: str
    choices: [gt, lt]
    default: gt
  value:
    description:
      - The limit.
    type: float
  aggregate:
    description:
      - Of the values of the last time all, any, or their average.
    type: str
    choices: [all, any, avg]
    default: all
  window:
    description:
      - Over how many seconds it is looked at.
    type: int
  lasting:
    description:
      - For how many seconds on end it has to be so.
    type: int
  action:
    description:
      - What to do once, beside telling channels. V(alert) is another word for V(notify).
    type: str
    choices: [notify, alert, command, script, reboot, start, destroy]
    default: notify
  command:
    description:
      - The command to run there, for O(action=command).
    type: str
  script:
    description:
      - Path of the script to run there, for O(action=script). Whether it differs from the rule's is not known.
    type: path
  sudo:
    description:
      - Run the command or script as root.
    type: bool
    default: false
  allow_destroy:
    description:
      - Has to be set for O(action=destroy).
    type: bool
    default: false
  channels:
    description:
      - Names or ids of the channels to tell; without any all of them.
    type: list
    elements: str
"""

EXAMPLES = """
- name: Tell when the load is high
  mist.mist.mist_rule:
    name: busy web servers
    tag: web
    metric: load.shortterm
    operator: gt
    value: 5
    state: present

- name: Restart what does not answer
  mist.mist.mist_rule:
    name: silent
    machine: web-1
    metric: nodata
    value: 0
    action: reboot
    state: present
"""

RETURN = """
rules:
  description: All rules.
  returned: without O(state)
  type: list
  elements: dict
  sample: [{"name": "busy web servers", "metric": "load.shortterm", "operator": "gt", "value": 5.0}]
rule:
  description: The rule; empty in check mode before it is made.
  returned: with O(state=present)
  type: dict
  sample: {"name": "busy web servers", "metric": "load.shortterm", "operator": "gt", "value": 5.0}
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, read_text, run

ACTIONS = ["notify", "alert", "command", "script", "reboot", "start", "destroy"]
OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"]},
    **{name: {"type": "str"} for name in ("name", "machine", "tag", "metric", "command")},
    "operator": {"type": "str", "choices": ["gt", "lt"], "default": "gt"},
    "value": {"type": "float"},
    "aggregate": {"type": "str", "choices": ["all", "any", "avg"], "default": "all"},
    **{name: {"type": "int"} for name in ("window", "lasting")},
    "action": {"type": "str", "choices": ACTIONS, "default": "notify"},
    "script": {"type": "path"},
    **{name: {"type": "bool", "default": False} for name in ("sudo", "allow_destroy")},
    "channels": {"type": "list", "elements": "str"},
}
RULES = {
    "required_if": [
        ("state", "present", ("name", "metric", "value")),
        ("state", "present", ("machine", "tag"), True),
        ("state", "absent", ("name",)),
        ("action", "command", ("command",)),
        ("action", "script", ("script",)),
    ],
    "mutually_exclusive": [("machine", "tag")],
}


def managed(task: Task) -> dict[str, Any]:
    name, state = task.params["name"], task.params["state"]
    rules = [rule for rule in task.client.rules() if name in (None, rule["name"])]
    if state is None:
        return task.result(rules=rules)
    found = _find.one_of(rules, "rule", name) if rules else None
    if state == "absent":
        if found:
            task.change("rule", name, None, lambda: task.client.delete_rule(found["id"]))
        return task.result()
    about, wanted = _about(task), _wanted(task)
    if found is None:
        shown = {**about, **wanted}
        added = task.change("rule", None, shown, lambda: task.client.add_rule(name=name, **shown, **_script(task)))
        return task.result(rule=added or {})
    _check_about(task, found, about)
    changes = {field: value for field, value in wanted.items() if found.get(field) != value}
    if not changes:
        return task.result(rule=found)
    before = {field: found.get(field) for field in changes}
    script = _script(task) if "action" in changes else {}
    updated = task.change("rule", before, changes, lambda: task.client.update_rule(found["id"], **changes, **script))
    return task.result(rule=updated or {**found, **changes})


def _about(task: Task) -> dict[str, Any]:
    """What the rule watches: a machine, by its id, or a tag."""
    if task.params["machine"] is None:
        return {"tag": task.params["tag"]}
    return {"machine": _find.named_machine(task.client, task.params["machine"]).id}


def _check_about(task: Task, rule: dict[str, Any], about: dict[str, Any]) -> None:
    """Conflict for a rule that watches something else, which cannot be changed."""
    from mistclient.errors import Conflict

    if (rule["machine_id"], rule["tag"]) != (about.get("machine"), about.get("tag")):
        watched = "the tag " + repr(rule["tag"]) if rule["machine_id"] is None else "another machine"
        raise Conflict(
            f"The rule {rule['name']!r} watches {watched}; delete it to have one of this name that watches "
            f"{task.params['machine'] or task.params['tag']!r}.",
            details={"rule_id": rule["id"]},
        )


def _wanted(task: Task) -> dict[str, Any]:
    """What the task says of the rule, as the service calls it; nothing of what it leaves to the service."""
    params = task.params
    same = ("metric", "operator", "value", "aggregate", "command", "sudo", "allow_destroy")
    wanted = {field: params[field] for field in same}
    wanted.update(
        window_s=params["window"],
        for_s=params["lasting"],
        action="notify" if params["action"] == "alert" else params["action"],
        channels=None if params["channels"] is None else _channels(task, params["channels"]),
    )
    return {field: value for field, value in wanted.items() if value is not None}


def _script(task: Task) -> dict[str, Any]:
    path = task.params["script"]
    return {} if path is None else {"script": read_text(path, "script")}


def _channels(task: Task, named: list[str]) -> list[str]:
    """Their ids; NotFound for one that there is not."""
    from mistclient.errors import NotFound

    ids = {text: channel["id"] for channel in task.client.channels() for text in (channel["name"], channel["id"])}
    for name in named:
        if name not in ids:
            raise NotFound(f"There is no channel {name!r}.", details={"noun": "channel", "id": name})
    return [ids[name] for name in named]


def main() -> None:
    run(managed, OPTIONS, **RULES)


if __name__ == "__main__":
    main()
