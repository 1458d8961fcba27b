"""Rules on metrics: adding, listing, changing and deleting them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.confirm import confirmed
from mistcli.names import remember
from mistcli.output import Column, Record, report, show_records
from mistcli.parser import CommandParser, UsageError, seconds
from mistcli.text import note

ACTIONS = ("notify", "command", "script", "reboot", "start", "destroy")


def _about(record: Record) -> str:
    return f"tag {record['tag']}" if record.get("tag") else str(record.get("machine_id") or "")


def _condition(record: Record) -> str:
    if record["metric"] == "nodata":
        return "nodata"
    return f"{record['metric']} {record['operator']} {record['value']:g}"


COLUMNS = (
    Column("Name", "name", 30),
    Column("ID", "id", 24),
    Column("About", "machine_id", 28, _about),
    Column("Condition", "metric", 34, _condition),
    Column("Action", "action", 10),
    Column("Enabled", "enabled", 8),
)
_MORE = (
    Column("Aggregate", "aggregate"),
    Column("Window", "window_s"),
    Column("For", "for_s"),
    Column("Acts For", "created_by"),
)


def _judged(parser: CommandParser) -> None:
    parser.add_argument("--aggregate", choices=("all", "any", "avg"), help="which points must be beyond; default: all")
    parser.add_argument("--window", type=seconds, metavar="TIME", help="how far back points count; default: 90s")
    parser.add_argument("--for", dest="for_s", type=seconds, metavar="TIME", help="how long it must hold; default: 0s")
    parser.add_argument("--action", choices=ACTIONS, help="what is done besides telling; default: notify")
    parser.add_argument("--command", metavar="TEXT", help="a shell command to run on the machine, once an incident")
    parser.add_argument("--script", metavar="PATH", help="a script to run on the machine (- reads it from stdin)")
    parser.add_argument("--sudo", action="store_const", const=True, help="run the command or script as root")
    parser.add_argument("--allow-destroy", action="store_const", const=True, help="needed with --action destroy")
    parser.add_argument("--channel", action="append", metavar="NAME", help="whom to tell; by default every channel")
    parser.add_argument("--reminder-offset", type=seconds, metavar="TIME", help="wait so long before anybody is told")


def _given(call: Call) -> dict[str, Any]:
    args = call.args
    action = args.action
    if args.command is not None and args.script is not None:
        raise UsageError("give --command or --script, not both")
    if action is None and (args.command is not None or args.script is not None):
        action = "command" if args.command is not None else "script"
    given = {
        "aggregate": args.aggregate,
        "window_s": None if args.window is None else int(args.window),
        "for_s": None if args.for_s is None else int(args.for_s),
        "action": action,
        "command": args.command,
        "script": None if args.script is None else _text(args.script),
        "sudo": args.sudo,
        "allow_destroy": args.allow_destroy,
        "channels": args.channel,
        "reminder_offset_s": None if args.reminder_offset is None else int(args.reminder_offset),
    }
    return {name: value for name, value in given.items() if value is not None}


def _text(path: str) -> str:
    if path == "-":
        import sys

        return sys.stdin.read()
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8") from None


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--machine", help="name or id of the machine that it is about")
    parser.add_argument("--tag", help="instead: every monitored machine with this tag")
    parser.add_argument("--metric", required=True, help="id of the metric, or nodata")
    parser.add_argument("--operator", choices=("gt", "lt"), default="gt", help="above or below; default: gt")
    parser.add_argument("--value", type=float, help="what the metric is compared with")
    parser.add_argument("--rule-name", metavar="NAME", help="by default the condition")
    _judged(parser)


def add_rule(call: Call) -> int | None:
    args = call.args
    if (args.machine is None) == (args.tag is None):
        raise UsageError("say what it is about: --machine NAME-OR-ID or --tag TAG")
    machine = None if args.machine is None else select.find(call, "machine", args.machine, "change")["id"]
    options = _given(call) | ({"name": args.rule_name} if args.rule_name is not None else {})
    rule = call.client.add_rule(args.metric, args.operator, args.value, machine, args.tag, **options)
    report(args, f"Added rule {rule['name']} (id {rule['id']})", rule)
    return None


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--machine", help="only those about this machine (name or id)")
    parser.output_options()


def list_rules(call: Call) -> int | None:
    machine = None if call.args.machine is None else select.find(call, "machine", call.args.machine)["id"]
    records = call.client.rules(machine)
    if machine is None:
        remember(call.uri, "rules", [record["name"] for record in records])
    show_records(call.args, records, COLUMNS, "No rules found", more=_MORE)
    return None


def _update_arguments(parser: CommandParser) -> None:
    parser.selector("rule")
    parser.add_argument("--new-name", help="another name")
    parser.add_argument("--metric", help="id of the metric, or nodata")
    parser.add_argument("--operator", choices=("gt", "lt"), help="above or below")
    parser.add_argument("--value", type=float, help="what the metric is compared with")
    parser.add_argument("--enable", action="store_true", help="judge it again")
    parser.add_argument("--disable", action="store_true", help="judge it no more; what it found is over")
    _judged(parser)


def update_rule(call: Call) -> int | None:
    args = call.args
    if args.enable and args.disable:
        raise UsageError("give --enable or --disable, not both")
    named = {"name": args.new_name, "metric": args.metric, "operator": args.operator, "value": args.value}
    changes = _given(call) | {name: value for name, value in named.items() if value is not None}
    if args.enable or args.disable:
        changes["enabled"] = args.enable
    if not changes:
        raise UsageError("say what to change")
    rule = call.client.update_rule(select.chosen(call, "rule", "change")["id"], **changes)
    report(args, f"Changed rule {rule['name']}", rule)
    return None


def _delete_arguments(parser: CommandParser) -> None:
    parser.selector("rule")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def delete_rule(call: Call) -> int | None:
    rule = select.chosen(call, "rule", "change")
    if not confirmed(call, f"Delete the rule {rule['name']} and its alerts?"):
        note("Nothing was deleted.")
        return 1
    call.client.delete_rule(rule["id"])
    report(call.args, f"Deleted rule {rule['name']}", rule)
    return None


COMMANDS = {
    "add-rule": Command(
        _add_arguments,
        add_rule,
        "mist add-rule --machine dbServer --metric load.shortterm --value 5",
        "mist add-rule --tag web --metric memory.nonfree_percent --value 90 --for 5m --channel ops",
        "mist add-rule --machine dbServer --metric df.root.df_complex.free --operator lt --value 1e9 "
        "--command 'journalctl --vacuum-size=100M' --sudo",
    ),
    "list-rules": Command(_list_arguments, list_rules, "mist list-rules", "mist list-rules --machine dbServer -o json"),
    "update-rule": Command(
        _update_arguments,
        update_rule,
        "mist update-rule 'load.shortterm > 5' --value 8",
        "mist update-rule 'load.shortterm > 5' --disable",
    ),
    "delete-rule": Command(_delete_arguments, delete_rule, "mist delete-rule 'load.shortterm > 5' --yes"),
}
