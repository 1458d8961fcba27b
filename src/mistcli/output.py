"""Printing records: bordered, plain, JSON, YAML or CSV. What is for programs goes to stdout, alone."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import Any

from mistcli.parser import UsageError
from mistcli.text import GREEN, RED, YELLOW, paint, say, visible

_STATES = {
    **dict.fromkeys(("running", "online", "succeeded"), GREEN),
    **dict.fromkeys(("stopped", "offline", "cancelled", "pending", "queued"), YELLOW),
    **dict.fromkeys(("error", "failed", "terminated"), RED),
}
Record = dict[str, Any]
Show = Callable[[Record], object]


class Column:
    """A column: its heading, the field that it shows (or how to show it), and its width in the plain format."""

    def __init__(self, title: str, field: str, width: int = 20, show: Show | None = None) -> None:
        self.title = title
        self.field = field
        self.width = width
        self.show = show or (lambda record: record.get(field))

    def text(self, record: Record) -> str:
        value = self.show(record)
        if value is None:
            return ""
        if isinstance(value, list | tuple):
            return visible(",".join(str(part) for part in value))
        if isinstance(value, str) and (self.field == "at" or self.field.endswith("_at")):
            value = _whole_seconds(value)
        return visible(value)


def _whole_seconds(moment: str) -> str:
    """A moment for people; JSON and YAML keep its microseconds."""
    whole, point, _ = moment.partition(".")
    return f"{whole}Z" if point else moment


def show_records(
    args: Namespace, records: Sequence[Record], columns: Sequence[Column], empty: str = "", more: Sequence[Column] = ()
) -> None:
    """Print a listing; `more` columns are for the wide format, or by name.

    Nothing to list is a success: `empty` is said in its place, except to programs.
    """
    kind = args.output or ("table" if args.pretty else "plain")
    if kind in ("json", "yaml", "csv"):
        _for_programs(kind, args, records, columns, more)
    elif not records:
        if empty:
            sys.stdout.write(f"{empty}\n")
    elif kind in ("table", "wide"):
        shown = columns if kind == "table" else [*columns, *more]
        show_table(_picked(args, shown, records, more), records)
    else:
        picked = _picked(args, columns, records, more)
        for record in records:
            sys.stdout.write(f"{plain_line(picked, record)}\n")


def show_record(args: Namespace, record: Record, columns: Sequence[Column]) -> None:
    """Print one thing: a table of one row, unless another format is asked for."""
    kind = args.output or "table"
    if printed(args, _trimmed(args, record)):
        return
    if kind == "csv":
        _for_programs(kind, args, [record], columns)
    elif kind == "plain":
        sys.stdout.write(f"{plain_line(_picked(args, columns, [record]), record)}\n")
    else:
        show_table(_picked(args, columns, [record]), [record])


def printed(args: Namespace, value: object) -> bool:
    """Print `value` whole if JSON or YAML is asked for; whether it was."""
    if args.output not in ("json", "yaml"):
        return False
    sys.stdout.write(f"{as_json(value)}\n" if args.output == "json" else as_yaml(value))
    return True


def report(args: Namespace, done: str, record: object) -> None:
    """Say what was done; to a program, give the record of what it was done to."""
    if not printed(args, record):
        say(done)


def step(args: Namespace, done: str) -> None:
    """Say one of several things that were done; a program gets the record when all are."""
    if not for_programs(args):
        say(done)


def for_programs(args: Namespace) -> bool:
    """Whether the output is meant to be read by a program."""
    return args.output in ("json", "yaml", "csv")


def show_table(columns: Sequence[Column], records: Sequence[Record]) -> None:
    from prettytable import PrettyTable

    table = PrettyTable([column.title for column in columns])
    for record in records:
        table.add_row([_coloured(column, column.text(record)) for column in columns])
    sys.stdout.write(f"{table.get_string()}\n")


def plain_line(columns: Sequence[Column], record: Record) -> str:
    cells = [f"{column.text(record):<{column.width}}" for column in columns]
    cells[-1:] = [cell.rstrip() for cell in cells[-1:]]
    return " ".join(_coloured(column, cell) for column, cell in zip(columns, cells, strict=True)).rstrip()


def _coloured(column: Column, cell: str) -> str:
    """States stand out on a terminal; no other cell has a colour."""
    colour = _STATES.get(cell.rstrip()) if column.field == "state" else None
    return paint(cell, colour, sys.stdout) if colour else cell


def as_json(value: object) -> str:
    """Indented JSON; characters that a terminal would obey are escaped, all others stand as they are."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False)
    if text.isascii():
        return text
    return "\n".join(
        line if line.isascii() else "".join(_json_char(char) for char in line) for line in text.split("\n")
    )


def _json_char(char: str) -> str:
    if char.isascii() or visible(char) == char:
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def as_yaml(value: object) -> str:
    import yaml

    text = str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
    if text.isascii() or all(visible(line) == line for line in text.split("\n")):
        return text
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=False))


def _for_programs(
    kind: str, args: Namespace, records: Sequence[Record], columns: Sequence[Column], more: Sequence[Column] = ()
) -> None:
    if kind == "json":
        sys.stdout.write(f"{as_json([_trimmed(args, record) for record in records])}\n")
    elif kind == "yaml":
        sys.stdout.write(as_yaml([_trimmed(args, record) for record in records]))
    else:
        import csv

        picked = _picked(args, columns, records, more)
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([column.field for column in picked])
        writer.writerows([[_cell(column.text(record)) for column in picked] for record in records])


def _cell(text: str) -> str:
    """A spreadsheet must not run a name that a cloud chose."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _wanted(args: Namespace) -> list[str]:
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in (args.columns or "").split(",")]
    return [name for name in names if name]


def _trimmed(args: Namespace, record: Record) -> Record:
    wanted = _wanted(args)
    return {name: record.get(name) for name in wanted} if wanted else record


def _picked(
    args: Namespace, columns: Sequence[Column], records: Sequence[Record], more: Sequence[Column] = ()
) -> list[Column]:
    wanted = _wanted(args)
    if not wanted:
        return list(columns)
    named = (*columns, *more)
    known = {column.title.lower().replace(" ", "_"): column for column in named}
    known.update({column.field: column for column in named})
    fields = {name for record in records for name in record}
    picked = []
    for name in wanted:
        if name not in known and name not in fields and records:
            raise UsageError(f"there is no column {name!r}; there are {', '.join(sorted(fields | set(known)))}")
        picked.append(known.get(name) or Column(name.replace("_", " ").title(), name))
    return picked
