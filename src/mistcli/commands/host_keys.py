"""The SSH host keys that are remembered of a machine."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import Column, printed, show_records, step
from mistcli.parser import CommandParser

COLUMNS = (
    Column("Host", "host", 25),
    Column("Port", "port", 6),
    Column("Algorithm", "algorithm", 20),
    Column("Fingerprint", "fingerprint", 52),
    Column("First Seen At", "first_seen_at", 25),
)


def _list_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.output_options()


def list_host_keys(call: Call) -> int | None:
    show_records(call.args, select.machine(call).host_keys(), COLUMNS, "No host keys found")
    return None


def _accept_arguments(parser: CommandParser) -> None:
    parser.selector("machine")


def accept_host_key(call: Call) -> int | None:
    machine = select.machine(call, "change")
    accepted = machine.accept_host_key()
    for key in accepted:
        step(call.args, f"Accepted {key['algorithm']} {key['fingerprint']} for machine {machine.name}")
    printed(call.args, accepted)
    return None


COMMANDS = {
    "list-host-keys": Command(_list_arguments, list_host_keys, "mist list-host-keys web"),
    "accept-host-key": Command(_accept_arguments, accept_host_key, "mist accept-host-key web"),
}
