"""Events: who changed what, when, with which result."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import Column, plain_line, show_records
from mistcli.parser import CommandParser, UsageError, positive

COLUMNS = (
    Column("At", "at", 27),
    Column("Actor", "actor", 25),
    Column("Kind", "kind", 22),
    Column("Subject", "subject_name", 25),
    Column("Outcome", "outcome", 10),
    Column("Message", "message", 40),
)


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--kind", help="only of this kind (machine.created, backend.added ...)")
    parser.add_argument("--subject", help="only about the thing with this id or name")
    parser.add_argument("--limit", type=positive, default=100, metavar="N", help="at most so many (default: 100)")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what happens from now")
    parser.output_options()


def list_events(call: Call) -> int | None:
    args = call.args
    found = call.client.events(args.limit, kind=args.kind, subject=args.subject)
    found.reverse()
    if not args.follow:
        show_records(args, found, COLUMNS, "No events found")
        return None
    if args.pretty or args.output in ("table", "wide", "yaml", "csv"):
        raise UsageError("--follow prints plain lines, or with -o json one object a line")
    for event in found:
        _line(call, event)
    last = found[-1]["seq"] if found else None
    for event in _wanted(call, call.client.follow_events(last)):
        _line(call, event)
    return None


def _wanted(call: Call, events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for event in events:
        subjects = (None, event.get("subject_id"), event.get("subject_name"))
        if call.args.kind in (None, event["kind"]) and call.args.subject in subjects:
            yield event


def _line(call: Call, event: dict[str, Any]) -> None:
    if call.args.output == "json":
        import json

        sys.stdout.write(f"{json.dumps(event)}\n")
    else:
        sys.stdout.write(f"{plain_line(COLUMNS, event)}\n")
    sys.stdout.flush()


COMMANDS = {
    "list-events": Command(
        _arguments,
        list_events,
        "mist list-events --limit 20",
        "mist list-events --follow -o json",
        "mist list-events --kind machine.destroyed",
    ),
}
