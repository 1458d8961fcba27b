#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Makes API tokens and revokes them."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_token
short_description: Manage API tokens
description:
  - Makes API tokens for programs, revokes them, or lists them. A token is recognised by its exact name.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: [mist.mist.service, mist.mist.service.module]
options:
  state:
    description:
      - Whether the token has to be there. Without it nothing is changed, and tokens are listed.
    type: str
    choices: [present, absent]
  name:
    description:
      - The token's name.
    type: str
  scope:
    description:
      - What it may do.
    type: str
    choices: [read, operate, admin]
    default: read
  expires_in:
    description:
      - Seconds for which it is good.
    type: int
notes:
  - The text of a token is told once, when it is made. C(no_log=true) keeps it out of what Ansible prints.
"""

EXAMPLES = """
- name: A token for a dashboard
  mist.mist.mist_token:
    name: dashboard
    scope: read
    state: present
  register: made
  no_log: true

- name: Revoke it
  mist.mist.mist_token:
    name: dashboard
    state: absent
"""

RETURN = """
tokens:
  description: The tokens, without their texts and without sessions.
  returned: without O(state)
  type: list
  elements: dict
  sample: [{"id": "N3kXv", "name": "dashboard", "scope": "read"}]
info:
  description: The token, without its text; empty in check mode before it is made.
  returned: with O(state=present)
  type: dict
  sample: {"id": "N3kXv", "name": "dashboard", "scope": "read"}
token:
  description: Its text.
  returned: when it was made
  type: str
  sample: mist_...
"""

from typing import Any

from ansible_collections.mist.mist.plugins.module_utils._base import Task, run

OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"]},
    "name": {"type": "str"},
    "scope": {"type": "str", "choices": ["read", "operate", "admin"], "default": "read"},
    "expires_in": {"type": "int"},
}


def managed(task: Task) -> dict[str, Any]:
    name, state = task.params["name"], task.params["state"]
    tokens = [token for token in task.client.tokens() if token["kind"] == "token" and name in (None, token["name"])]
    if state is None:
        return task.result(tokens=tokens)
    if state == "absent":
        if tokens:
            task.change("tokens", [name] * len(tokens), [], lambda: _revoke(task, tokens))
        return task.result()
    if tokens:
        return task.result(info=_of_scope(tokens[0], task.params["scope"]))
    scope, expires_in_s = task.params["scope"], task.params["expires_in"]
    shown = {"name": name, "scope": scope}
    made = task.change("token", None, shown, lambda: task.client.create_token(name, scope, expires_in_s)) or {}
    text = {"token": made["token"]} if made else {}
    return task.result(info={field: value for field, value in made.items() if field != "token"}, **text)


def _revoke(task: Task, tokens: list[dict[str, Any]]) -> None:
    for token in tokens:
        task.client.revoke_token(token["id"])


def _of_scope(token: dict[str, Any], scope: str) -> dict[str, Any]:
    """The token, which cannot be given another scope."""
    from mistclient.errors import Conflict

    if token["scope"] != scope:
        raise Conflict(
            f"The token {token['name']!r} has the scope {token['scope']!r}; revoke it to make one with {scope!r}.",
            details={"token_id": token["id"]},
        )
    return token


def main() -> None:
    run(managed, OPTIONS, required_if=[("state", "present", ("name",)), ("state", "absent", ("name",))])


if __name__ == "__main__":
    main()
