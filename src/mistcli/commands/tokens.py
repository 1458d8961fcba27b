"""API tokens."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.names import remember
from mistcli.output import Column, printed, report, show_records
from mistcli.parser import CommandParser, seconds
from mistcli.text import note, say

COLUMNS = (
    Column("Name", "name", 30),
    Column("ID", "id", 30),
    Column("Scope", "scope", 10),
    Column("Kind", "kind", 10),
    Column("Expires At", "expires_at", 25),
    Column("Last Used At", "last_used_at", 25),
)


def _create_arguments(parser: CommandParser) -> None:
    parser.add_argument("--name", required=True, help="what it is for")
    parser.add_argument("--scope", choices=("read", "operate", "admin"), default="read", help="default: read")
    parser.add_argument("--expires-in", type=seconds, metavar="TIME", help="such as 12h or 90d (default: never)")


def create_token(call: Call) -> int | None:
    """The token's text alone goes to stdout, so that it can be kept without being seen."""
    args = call.args
    expires_in_s = None if args.expires_in is None else int(args.expires_in)
    made = call.client.create_token(args.name, args.scope, expires_in_s)
    if printed(args, made):
        return None
    say(made["token"])
    note("This is shown once. Use it as MIST_TOKEN, or as api_token in Python.")
    return None


def _list_arguments(parser: CommandParser) -> None:
    parser.output_options()


def list_tokens(call: Call) -> int | None:
    records = call.client.tokens()
    remember(call.uri, "tokens", [record["name"] for record in records if record.get("kind") != "session"])
    show_records(call.args, records, COLUMNS, "No tokens found")
    return None


def _revoke_arguments(parser: CommandParser) -> None:
    parser.add_argument("token", help="name or id of the token")


def revoke_token(call: Call) -> int | None:
    token = select.find(call, "token", call.args.token, "change")
    call.client.revoke_token(token["id"])
    report(call.args, f"Revoked token {token['name']}", token)
    return None


COMMANDS = {
    "create-token": Command(
        _create_arguments, create_token, "mist create-token --name ci --scope operate --expires-in 90d"
    ),
    "list-tokens": Command(_list_arguments, list_tokens, "mist list-tokens --pretty"),
    "revoke-token": Command(_revoke_arguments, revoke_token, "mist revoke-token ci"),
}
