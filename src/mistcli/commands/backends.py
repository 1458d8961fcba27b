"""Backends: listing, showing, naming, switching, deleting."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.commands.machines import addresses
from mistcli.confirm import confirmed
from mistcli.fares import trouble_text
from mistcli.names import remember
from mistcli.output import Column, printed, report, show_records, show_table
from mistcli.parser import CommandParser
from mistcli.text import note, say

COLUMNS = (
    Column("Name", "name", 40),
    Column("ID", "id", 40),
    Column("Provider", "provider", 30, lambda record: record.get("provider_label") or record.get("provider")),
    Column("State", "state", 20),
)
_ONE = (Column("Title", "name"), *COLUMNS[1:])
_MACHINES = (
    Column("Name", "name"),
    Column("ID", "id"),
    Column("State", "state"),
    Column("Public Ips", "public_ips", 20, addresses),
)


def _list_arguments(parser: CommandParser) -> None:
    parser.output_options()


def list_backends(call: Call) -> int | None:
    records = [backend.record for backend in call.client.backends]
    remember(call.uri, "backends", [record["name"] for record in records])
    show_records(call.args, records, COLUMNS, "No backends found")
    if not call.args.output:
        for record in records:
            if trouble := record.get("trouble"):
                note(f"{record['name']}: {trouble_text(trouble)}")
    return None


def _describe_arguments(parser: CommandParser) -> None:
    parser.selector("backend")
    parser.output_options()


def describe_backend(call: Call) -> int | None:
    backend = select.backend(call)
    machines, _ = call.client.machine_page(backend=backend.id)
    if printed(call.args, {**backend.record, "machines": machines}):
        return None
    if call.args.output in ("plain", "csv"):
        show_records(call.args, [backend.record], COLUMNS)
        return None
    show_table(_ONE, [backend.record])
    if trouble := backend.record.get("trouble"):
        say(f"Trouble since {trouble.get('since') or trouble['at']}: {trouble_text(trouble)}")
    say("")
    say("Machines:")
    show_table(_MACHINES, machines)
    return None


def _rename_arguments(parser: CommandParser) -> None:
    parser.selector("backend")
    parser.add_argument("--new-name", required=True, help="the new name")


def rename_backend(call: Call) -> int | None:
    backend = select.backend(call, "change")
    backend.rename(call.args.new_name)
    report(call.args, f"Renamed backend to {call.args.new_name}", backend.record)
    return None


def _one(parser: CommandParser) -> None:
    parser.selector("backend")


def enable_backend(call: Call) -> int | None:
    backend = select.backend(call, "change")
    backend.enable()
    report(call.args, f"Enabled backend {backend.name}", backend.record)
    return None


def disable_backend(call: Call) -> int | None:
    backend = select.backend(call, "change")
    backend.disable()
    report(call.args, f"Disabled backend {backend.name}", backend.record)
    return None


def _delete_arguments(parser: CommandParser) -> None:
    parser.selector("backend")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def delete_backend(call: Call) -> int | None:
    backend = select.backend(call, "change")
    if not confirmed(call, f"Delete the backend {backend.name}? Its machines go on running at the provider."):
        note("Nothing was deleted.")
        return 1
    backend.delete()
    report(call.args, f"Deleted backend {backend.name}", backend.record)
    return None


COMMANDS = {
    "list-backends": Command(
        _list_arguments,
        list_backends,
        "mist list-backends",
        "mist list-backends --pretty",
        "mist list-backends -o csv --columns name,state,read_at",
    ),
    "describe-backend": Command(
        _describe_arguments,
        describe_backend,
        "mist describe-backend Icehouse",
        "mist describe-backend --name Icehouse -o json",
    ),
    "rename-backend": Command(_rename_arguments, rename_backend, "mist rename-backend Icehouse --new-name Juno"),
    "enable-backend": Command(_one, enable_backend, "mist enable-backend Icehouse"),
    "disable-backend": Command(_one, disable_backend, "mist disable-backend Icehouse"),
    "delete-backend": Command(
        _delete_arguments, delete_backend, "mist delete-backend Docker", "mist delete-backend --name Docker --yes"
    ),
}
