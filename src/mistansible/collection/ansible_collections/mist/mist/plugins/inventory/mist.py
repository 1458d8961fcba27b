# SPDX-License-Identifier: Apache-2.0
"""All machines of all backends as an inventory."""

from __future__ import annotations

DOCUMENTATION = """
name: mist
short_description: All machines of all backends that Mist manages
description:
  - Lists machines as the service last read them, in groups by tag, backend, provider, location and state.
  - By default they are reached through the service, by the connection P(mist.mist.mist#connection), so that private
    keys stay there.
  - The file's name ends with C(mist.yml) or C(mist.yaml).
  - A machine whose name is not plain is called by its id; one of several with the same name gets its id behind it.
    What it is called in its cloud is in C(mist_name), which like everything that comes from clouds is never a template.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment:
  - mist.mist.service
  - constructed
  - inventory_cache
options:
  plugin:
    description:
      - Says that the file is for this plugin.
    required: true
    choices: [mist.mist.mist]
  connect:
    description:
      - V(service) connects through the service. V(direct) lets Ansible connect with the address, port and user of
        Mist's associations, and your own keys or agent.
    type: str
    choices: [service, direct]
    default: service
  backend:
    description:
      - Only machines of this backend (id or name).
    type: str
  tag:
    description:
      - Only machines with this tag.
    type: str
  state:
    description:
      - Only machines in this state. Without it all but terminated ones.
    type: str
  search:
    description:
      - Only machines with this in their name, id or address.
    type: str
  refresh:
    description:
      - Have the backends read again first.
    type: bool
    default: false
  group_by:
    description:
      - By what to make groups, such as C(tag_web) or C(state_running).
    type: list
    elements: str
    choices: [tag, backend, provider, location, state]
    default: [tag, backend, provider, location, state]
"""

EXAMPLES = """
# The first line is enough for all machines. Below it: what runs in one backend, cached, with groups and variables of
# your own.
plugin: mist.mist.mist
backend: EC2
state: running
cache: true
cache_plugin: jsonfile
cache_connection: /tmp/mist-inventory
keyed_groups:
  - prefix: image
    key: mist_image
compose:
  first_address: mist_public_ips[0] | default('')
groups:
  web: "'web' in mist_tags"
"""

import contextlib
import gc
from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.plugin_utils import _hosts, session

CONNECTION = "mist.mist.mist"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads a page of machines (or the cache) and adds a host for each."""

    NAME = "mist.mist.mist"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("mist.yml", "mist.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path)
        self._groups: dict[str, Any] = {}
        self._read_config_data(path)
        collecting = gc.isenabled()
        gc.disable()  # a sixth of the time for ten thousand machines: much is made, and nothing becomes garbage
        try:
            self._populate(self._cached(self.get_cache_key(path), cache))
        finally:
            if collecting:
                gc.enable()
        with contextlib.suppress(AnsibleError):  # what came from a cache does not need the service
            session.client(self.get_options())  # else each worker would sign in for itself

    def _cached(self, key: str, cache: bool) -> dict[str, Any]:
        """What the cache holds, or what the service says."""
        wanted = self.get_option("cache")
        if wanted and cache:
            try:
                return dict(self._cache[key])
            except KeyError:
                pass
        read = self._read()
        if wanted:
            self._cache[key] = read
        return read

    def _read(self) -> dict[str, Any]:
        from mistclient.errors import MistError

        client = session.client(self.get_options())
        query = {name: self.get_option(name) for name in ("tag", "state", "search")}
        try:
            if self.get_option("backend"):
                query["backend"] = _find.backend(client, self.get_option("backend")).id
            records, backends = client.machine_page(**query, refresh=self.get_option("refresh") or None)
            if not query["state"]:
                records = [record for record in records if record["state"] != "terminated"]
            direct = self.get_option("connect") == "direct"
            doors = _hosts.associations(client, records) if direct else {}
        except MistError as error:
            raise AnsibleParserError(error.message) from None
        for backend in backends:
            if backend.get("trouble"):
                self.display.warning(f"{backend['name']}: {backend['trouble']['message']}")
        return {"machines": records, "associations": doors}

    def _populate(self, read: dict[str, Any]) -> None:
        """Hosts with their variables and groups: by Ansible's own records of them, for thousands take their time."""
        records: list[dict[str, Any]] = read["machines"]
        group_by = self.get_option("group_by")
        given = {name: self.get_option(name) for name in ("mist_uri", "mist_email", "mist_ca_file")}
        connection = {"ansible_connection": CONNECTION, **{name: value for name, value in given.items() if value}}
        through_service = self.get_option("connect") == "service"
        own = [self.get_option(name) for name in ("compose", "groups", "keyed_groups")]
        for record, name in zip(records, _hosts.host_names(records), strict=True):
            self.inventory.add_host(name)
            host = self.inventory.hosts[name]
            variables = _hosts.as_text(self._variables(record, read["associations"]))
            host.vars.update(variables, **(connection if through_service else {}))
            for kind in group_by:
                for value in _hosts.GROUPS[kind](record):
                    if value:
                        self._group(f"{kind}_{value}").add_host(host)
            if any(own):
                self._construct(name, variables, own)

    def _variables(self, record: dict[str, Any], doors: dict[str, Any]) -> dict[str, Any]:
        if self.get_option("connect") == "direct":
            return {**_hosts.variables(record), **_hosts.directly(record, doors.get(record["id"]))}
        where = _hosts.address(record)
        return {**_hosts.variables(record), **({"ansible_host": where} if where else {})}

    def _group(self, wanted: str) -> Any:
        """Ansible's record of the group, which is made when it is first wanted."""
        if wanted not in self._groups:
            self._groups[wanted] = self.inventory.groups[self.inventory.add_group(self._sanitize_group_name(wanted))]
        return self._groups[wanted]

    def _construct(self, host: str, variables: dict[str, Any], own: list[Any]) -> None:
        """The groups and variables that the file describes by expressions."""
        strict = self.get_option("strict")
        compose, groups, keyed_groups = own
        self._set_composite_vars(compose, variables, host, strict=strict)
        self._add_host_to_composed_groups(groups, variables, host, strict=strict)
        self._add_host_to_keyed_groups(keyed_groups, variables, host, strict=strict)
