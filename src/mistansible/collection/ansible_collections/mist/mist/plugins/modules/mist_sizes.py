#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Lists the sizes of a backend."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_sizes
short_description: List the machine sizes of a backend
description:
  - Lists all sizes in which a backend can make machines.
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
- name: List sizes
  mist.mist.mist_sizes:
    backend: DigitalOcean
  register: sizes
"""

RETURN = """
sizes:
  description: Names and ids, the latter as M(mist.mist.mist) takes them.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "s-1vcpu-1gb", "id": "s-1vcpu-1gb"}]
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run


def listed(task: Task) -> dict[str, Any]:
    backend = _find.backend(task.client, task.params["backend"])
    reading = backend.size_records()
    task.warn_of(reading)
    return task.result(sizes=[{"name": record["name"], "id": record["id"]} for record in reading])


def main() -> None:
    run(listed, {"backend": {"type": "str", "required": True}})


if __name__ == "__main__":
    main()
