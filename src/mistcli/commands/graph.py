"""A machine's metrics drawn in the terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

from mistcli import plot, select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.commands.monitoring import seconds
from mistcli.output import printed
from mistcli.parser import CommandParser
from mistcli.text import say
from mistclient import Machine

_HEIGHT = 6
_MOST_POINTS = 300
_MISSED = 2.5  # intervals without a sample are a gap; a sample that is late is none
_DEFAULT = ("cpu.total.nonidle", "load.shortterm", "memory.nonfree_percent")


def _arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    chosen = f"id of a metric; may be given again; default: {', '.join(_DEFAULT)}"
    parser.add_argument("--metric", action="append", default=[], help=chosen)
    parser.add_argument("--last", default="1h", metavar="TIME", help="how far back: 90s, 10m, 24h, 7d; default: 1h")
    parser.add_argument("--follow", action="store_true", help="then tell each point as it comes; Ctrl-C ends it")


def graph(call: Call) -> int | None:
    last_s, now = seconds(call.args.last), int(time.time())
    machine = select.machine(call)
    interval_s = (machine.monitoring or {}).get("interval_s", 10)  # finer than that there would be nothing but gaps
    step = max(interval_s, -(-last_s // _MOST_POINTS))
    found = machine.stats(now - last_s, now, step, call.args.metric or list(_DEFAULT))
    if printed(call.args, found):
        return None
    if not found["metrics"]:
        say("No data yet")
    width = shutil.get_terminal_size().columns
    missed = -(-_MISSED * interval_s // found["step"]) - 1
    for metric in found["metrics"].values():
        _draw(metric, width, int(missed))
    if call.args.follow:
        _follow(machine, call.args.metric or list(_DEFAULT))
    return None


def _follow(machine: Machine, metrics: list[str]) -> None:
    """A line for each point; a stream that ended because nothing came is taken up again."""
    while True:
        for points in machine.follow_stats(metrics):
            for metric, pairs in points.items():
                for value, second in pairs:
                    say(f"{time.strftime('%H:%M:%S', time.localtime(second))}  {metric}  {plot.short(value)}")
            sys.stdout.flush()


def _draw(metric: dict[str, Any], width: int, missed: int) -> None:
    """`missed` is how many points may be missing in a row before that is a gap."""
    values = [value for value, _ in metric["datapoints"]]
    known = [value for value in values if value is not None]
    unit = f" {metric['unit']}" if metric["unit"] else ""
    if not known:
        say(f"{metric['name']}: nothing in this time")
        return
    numbers = (("now", known[-1]), ("min", min(known)), ("avg", sum(known) / len(known)), ("max", max(known)))
    say(f"{metric['name']}: " + ", ".join(f"{name} {plot.short(value)}{unit}" for name, value in numbers))
    for line in plot.drawn(plot.curve(plot.bridged(values, missed), width, _HEIGHT), sys.stdout.encoding or "ascii"):
        say(line)
    say(_axis(metric["datapoints"][0][1], metric["datapoints"][-1][1], width))
    say("")


def _axis(first: int, last: int, width: int) -> str:
    """When the curve begins and ends, at its ends; where there is no room for the days, without them."""
    for form in ("%Y-%m-%d %H:%M", "%H:%M"):
        ends = [time.strftime(form, time.localtime(second)) for second in (first, last)]
        if len(ends[0]) + len(ends[1]) < width:
            break
    return f"{ends[0]}{ends[1]:>{max(len(ends[1]) + 1, width - len(ends[0]) - 1)}}"


COMMANDS = {
    "graph": Command(
        _arguments, graph, "mist graph dbServer", "mist graph dbServer --metric load.shortterm --last 24h"
    ),
}
