#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Keeps a value in a JSON file."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_register
short_description: Keep a value in a JSON file
description:
  - Stores a value under a key in a JSON file where the module runs, for programs that go on with what a play found out.
  - It does not talk to the service.
author: The Mist authors (@mist)
version_added: "1.0.0"
options:
  dest:
    description:
      - The file. It is made when it is missing.
    type: path
    default: output.json
  key:
    description:
      - Under which name.
    type: str
    required: true
  value:
    description:
      - What to keep.
    type: raw
    required: true
attributes:
  check_mode:
    support: full
    description: Says what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows what changes.
"""

EXAMPLES = """
- name: Keep the addresses of a machine
  mist.mist.mist_register:
    dest: /tmp/output.json
    key: addresses
    value: "{{ created.info.public_ips }}"
"""

RETURN = """
dest:
  description: The file.
  returned: success
  type: str
  sample: output.json
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def stored(path: Path) -> dict[str, Any] | None:
    """What the file holds; None without a file, ValueError when it is not an object in JSON."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def main() -> None:
    options = {
        "dest": {"type": "path", "default": "output.json"},
        "key": {"type": "str", "required": True, "no_log": False},
        "value": {"type": "raw", "required": True},
    }
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    path, key, value = Path(module.params["dest"]), module.params["key"], module.params["value"]
    try:
        before = stored(path)
        after = {**(before or {}), key: value}
        if after != before and not module.check_mode:
            path.write_text(json.dumps(after, indent=2) + "\n", encoding="utf-8")
    except ValueError:
        module.fail_json(msg=f"{path} is not a JSON file with an object; nothing was changed.")
    except OSError as error:
        module.fail_json(msg=f"{path} cannot be used ({error.strerror}).")
    module.exit_json(changed=after != before, dest=str(path), diff={"before": before or {}, "after": after})


if __name__ == "__main__":
    main()
