"""What backends can be added of."""

from __future__ import annotations

from typing import Any

from mistcli.call import Call
from mistcli.command import Command
from mistcli.names import remember
from mistcli.output import Column, for_programs, plain_line, show_records
from mistcli.parser import CommandParser

COLUMNS = (
    Column("Provider", "title", 30),
    Column("Provider ID", "provider", 20),
    Column("Region", "region", 20),
    Column("Region ID", "region_id", 20),
)


def _arguments(parser: CommandParser) -> None:
    parser.output_options()


def list_providers(call: Call) -> int | None:
    providers = call.client.providers()
    remember(call.uri, "providers", [provider["id"] for provider in providers])
    if call.args.output in ("json", "yaml"):
        show_records(call.args, providers, COLUMNS)
        return None
    rows = [row for provider in providers for row in _rows(provider)]
    if call.args.pretty or call.args.columns or for_programs(call.args) or call.args.output == "table":
        show_records(call.args, rows, COLUMNS)
        return None
    for row in rows:
        print(plain_line(COLUMNS[:2] if row["region_id"] == "-" else COLUMNS, row))
    return None


def _rows(provider: dict[str, Any]) -> list[dict[str, Any]]:
    regions = provider["regions"] or [{"id": "-", "title": "-"}]
    return [
        {"title": provider["title"], "provider": provider["id"], "region": region["title"], "region_id": region["id"]}
        for region in regions
    ]


COMMANDS = {
    "list-providers": Command(_arguments, list_providers, "mist list-providers", "mist list-providers --pretty"),
}
