"""Which keys open which machines."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import report
from mistcli.parser import CommandParser, positive
from mistcli.text import warn


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--key", required=True, help="name or id of the key")
    parser.add_argument("--machine", required=True, help="name or id of the machine")


def _associate_arguments(parser: CommandParser) -> None:
    _arguments(parser)
    parser.add_argument("--host", help="the address to reach it at (default: its own)")
    parser.add_argument("--user", "--ssh-user", help="the user to sign in as (default: tried out)")
    parser.add_argument("--port", "--ssh-port", type=positive, help="the port of its SSH server (default: 22)")


def associate_key(call: Call) -> int | None:
    from mistclient import Machine

    args = call.args
    machine = Machine(call.client, select.find(call, "machine", args.machine, "change"))
    key = select.find(call, "key", args.key, "change")
    made = machine.associate_key(key["id"], args.host, args.user, args.port)
    who = f" as {made['user']}" if made.get("user") else ""
    report(args, f"Associated key {key['name']} with machine {machine.name}{who}", made)
    return None


def disassociate_key(call: Call) -> int | None:
    from mistclient import Machine

    machine = Machine(call.client, select.find(call, "machine", call.args.machine, "change"))
    key = select.find(call, "key", call.args.key, "change")
    done = machine.disassociate_key(key["id"])
    report(call.args, f"Disassociated key {key['name']} from machine {machine.name}", done)
    if not done.get("removed", True):
        warn(str(done.get("message")))
    return None


COMMANDS = {
    "associate-key": Command(
        _associate_arguments,
        associate_key,
        "mist associate-key --key MyKey --machine web",
        "mist associate-key --key MyKey --machine web --user ubuntu --port 2222",
    ),
    "disassociate-key": Command(_arguments, disassociate_key, "mist disassociate-key --key MyKey --machine web"),
}
