#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Manages alert rules."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_rule
short_description: Manage alert rules
description:
  - Has Mist watch a metric of a machine, and do something when it crosses a limit.
  - Rules are not part of this version of Mist; until they are, every task of this module fails and says so.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  state:
    description:
      - Whether the rule has to be there.
    type: str
    choices: [present, absent]
    default: present
  machine:
    description:
      - Exact name or id of the machine.
    type: str
    required: true
  metric:
    description:
      - Id of the metric.
    type: str
    required: true
  operator:
    description:
      - Whether a value is wrong when it is greater or less than O(value).
    type: str
    choices: [gt, lt]
    default: gt
  value:
    description:
      - The limit.
    type: float
    required: true
  aggregate:
    description:
      - Whether all values of the last time have to be wrong, any, or their average.
    type: str
    choices: [all, any, avg]
    default: all
  action:
    description:
      - What to do.
    type: str
    choices: [alert, reboot, destroy, command]
    default: alert
  command:
    description:
      - The command to run there, for O(action=command).
    type: str
"""

EXAMPLES = """
- name: Tell when the load is high
  mist.mist.mist_rule:
    machine: web-1
    metric: load.shortterm
    operator: gt
    value: 5
"""

RETURN = """
rule:
  description: The rule.
  returned: success
  type: dict
  sample: {"metric": "load.shortterm", "operator": "gt", "value": 5.0}
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run

OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "machine": {"type": "str", "required": True},
    "metric": {"type": "str", "required": True},
    "operator": {"type": "str", "choices": ["gt", "lt"], "default": "gt"},
    "value": {"type": "float", "required": True},
    "aggregate": {"type": "str", "choices": ["all", "any", "avg"], "default": "all"},
    "action": {"type": "str", "choices": ["alert", "reboot", "destroy", "command"], "default": "alert"},
    "command": {"type": "str"},
}


def managed(task: Task) -> dict[str, Any]:
    from mistclient.errors import NotSupported

    machine = _find.named_machine(task.client, task.params["machine"])
    raise NotSupported(
        f"Rules are not part of this version of Mist; nothing watches {machine.name}.", details={"feature": "rules"}
    )


def main() -> None:
    run(managed, OPTIONS, required_if=[("action", "command", ("command",))])


if __name__ == "__main__":
    main()
