#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0
"""Manages backends: accounts at providers."""

from __future__ import annotations

DOCUMENTATION = """
module: mist_backends
short_description: Manage backends
description:
  - Adds and removes the accounts at providers with which Mist manages machines, or lists them.
  - A backend is recognised by its exact name. One that exists already is not added again.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment:
  - mist.mist.service
  - mist.mist.service.module
  - mist.mist.settings.providers
options:
  state:
    description:
      - Whether the backend has to be there.
      - Without it V(present) when O(provider) is given; else nothing is changed, and backends are listed.
    type: str
    choices: [present, absent]
  title:
    description:
      - The backend's name. To list or remove, its id does as well.
    type: str
    aliases: [name, backend]
  provider:
    description:
      - The provider's id, one of M(mist.mist.mist_providers).
    type: str
  region:
    description:
      - The provider's region.
    type: str
  endpoint:
    description:
      - Address of the provider's API, for private clouds.
    type: str
  ca_file:
    description:
      - Path of the CA certificates that the provider's certificate is signed by.
    type: path
  address_use:
    description:
      - Which address of its machines to talk to.
    type: str
    choices: [public, private]
  enabled:
    description:
      - Whether its machines are read and managed. Left as it is when not given.
    type: bool
  update_credentials:
    description:
      - When to replace the credentials of a backend that exists.
      - V(always) cannot know whether they differ, and reports a change.
    type: str
    choices: [on_create, always]
    default: on_create
  settings:
    description:
      - What a provider takes that is no option here, by name.
    type: dict
notes:
  - Files are read where the module runs, and their content is sent to the service.
seealso:
  - module: mist.mist.mist_providers
"""

EXAMPLES = """
- name: Add EC2 backend
  mist.mist.mist_backends:
    title: MyEC2
    provider: ec2
    api_key: "{{ ec2_key }}"
    api_secret: "{{ ec2_secret }}"
    region: ec2_ap_northeast
    state: present

- name: Add any server with SSH
  mist.mist.mist_backends:
    title: MyOtherServer
    provider: bare_metal
    machine_ip: 190.20.10.45
    machine_user: deploy
    machine_key: fleet
    machine_port: 22
    state: present

- name: Information about one backend
  mist.mist.mist_backends:
    backend: DigitalOcean
  register: backend

- name: Remove it
  mist.mist.mist_backends:
    title: MyEC2
    state: absent
"""

RETURN = """
backends:
  description: The names of all backends.
  returned: without O(state) and O(title)
  type: list
  elements: str
  sample: [EC2, Docker]
info:
  description: The backend, without its secrets; V(Not Found) when there is none and nothing was to be changed.
  returned: with O(title), unless it was removed
  type: raw
  sample: {"id": "8tn5sE2ykrweXSnhFiEn39", "name": "Docker", "provider": "docker", "state": "online"}
"""

from functools import partial
from typing import Any

from ansible_collections.mist.mist.plugins.module_utils._base import Task, run
from ansible_collections.mist.mist.plugins.module_utils._credentials import OPTIONS, credentials
from ansible_collections.mist.mist.plugins.module_utils._find import one_of

OWN_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"]},
    "title": {"type": "str", "aliases": ["name", "backend"]},
    "provider": {"type": "str"},
    "address_use": {"type": "str", "choices": ["public", "private"]},
    "enabled": {"type": "bool"},
    "update_credentials": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
}


def managed(task: Task) -> dict[str, Any]:
    from mistclient.errors import InvalidInput

    title, provider = task.params["title"], task.params["provider"]
    state = task.params["state"] or ("present" if provider else None)
    if state is None and title is None:
        return task.result(backends=[backend.title for backend in task.client.backends])
    if title is None:
        raise InvalidInput("Say which backend: title is missing.", details={"field": "title"})
    found = _named(task, title, ids=state != "present")
    if state is None:
        return task.result(info=found.info if found else "Not Found")
    if state == "absent":
        if found:
            task.change("backend", found.title, None, found.delete)
        return task.result()
    return task.result(info=_updated(task, found) if found else _added(task, title))


def _named(task: Task, title: str, ids: bool) -> Any:
    """The backend of exactly this name (or id), or None."""
    from mistclient import Backend

    named = [
        backend.record for backend in task.client.backends if title == backend.title or (ids and title == backend.id)
    ]
    return Backend(task.client, one_of(named, "backend", title)) if named else None


def _added(task: Task, title: str) -> dict[str, Any]:
    from mistclient.errors import InvalidInput

    provider = task.params["provider"]
    if provider is None:
        raise InvalidInput(
            f"There is no backend {title!r}; to add it, provider is missing.", details={"field": "provider"}
        )
    settings = credentials(task.params)
    given = {**settings, "address_use": task.params["address_use"]}
    body = task.client.declarations.backend_body(provider, title, given)  # in check mode too: it says what is wrong
    shown = {"title": title, "provider": body["provider"], "region": body.get("region")}
    made = task.change("backend", None, shown, partial(task.client.add_backend, provider, title, **given))
    if made is None:
        return {"title": title, "name": title, "provider": body["provider"]}
    if task.params["enabled"] is False:
        made.disable()
    return dict(made.info)


def _updated(task: Task, found: Any) -> dict[str, Any]:
    from mistclient.errors import Conflict

    provider = task.params["provider"]
    if provider is not None and provider.partition(":")[0] not in (found.provider, found.provider_label):
        raise Conflict(f"The backend {found.title!r} is one of {found.provider}, not of {provider}.")
    if task.params["update_credentials"] == "always":
        settings = credentials(task.params)
        task.change("credentials", "unknown", "as given", partial(found.update_credentials, **settings))
    wanted = {name: task.params[name] for name in ("enabled", "address_use") if task.params[name] is not None}
    for name, value in wanted.items():
        if found.record.get(name) != value:
            task.change(name, found.record.get(name), value, partial(found.update, **{name: value}))
    return dict(found.info)


def main() -> None:
    run(managed, {**OPTIONS, **OWN_OPTIONS})


if __name__ == "__main__":
    main()
