#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Lists the locations of a backend."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_locations
short_description: List the locations of a backend
description:
  - Lists all locations (regions, zones) in which a backend can make machines.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  backend:
    description:
      - Id or name of the backend.
    type: str
    required: true
seealso:
  - module: mist.mist.mist
"""

EXAMPLES = """
- name: List locations
  mist.mist.mist_locations:
    backend: DigitalOcean
  register: locations
"""

RETURN = """
locations:
  description: Names and ids, the latter as M(mist.mist.mist) takes them.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "Frankfurt 1", "id": "fra1"}]
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run


def listed(task: Task) -> dict[str, Any]:
    backend = _find.backend(task.client, task.params["backend"])
    reading = backend.location_records()
    task.warn_of(reading)
    return task.result(locations=[{"name": record["name"], "id": record["id"]} for record in reading])


def main() -> None:
    run(listed, {"backend": {"type": "str", "required": True}})


if __name__ == "__main__":
    main()
