#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Creates, changes and destroys machines."""

from __future__ import annotations

DOCUMENTATION = """
module: mist
short_description: Provision, monitor and manage machines
description:
  - Creates and destroys machines in any backend, starts and stops them, associates keys, and has them monitored;
    or lists them.
  - A machine is recognised by its exact name (or id) in its backend, never by a part of it.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module, mist.mist.service.waiting]
options:
  backend:
    description:
      - Id or name of the backend.
    type: str
    required: true
  state:
    description:
      - What has to be so. V(running), V(stopped) and V(restarted) create the machine when it is missing.
      - Without it nothing is changed, and machines are listed.
    type: str
    choices: [present, absent, running, stopped, restarted]
  name:
    description:
      - The machine's name; its id does as well, except to create one.
    type: str
  image_id:
    description:
      - Id of the image to create it from.
    type: str
  size_id:
    description:
      - Id of the size.
    type: str
  location_id:
    description:
      - Id of the location.
    type: str
  key:
    description:
      - Name of the key that opens it; without it the default key. One that a machine has not got yet is put there.
    type: str
  networks:
    description:
      - Ids of networks to attach it to when it is created.
    type: list
    elements: str
  tags:
    description:
      - Tags that it has to have. Others stay; M(mist.mist.mist_tag) takes tags away.
    type: list
    elements: str
  user_data:
    description:
      - cloud-init's user data, as text.
    type: str
  script:
    description:
      - Path of a script to run on it as soon as it answers, when it is created.
    type: path
  image_extra:
    description:
      - What some providers take beside the image.
    type: str
  disk:
    description:
      - Size of the disk, where a provider asks for one.
    type: str
  extra:
    description:
      - What only this provider takes, by name.
    type: dict
  wait:
    description:
      - Wait until a command over SSH answers.
      - Without it a create waits until the provider shows the machine as running.
    type: bool
    default: false
  wait_time:
    description:
      - Seconds to wait at most, for each of these waits. The task fails when they are over; what was begun goes on.
    type: int
    default: 600
  monitoring:
    description:
      - Have it monitored. V(false) leaves it as it is.
    type: bool
    default: false
  wait_for_stats:
    description:
      - Wait until its first metrics came.
    type: bool
    default: false
  metric:
    description:
      - Id of a metric to show in its graphs, or with O(python_file) the name of a custom one.
    type: str
  python_file:
    description:
      - Path of a Python file with a function C(read()), to be deployed as a custom metric.
      - It is deployed again when it was changed since.
    type: path
  value_type:
    description:
      - How the values of a custom metric are meant.
    type: str
    choices: [gauge, derive]
    default: gauge
  unit:
    description:
      - Unit of the metric.
    type: str
seealso:
  - module: mist.mist.mist_machine_info
"""

EXAMPLES = """
- name: Provision a machine and wait until it answers
  mist.mist.mist:
    backend: EC2
    state: present
    name: MyMachine
    key: myKey
    image_id: ami-bddaa2bc
    size_id: m1.small
    location_id: 0
    wait: true

- name: Information about one machine
  mist.mist.mist:
    backend: EC2
    name: dbServer
  register: machine

- name: Have it monitored, and show one more metric
  mist.mist.mist:
    backend: EC2
    name: dbServer
    state: present
    monitoring: true
    wait_for_stats: true
    metric: users

- name: Destroy it
  mist.mist.mist:
    backend: EC2
    name: MyMachine
    state: absent
"""

RETURN = """
machines:
  description: Names and ids of the backend's machines.
  returned: without O(state) and O(name)
  type: list
  elements: dict
  sample: [{"name": "dbServer", "id": "Y68eDGLA6abtmTTkR4Qnqd"}]
machine:
  description: Name, id and all that is known of the machine.
  returned: with O(name) and without O(state)
  type: dict
  sample: {"name": "dbServer", "id": "Y68eDGLA6abtmTTkR4Qnqd", "info": {"state": "running"}}
info:
  description: All that is known of the machine.
  returned: with O(state), unless it was destroyed
  type: dict
  sample: {"name": "dbServer", "state": "running", "public_ips": ["203.0.113.7"]}
metric_id:
  description: Id of the custom metric that was deployed.
  returned: when one was deployed
  type: str
  sample: mist.python.myplugin
job:
  description: The job that created the machine, with its steps.
  returned: when one was created, or a job failed
  type: dict
  sample: {"id": "BLZrBYoMXiMqpFkzCGqNhM", "state": "succeeded", "steps": [{"name": "create", "state": "succeeded"}]}
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run
from ansible_collections.mist.mist.plugins.module_utils._changes import bring
from ansible_collections.mist.mist.plugins.module_utils._creation import created

if TYPE_CHECKING:
    from mistclient import Machine

STATES = ["present", "absent", "running", "stopped", "restarted"]
OPTIONS: dict[str, dict[str, Any]] = {
    "backend": {"type": "str", "required": True},
    "state": {"type": "str", "choices": STATES},
    **{name: {"type": "str"} for name in ("name", "image_id", "size_id", "location_id", "user_data")},
    **{name: {"type": "str"} for name in ("image_extra", "disk", "metric", "unit")},
    **{name: {"type": "list", "elements": "str"} for name in ("networks", "tags")},
    **{name: {"type": "bool", "default": False} for name in ("wait", "monitoring", "wait_for_stats")},
    **{name: {"type": "path"} for name in ("script", "python_file")},
    "key": {"type": "str", "no_log": False},
    "extra": {"type": "dict"},
    "wait_time": {"type": "int", "default": 600},
    "value_type": {"type": "str", "choices": ["gauge", "derive"], "default": "gauge"},
}
RULES = {
    "required_if": [("state", state, ("name",)) for state in STATES],
    "required_by": {"python_file": ("metric",)},
}


def managed(task: Task) -> dict[str, Any]:
    params = task.params
    backend = _find.backend(task.client, params["backend"])
    if params["state"] is None:
        return _listed(task, backend)
    machine = _find.machine(task.client, params["name"], backend.id)
    if params["state"] == "absent":
        if machine is not None:
            shown = {"name": machine.name, "state": machine.state}
            task.change("machine", shown, None, partial(_destroy, task, machine))
        return task.result()
    facts: dict[str, Any] = {}
    if machine is None:
        machine, facts = created(task, backend)
    if machine is not None:
        facts.update(bring(task, machine, new=bool(facts)))
    return task.result(info=_info(machine.refresh()) if machine is not None else {"name": params["name"]}, **facts)


def _destroy(task: Task, machine: Machine) -> None:
    task.finish(machine.destroy(wait=False), task.params["wait_time"])


def _listed(task: Task, backend: Any) -> dict[str, Any]:
    if task.params["name"] is not None:
        machine = _find.named_machine(task.client, task.params["name"], backend.id)
        return task.result(machine={"name": machine.name, "id": machine.id, "info": _info(machine)})
    records = task.client.machine_page(backend=backend.id)[0]
    return task.result(machines=[{"name": record["name"], "id": record["id"]} for record in records])


def _info(machine: Any) -> dict[str, Any]:
    """What is known, without the provider's own account of each network interface."""
    info = dict(machine.info)
    info["extra"] = {name: value for name, value in info["extra"].items() if name != "network_interfaces"}
    return info


def main() -> None:
    run(managed, OPTIONS, **RULES)


if __name__ == "__main__":
    main()
