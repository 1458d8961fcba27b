"""What backends can be added of."""

from __future__ import annotations

from typing import Any

from mistcli.call import Call
from mistcli.command import Command
from mistcli.names import remember
from mistcli.output import Column, for_programs, plain_line, show_records
from mistcli.parser import CommandParser
from mistcli.text import note

COLUMNS = (
    Column("Provider", "title", 30),
    Column("Provider ID", "provider", 20),
    Column("Region", "region", 20),
    Column("Region ID", "region_id", 20),
)
_MORE = (
    Column("State", "state", 10),
    Column("Retired Since", "retired_since", 6),
    Column("Capabilities", "capabilities"),
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
    if call.args.pretty or call.args.columns or for_programs(call.args) or call.args.output in ("table", "wide"):
        show_records(call.args, rows, COLUMNS, more=_MORE)
    else:
        for row in rows:
            print(plain_line(COLUMNS[:2] if row["region_id"] == "-" else COLUMNS, row))
    if not for_programs(call.args):
        for sentence in _remarks(providers):
            note(sentence)
    return None


def _remarks(providers: list[dict[str, Any]]) -> list[str]:
    """What a person should know of some of them; the table has no room for it."""
    retired = [f"{one['id']} ({one['retired_since']})" for one in providers if one.get("state") == "retired"]
    unsure = [one["id"] for one in providers if one.get("state") == "unknown" and not _broken(one)]
    said = []
    if retired:
        shown = ", ".join(retired)
        said.append(f"Retired by their vendors, of use with an --endpoint that still speaks their API: {shown}.")
    if unsure:
        said.append(f"Whether their vendors still answer is not known: {', '.join(unsure)}.")
    return [*said, *(str(one["unavailable_because"]) for one in providers if _broken(one))]


def _broken(provider: dict[str, Any]) -> bool:
    """Whether it is of another package that cannot be loaded."""
    return bool(provider.get("package")) and not provider.get("available")


def _rows(provider: dict[str, Any]) -> list[dict[str, Any]]:
    regions = provider["regions"] or [{"id": "-", "title": "-"}]
    return [
        {
            "title": provider["title"],
            "provider": provider["id"],
            "region": region["title"],
            "region_id": region["id"],
            "state": provider.get("state"),
            "retired_since": provider.get("retired_since"),
            "capabilities": provider.get("capabilities"),
        }
        for region in regions
    ]


COMMANDS = {
    "list-providers": Command(_arguments, list_providers, "mist list-providers", "mist list-providers --pretty"),
}
