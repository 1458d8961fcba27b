"""All monitored machines, as they are just now."""

from __future__ import annotations

import os
import sys
from typing import Any

from mistcli import plot
from mistcli.call import Call
from mistcli.command import Command
from mistcli.fares import age_text
from mistcli.output import Column, Record, show_records
from mistcli.parser import CommandParser, UsageError

_COLUMNS = (
    Column("Machine", "name"),
    Column("CPU %", "cpu"),
    Column("Load", "load"),
    Column("RAM %", "ram"),
    Column("Read B/s", "read"),
    Column("Write B/s", "write"),
    Column("In B/s", "rx"),
    Column("Out B/s", "tx"),
    Column("Last sample", "age"),
)
_METRICS = {
    "cpu": "cpu.total.nonidle",
    "load": "load.shortterm",
    "ram": "memory.nonfree_percent",
    "read": "disk.total.disk_octets.read",
    "write": "disk.total.disk_octets.write",
    "rx": "interface.total.if_octets.rx",
    "tx": "interface.total.if_octets.tx",
}
_PERCENT = ("cpu", "ram")
_FIRST = ("name", "cpu", "ram", "load", "age", "rx", "tx", "read", "write")  # the last ones go where there is no room
_SORTS = ("name", *_METRICS)
_KEYS = {"n": "name", "c": "cpu", "l": "load", "m": "ram", "r": "read", "w": "write", "i": "rx", "o": "tx"}


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--sort", choices=_SORTS, default="cpu", help="the busiest first, or by name; default: cpu")
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS", help="on a terminal; default: 5")
    parser.add_argument("--once", action="store_true", help="show it once, also on a terminal")
    parser.output_options()


def top(call: Call) -> int | None:
    args = call.args
    if not 1 <= args.every <= 3600:
        raise UsageError("--every takes 1 to 3600 seconds")
    if _is_live(call):
        from mistcli import top_screen

        look = top_screen.Look(_COLUMNS, _FIRST, _KEYS, _rows)
        top_screen.show(call.client.monitored, args.every, args.sort, look)
        return None
    args.output = args.output or "table"  # numbers need their headings
    machines = call.client.monitored()
    rows = machines if args.output in ("json", "yaml") else _rows(machines, args.sort)
    show_records(args, rows, _COLUMNS, "No machine is monitored")
    return None


def _is_live(call: Call) -> bool:
    args = call.args
    if args.once or args.output is not None or args.columns or args.pretty:
        return False
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def _rows(machines: list[dict[str, Any]], sort: str) -> list[Record]:
    """The busiest first, those without a value last; or by name."""
    if sort == "name":
        ordered = sorted(machines, key=lambda machine: str(machine["name"]))
    else:
        ordered = sorted(machines, key=lambda machine: _order(machine["metrics"].get(_METRICS[sort])))
    return [_row(machine) for machine in ordered]


def _order(value: float | None) -> float:
    return float("inf") if value is None else -value


def _row(machine: dict[str, Any]) -> Record:
    values = {key: machine["metrics"].get(metric) for key, metric in _METRICS.items()}
    shown = {key: "" if value is None else plot.short(value) for key, value in values.items()}
    told = {"age": _age(machine), "silent": machine["silent"], "percent": {key: values[key] for key in _PERCENT}}
    return {"name": machine["name"], **shown, **told}


def _age(machine: dict[str, Any]) -> str:
    if machine["age_s"] is None:
        return "never"
    age = age_text(machine["age_s"])
    return f"silent for {age}" if machine["silent"] else f"{age} ago"


COMMANDS = {"top": Command(_arguments, top, "mist top", "mist top --sort ram --once", "mist top -o json")}
