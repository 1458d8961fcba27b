"""From what a person typed to the one thing that is meant: exact before substring, no guess that changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mistcli.parser import UsageError
from mistcli.text import visible, warn
from mistclient.errors import Ambiguous, NotFound

if TYPE_CHECKING:
    from mistcli.call import Call
    from mistclient import Backend, Key, Machine

Use = Literal["read", "change"]
_NAMES = {"name", "name_ignoring_case"}
_SHOWN = 300  # characters of what was typed


def find(call: Call, noun: str, term: str, use: Use = "read", level: str | None = None) -> dict[str, Any]:
    """The record of the `noun` that `term` means.

    Several matches: what only reads takes the first and says so, what changes something refuses and lists them.
    `level` "id" or "name" accepts only an exact match of that kind.
    """
    plural = f"{noun}s"
    matched, candidates = call.client.select(plural, term)
    if (level == "id" and matched != "id") or (level == "name" and matched not in _NAMES):
        candidates = []
    if not candidates:
        raise NotFound(f"Could not find {noun}: {visible(term[:_SHOWN])}. `mist list-{plural}` shows what there is.")
    if len(candidates) > 1:
        typed = repr(term[:_SHOWN])
        shown = "; ".join(_candidate(record) for record in candidates[:10])
        if use == "change":
            more = f" and {len(candidates) - 10} more" if len(candidates) > 10 else ""
            raise Ambiguous(
                f"{len(candidates)} {plural} match {typed}: {shown}{more}. Nothing was done; say which by its id."
            )
        warn(f"{len(candidates)} {plural} match {typed}, this is the first: {shown}")
    return candidates[0]


def chosen(call: Call, noun: str, use: Use = "read") -> dict[str, Any]:
    """The record that the selector arguments of a command mean (see `CommandParser.selector`)."""
    term, own_id, own_name = (getattr(call.args, field) for field in (noun, f"{noun}_id", f"{noun}_name"))
    given = [value for value in (term, own_id, own_name) if value is not None]
    if not given:
        raise UsageError(f"say which {noun}: its name or id, or --id or --name")
    if len(given) > 1:
        raise UsageError(f"say which {noun} only once: by its name or id, or by --id, or by --name")
    level = "id" if own_id is not None else "name" if own_name is not None else None
    return find(call, noun, str(given[0]), use, level)


def machine(call: Call, use: Use = "read") -> Machine:
    from mistclient import Machine

    return Machine(call.client, chosen(call, "machine", use))


def backend(call: Call, use: Use = "read") -> Backend:
    from mistclient import Backend

    return Backend(call.client, chosen(call, "backend", use))


def key(call: Call, use: Use = "read") -> Key:
    from mistclient import Key

    return Key(call.client, chosen(call, "key", use))


def _candidate(record: dict[str, Any]) -> str:
    name = record.get("name") or record.get("email") or ""
    where = f" in {record['backend_name']}" if record.get("backend_name") else ""
    return visible(f"{name} (id {record.get('id')}{where})")
