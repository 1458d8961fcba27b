#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Lists the providers that Mist supports."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_providers
short_description: List the providers that Mist supports
description:
  - Lists providers and their regions, as backends can be added with M(mist.mist.mist_backends).
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  provider:
    description:
      - Only this provider, by its id; V(all) lists every one.
    type: str
    default: all
seealso:
  - module: mist.mist.mist_backends
"""

EXAMPLES = """
- name: List supported providers
  mist.mist.mist_providers:
  register: providers

- name: List only ec2 provider options
  mist.mist.mist_providers:
    provider: ec2
  register: providers
"""

RETURN = """
supported_providers:
  description: The providers with their regions.
  returned: success
  type: list
  elements: dict
  sample: [{"provider": "ec2", "title": "EC2", "regions": [{"id": "ec2_ap_northeast", "location": "Tokyo"}]}]
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils._base import Task, run


def listed(task: Task) -> dict[str, Any]:
    from mistclient.errors import NotFound

    wanted = task.params["provider"]
    providers = task.client.supported_providers
    chosen = [item for item in providers if wanted in ("all", item["provider"])]
    if not chosen:
        known = ", ".join(item["provider"] for item in providers)
        raise NotFound(f"There is no provider {wanted!r}; the providers are {known}.", details={"provider": wanted})
    return task.result(supported_providers=chosen)


def main() -> None:
    run(listed, {"provider": {"type": "str", "default": "all"}})


if __name__ == "__main__":
    main()
