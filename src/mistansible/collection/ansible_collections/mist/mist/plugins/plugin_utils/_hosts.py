# SPDX-License-Identifier: Apache-2.0
"""What a machine is called and known by in an inventory. Names come from clouds, and are taken for text only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ansible.utils.unsafe_proxy import wrap_var

if TYPE_CHECKING:
    from mistclient import MistClient

Record = dict[str, Any]

# what can neither be a path of host_vars, a pattern, a template nor a line of its own
_PLAIN = re.compile(r"\w[\w.@+-]{0,252}")
# what Ansible takes for something else: its own groups, the machine that it runs on, and the groups made here
_TAKEN = re.compile(r"all|ungrouped|localhost|127\..*|(tag|backend|provider|location|state)_.*", re.IGNORECASE)
# an address or a host name, and never an option of ssh
_ADDRESS = re.compile(r"[\w:][\w.:%-]*")
_FACTS = (
    "backend_id",
    "provider",
    "state",
    "tags",
    "location",
    "image",
    "size",
    "public_ips",
    "private_ips",
    "created_at",
    "stale",
    "extra",
)
GROUPS: dict[str, Callable[[Record], list[Any]]] = {
    "tag": lambda record: record["tags"],
    "backend": lambda record: [record["backend_name"]],
    "provider": lambda record: [record["provider"]],
    "location": lambda record: [record["location"]],
    "state": lambda record: [record["state"]],
}
_AT_ONCE = 4


def host_names(records: list[Record]) -> list[str]:
    """A name for each machine: its own where that is plain and nobody else's, else with its id, or the id alone.

    A machine that is called as another one is here, by chance or by somebody's intention, does not take its place.
    """
    counted = Counter(record["name"] for record in records)
    given = {record["id"] for record in records}
    given |= {f"{record['name']}_{record['id']}" for record in records if counted[record["name"]] > 1}
    return [_host_name(record, counted[record["name"]], given) for record in records]


def _host_name(record: Record, times: int, given: set[str]) -> str:
    name, id = str(record["name"]), str(record["id"])
    if not _PLAIN.fullmatch(name) or _TAKEN.fullmatch(name) or name in given:
        return id
    return name if times == 1 else f"{name}_{id}"


def variables(record: Record) -> Record:
    """The facts about a machine, as host variables."""
    facts = {f"mist_{name}": record[name] for name in _FACTS}
    facts.update(mist_id=record["id"], mist_name=record["name"], mist_backend=record["backend_name"])
    return facts


def as_text(value: Any) -> Any:
    """The same, with each text that could be taken for a template marked as none.

    Ansible before 2.19 takes every variable for a template that is not marked; later versions take none.
    """
    if isinstance(value, str):
        return wrap_var(value) if "{" in value else value
    if isinstance(value, list):
        return [as_text(each) for each in value]
    if isinstance(value, dict):
        return {as_text(name): as_text(each) for name, each in value.items()}
    return value


def address(record: Record) -> str | None:
    """Where it is reached directly: as its backend says, else its first public address, IPv4 before IPv6."""
    public = sorted(record["public_ips"], key=lambda ip: ":" in ip)
    known = [record.get("ssh_host"), *public, *record["private_ips"]]
    return next((each for each in known if each and _ADDRESS.fullmatch(each)), None)


def directly(record: Record, association: Record | None) -> Record:
    """Variables for a connection of Ansible's own, with the user's agent."""
    opened = association or {}
    found = {
        "ansible_host": opened.get("host") or address(record),
        "ansible_port": opened.get("port") or record.get("ssh_port"),
        "ansible_user": opened.get("user"),
        "mist_key": opened.get("key_name"),
    }
    return {name: value for name, value in found.items() if value}


def associations(client: MistClient, records: list[Record]) -> dict[str, Record]:
    """By machine the association that last worked, a few machines at a time; those that have none are left out."""
    from mistclient import Machine

    def newest(record: Record) -> tuple[str, Record | None]:
        known = Machine(client, record).keys()
        return record["id"], max(known, key=lambda each: str(each["last_success_at"] or ""), default=None)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {id: found for id, found in pool.map(newest, records) if found is not None}
