"""All monitored machines, as they are just now."""

from __future__ import annotations

import sys
import time
from typing import Any

from mistcli import plot
from mistcli.call import Call
from mistcli.command import Command
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
_SORTS = ("name", *_METRICS)


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--sort", choices=_SORTS, default="cpu", help="the busiest first, or by name; default: cpu")
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS", help="on a terminal; default: 5")
    parser.add_argument("--once", action="store_true", help="show it once, also on a terminal")
    parser.output_options()


def top(call: Call) -> int | None:
    args = call.args
    if not 1 <= args.every <= 3600:
        raise UsageError("--every takes 1 to 3600 seconds")
    live = sys.stdout.isatty() and not args.once and args.output in (None, "table", "plain")
    while True:
        machines = call.client.monitored()
        if args.output in ("json", "yaml"):
            show_records(args, machines, _COLUMNS, "No machine is monitored")
            return None
        rows = [_row(machine) for machine in _sorted(machines, args.sort)]
        if live:
            sys.stdout.write("\x1b[H\x1b[J")
        show_records(args, rows, _COLUMNS, "No machine is monitored")
        if not live:
            return None
        sys.stdout.flush()
        time.sleep(args.every)


def _sorted(machines: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:
    if by == "name":
        return sorted(machines, key=lambda machine: str(machine["name"]))
    return sorted(machines, key=lambda machine: -(machine["metrics"].get(_METRICS[by]) or 0.0))


def _row(machine: dict[str, Any]) -> Record:
    values = {key: machine["metrics"].get(metric) for key, metric in _METRICS.items()}
    shown = {key: "" if value is None else plot.short(value) for key, value in values.items()}
    return {"name": machine["name"], **shown, "age": machine["newest_at"] or "never"}


COMMANDS = {"top": Command(_arguments, top, "mist top", "mist top --sort ram --once", "mist top -o json")}
