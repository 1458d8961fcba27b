#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Information about machines of all backends."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_machine_info
short_description: Information about machines of all backends
description:
  - Lists machines with all that is known of them, and says how each backend was read.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  name:
    description:
      - Only the machines with exactly this name or id.
    type: str
  backend:
    description:
      - Only those of this backend (id or name).
    type: str
  tag:
    description:
      - Only those with this tag.
    type: str
  state:
    description:
      - Only those in this state.
    type: str
  search:
    description:
      - Only those with this in their name, id or address.
    type: str
  refresh:
    description:
      - Have the backends read again first.
    type: bool
    default: false
"""

EXAMPLES = """
- name: All machines with a tag
  mist.mist.mist_machine_info:
    tag: dev
    state: running
  register: found
"""

RETURN = """
machines:
  description: The machines.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "web-1", "state": "running", "tags": ["dev"], "backend_name": "Docker"}]
backends:
  description: How each backend was read; C(trouble) says why one was not.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "Docker", "state": "online", "trouble": null}]
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run

FILTERS = ("name", "backend", "tag", "state", "search")


def listed(task: Task) -> dict[str, Any]:
    params = task.params
    query = {name: params[name] for name in ("tag", "state")}
    if params["backend"] is not None:
        query["backend"] = _find.backend(task.client, params["backend"]).id
    name = params["name"]
    search = params["search"] if params["search"] is not None else name
    records, backends = task.client.machine_page(**query, search=search, refresh=params["refresh"] or None)
    if name is not None:
        records = [record for record in records if name in (record["name"], record["id"], record["external_id"])]
    return task.result(machines=records, backends=backends)


def main() -> None:
    run(listed, {**{name: {"type": "str"} for name in FILTERS}, "refresh": {"type": "bool", "default": False}})


if __name__ == "__main__":
    main()
