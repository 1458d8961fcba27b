"""Machines: listing, showing, probing."""

from __future__ import annotations

from typing import Any

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.fares import age_text, warn_of
from mistcli.names import remember
from mistcli.output import Column, printed, show_record, show_records
from mistcli.parser import CommandParser
from mistcli.text import count, say


def addresses(record: dict[str, Any]) -> str:
    return " -- ".join(record.get("public_ips") or [])


def heard(record: dict[str, Any]) -> str:
    """When the newest sample of a monitored machine came."""
    monitoring = record.get("monitoring")
    if monitoring is None:
        return ""
    silent, age_s = monitoring["silent"], monitoring["age_s"]
    if silent is None:
        return "unknown"
    if age_s is None:
        return "silent: nothing came" if silent else "nothing came yet"
    return f"silent for {age_text(age_s)}" if silent else f"{age_text(age_s)} ago"


COLUMNS = (
    Column("Name", "name", 25),
    Column("ID", "id", 60),
    Column("State", "state", 10),
    Column("Public Ips", "public_ips", 20, addresses),
    Column("Backend Title", "backend_name", 30),
    Column("Tags", "tags", 20),
)
_SHOWN_GIB = 0.05  # a smaller disk would read "0.0 of 0.0"
_MORE = (
    Column("Private Ips", "private_ips"),
    Column("Image", "image"),
    Column("Size", "size"),
    Column("Location", "location"),
    Column("Actions", "actions"),
    Column("Created At", "created_at"),
    Column("Seen At", "seen_at"),
    Column("Monitoring", "monitoring", 20, heard),
)


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--backend", help="only this backend's (name or id)")
    parser.add_argument("--tag", help="only those with this tag")
    parser.add_argument("--state", help="only those in this state (running, stopped ...)")
    parser.add_argument("--search", metavar="TEXT", help="only those with this in their name, id or address")
    parser.add_argument(
        "--sort",
        metavar="FIELD[:desc]",
        help="by name, state, backend, provider, size, image, location, created_at, external_id or id",
    )
    parser.add_argument("--refresh", action="store_true", help="have the providers asked now")
    parser.output_options()


def list_machines(call: Call) -> int | None:
    args = call.args
    query: dict[str, Any] = {"tag": args.tag, "state": args.state, "search": args.search}
    if args.backend is not None:
        query["backend"] = select.find(call, "backend", args.backend)["id"]
    everything = not any(query.values())
    query |= {"refresh": args.refresh or None, "monitoring": _shows_monitoring(call) or None}
    records, backends = call.client.machine_page(**query, sort=args.sort)
    if everything:
        remember(call.uri, "machines", [record["name"] for record in records])
        remember(call.uri, "tags", [tag for record in records for tag in record.get("tags") or []])
    show_records(args, records, COLUMNS, "No machines found", _MORE)
    warn_of(backends, "machines")
    return None


def _shows_monitoring(call: Call) -> bool:
    return call.args.output in ("wide", "json", "yaml") or "monitoring" in (call.args.columns or "").lower()


def _describe_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.output_options()


def describe_machine(call: Call) -> int | None:
    machine = select.machine(call)
    machine.refresh()
    show_record(call.args, machine.record, COLUMNS)
    if call.args.output in (None, "table", "wide") and not call.args.columns:
        for column in _MORE:
            if text := column.text(machine.record):
                say(f"{column.title}: {text}")
    return None


def _probe_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument("--key", help="try this key")
    parser.add_argument("--user", "--ssh-user", help="sign in as this user")
    parser.output_options()


def probe(call: Call) -> int | None:
    from mistclient.errors import MachineError

    machine = select.machine(call)
    try:
        found = machine.probe(call.args.key, call.args.user)
    except MachineError:
        say("Not probed")
        raise
    if printed(call.args, found):
        return None
    say(f"Machine {machine.name} is probed")
    days, rest = divmod(int(found["uptime_s"]), 86400)
    load = " ".join(f"{value:.2f}" for value in found["load"])
    uptime = (f"{days} d " if days else "") + f"{rest // 3600} h {rest % 3600 // 60} min"
    say(f"  up {uptime}, load {load}, {count(found['cores'], 'core')}, {count(found['users'], 'user')}")
    system = ", ".join(filter(None, (found["distribution"], found["kernel"])))
    say(f"  {system}, signed in as {found['user']} in {found['took_s']:.2f} s")
    for disk in found["disks"]:
        gib = [disk[field] / 2**30 for field in ("used_bytes", "size_bytes")]
        if gib[1] >= _SHOWN_GIB:
            say(f"  {disk['mount']}: {gib[0]:.1f} of {gib[1]:.1f} GiB used")
    return None


COMMANDS = {
    "list-machines": Command(
        _list_arguments,
        list_machines,
        "mist list-machines",
        "mist list-machines --backend Docker --pretty",
        "mist list-machines --tag dev --state running -o json",
        "mist list-machines --sort created_at:desc --columns name,backend_name,created_at",
    ),
    "describe-machine": Command(
        _describe_arguments,
        describe_machine,
        "mist describe-machine db-server-1",
        "mist describe-machine --name db-server-1 -o yaml",
    ),
    "probe": Command(_probe_arguments, probe, "mist probe db-server-1", "mist probe web --user ubuntu -o json"),
}
