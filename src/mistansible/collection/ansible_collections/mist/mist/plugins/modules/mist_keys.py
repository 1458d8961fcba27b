#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Manages SSH keys."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_keys
short_description: Manage SSH keys
description:
  - Uploads SSH keys, has the service make them, deletes, exports or lists them.
  - A key is recognised by its exact name. One that exists already is kept as it is.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  state:
    description:
      - Whether the key has to be there. Without it nothing is changed, and keys are listed.
    type: str
    choices: [present, absent]
  name:
    description:
      - The key's name.
    type: str
  key:
    description:
      - Path of the private key to upload.
    type: path
  auto_generate:
    description:
      - Have the service make the key.
    type: bool
    default: false
  save_locally:
    description:
      - Keep the private half in a file where the module runs.
    type: bool
    default: false
  local_save_path:
    description:
      - Where to keep it. A folder (one that exists, or a path that ends with C(/)) gets a file with the key's name,
        any other path is the file's. It is only readable by its owner, and a file with other content is never replaced.
    type: str
    default: ~/.ssh/
  default:
    description:
      - Make it the key that new machines get when none is named.
    type: bool
    default: false
notes:
  - The result for one key holds its private half; C(no_log=true) keeps it out of what Ansible prints.
"""

EXAMPLES = """
- name: Add local key
  mist.mist.mist_keys:
    name: myKey
    state: present
    key: /home/user/.ssh/my_key

- name: Auto-generate key and save locally
  mist.mist.mist_keys:
    name: autoKey
    state: present
    auto_generate: true
    save_locally: true
    local_save_path: /path/to/save

- name: Delete key
  mist.mist.mist_keys:
    name: myKey
    state: absent

- name: List info for a key
  mist.mist.mist_keys:
    name: myKey
  register: key
  no_log: true
"""

RETURN = """
keys:
  description: The names of all keys. In templates C(result['keys']), for C(result.keys) is a method.
  returned: without O(name)
  type: list
  elements: str
  sample: [myKey, autoKey]
info:
  description: The key; empty when there is none.
  returned: with O(name), unless it was deleted
  type: dict
  sample: {"id": "6Kzr2nYvQ1u7bS9tWcXe3a", "name": "myKey", "algorithm": "ssh-ed25519", "isDefault": true}
private:
  description: The private half, in OpenSSH's format; empty when there is no such key (yet).
  returned: with O(name), unless it was deleted
  type: str
  sample: "-----BEGIN OPENSSH PRIVATE KEY-----..."
public:
  description: The public half, one line; empty when there is no such key.
  returned: with O(name), unless it was deleted
  type: str
  sample: ssh-ed25519 AAAA...
saved_to:
  description: The file that holds the private half.
  returned: with O(save_locally)
  type: str
  sample: /home/user/.ssh/myKey
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils._base import Task, read_text, run
from ansible_collections.mist.mist.plugins.module_utils._private_files import keep, place

OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"]},
    "name": {"type": "str"},
    "key": {"type": "path", "no_log": False},
    "auto_generate": {"type": "bool", "default": False},
    "save_locally": {"type": "bool", "default": False},
    "local_save_path": {"type": "str", "default": "~/.ssh/"},
    "default": {"type": "bool", "default": False},
}


def managed(task: Task) -> dict[str, Any]:
    name, state = task.params["name"], task.params["state"]
    if name is None:
        return task.result(keys=sorted(key.name for key in task.client.keys))
    found = next((key for key in task.client.keys if key.name == name), None)
    if state == "absent":
        if found:
            task.change("key", name, None, found.delete)
        return task.result()
    if state == "present" and found is None:
        found = _added(task, name)
    if found is None:
        return task.result(info={}, private="", public="")
    if state == "present" and task.params["default"] and not found.is_default:
        task.change("default", False, True, found.set_default)
    private = found.private
    return task.result(info=found.info, private=private, public=found.public, **_saved(task, name, private))


def _added(task: Task, name: str) -> Any:
    """The new key; None in check mode."""
    from mistclient.errors import InvalidInput

    path, generate = task.params["key"], task.params["auto_generate"]
    if (path is None) != generate:
        raise InvalidInput(f"For the new key {name!r} give either key, the path of a private key, or auto_generate.")
    private = None if path is None else read_text(path, "key").strip("\r\n") + "\n"
    return task.change("key", None, name, lambda: task.client.add_key(name, private))


def _saved(task: Task, name: str, private: str) -> dict[str, Any]:
    """Keeps the private half in a file when that is asked for, also of a key that was there before."""
    if not task.params["save_locally"]:
        return {}
    target = place(task.params["local_save_path"], name)
    if keep(target, private, pretend=True):
        task.change("saved_to", None, str(target), lambda: keep(target, private))
    return {"saved_to": str(target)}


def main() -> None:
    run(managed, OPTIONS, required_if=[("state", "present", ("name",)), ("state", "absent", ("name",))])


if __name__ == "__main__":
    main()
