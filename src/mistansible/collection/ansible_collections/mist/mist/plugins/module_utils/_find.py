# SPDX-License-Identifier: Apache-2.0
"""From what a task names to the one thing that is meant: ids and whole names, never parts of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistclient import Backend, Key, Machine, MistClient

_SHOWN = 10


def backend(client: MistClient, term: str) -> Backend:
    """The backend with this id or name."""
    from mistclient import Backend

    wanted = f"There is no backend {term!r}: you have to provide a valid backend id or title."
    return Backend(client, _picked(client, "backend", term, wanted))


def key(client: MistClient, term: str) -> Key:
    """The key with this name or id."""
    from mistclient import Key

    return Key(client, _picked(client, "key", term, f"There is no key {term!r}; add it with mist_keys."))


def _picked(client: MistClient, noun: str, term: str, absent: str) -> dict[str, Any]:
    from mistclient.errors import NotFound

    level, candidates = client.select(f"{noun}s", term)
    if level not in ("id", "name", "name_ignoring_case") or not candidates:
        raise NotFound(absent, details={"noun": noun, "id": term})
    return one_of(candidates, noun, term)


def one_of(candidates: list[dict[str, Any]], noun: str, term: str) -> dict[str, Any]:
    """The only candidate; Ambiguous lists them when there are several."""
    from mistclient.errors import Ambiguous

    if len(candidates) > 1:
        shown = ", ".join(f"{record['name']} (id {record['id']})" for record in candidates[:_SHOWN])
        raise Ambiguous(
            f"{len(candidates)} {noun}s are called {term!r}: {shown}. Nothing was done; say which by its id.",
            details={"candidates": [record["id"] for record in candidates]},
        )
    return candidates[0]


def machines_called(client: MistClient, term: str, backend_id: str | None = None) -> list[dict[str, Any]]:
    """The records of machines with exactly this id or name; a terminated one is none."""
    records = client.machine_page(backend=backend_id, search=term)[0]
    living = [record for record in records if record["state"] != "terminated"]
    by_id = [record for record in living if term in (record["id"], record["external_id"])]
    return by_id or [record for record in living if record["name"] == term]


def machine(client: MistClient, term: str, backend_id: str | None = None) -> Machine | None:
    """The machine with this id or name, or None."""
    from mistclient import Machine

    found = machines_called(client, term, backend_id)
    return Machine(client, one_of(found, "machine", term)) if found else None


def named_machine(client: MistClient, term: str, backend_id: str | None = None) -> Machine:
    """As `machine`; NotFound when there is none."""
    from mistclient.errors import NotFound

    found = machine(client, term, backend_id)
    if found is None:
        raise NotFound(f"Machine not found: {term!r}.", details={"noun": "machine", "id": term})
    return found
