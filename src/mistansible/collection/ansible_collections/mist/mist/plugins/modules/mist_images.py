#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Lists the images of a backend."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_images
short_description: List the OS images of a backend
description:
  - Lists the images that a backend can make machines from.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  backend:
    description:
      - Id or name of the backend.
    type: str
    required: true
  search:
    description:
      - Part of a name or id. V(all) lists every image; without it only the starred ones are listed.
    type: str
seealso:
  - module: mist.mist.mist
"""

EXAMPLES = """
- name: List images
  mist.mist.mist_images:
    backend: DigitalOcean
  register: images

- name: Search for gentoo images
  mist.mist.mist_images:
    backend: DigitalOcean
    search: gentoo
  register: images
"""

RETURN = """
images:
  description: Names and ids, the latter as M(mist.mist.mist) takes them.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "Debian 13 x64", "id": "debian-13-x64"}]
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, run


def listed(task: Task) -> dict[str, Any]:
    backend = _find.backend(task.client, task.params["backend"])
    reading = backend.image_records(task.params["search"])
    task.warn_of(reading)
    return task.result(images=[{"name": record["name"], "id": record["id"]} for record in reading])


def main() -> None:
    run(listed, {"backend": {"type": "str", "required": True}, "search": {"type": "str"}})


if __name__ == "__main__":
    main()
