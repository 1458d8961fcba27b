#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Gives tags to machines and takes them away."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_tag
short_description: Tag machines
description:
  - Gives tags to machines, or takes them away. Tags are kept at the provider where it has them, else in Mist.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  machines:
    description:
      - Exact names or ids of the machines.
    type: list
    elements: str
    required: true
    aliases: [machine, name]
  tags:
    description:
      - The tags.
    type: list
    elements: str
    required: true
    aliases: [tag]
  backend:
    description:
      - Id or name of the backend in which the machines are, where names are not unique.
    type: str
  state:
    description:
      - Whether the machines have to have these tags, or must not.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = """
- name: Tag two machines
  mist.mist.mist_tag:
    machines: [web-1, web-2]
    tags: [dev, web]

- name: Take a tag away
  mist.mist.mist_tag:
    machine: web-1
    tag: dev
    state: absent
"""

RETURN = """
machines:
  description: The machines with their tags as they are now.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "web-1", "id": "Y68eDGLA6abtmTTkR4Qnqd", "tags": ["dev", "web"]}]
"""

from functools import partial
from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run


def tagged(task: Task) -> dict[str, Any]:
    backend = task.params["backend"]
    backend_id = None if backend is None else _find.backend(task.client, backend).id
    machines = [_find.named_machine(task.client, name, backend_id) for name in task.params["machines"]]
    return task.result(machines=[_tagged(task, machine) for machine in machines])


def _tagged(task: Task, machine: Any) -> dict[str, Any]:
    before = machine.tags
    if task.params["state"] == "present":
        changing = [tag for tag in task.params["tags"] if tag not in before]
        after, act = [*before, *changing], machine.tag
    else:
        changing = [tag for tag in task.params["tags"] if tag in before]
        after, act = [tag for tag in before if tag not in changing], machine.untag
    if changing:
        task.change(machine.name, before, after, partial(_each, act, changing))
    return {"name": machine.name, "id": machine.id, "tags": after}


def _each(act: Any, tags: list[str]) -> None:
    for tag in tags:
        act(tag)


def main() -> None:
    options: dict[str, dict[str, Any]] = {
        "machines": {"type": "list", "elements": "str", "required": True, "aliases": ["machine", "name"]},
        "tags": {"type": "list", "elements": "str", "required": True, "aliases": ["tag"]},
        "backend": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    run(tagged, options)


if __name__ == "__main__":
    main()
