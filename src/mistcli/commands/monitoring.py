"""Monitoring: having machines send metrics, and looking at them."""

from __future__ import annotations

import sys
import time
from typing import Any

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import Column, Record, as_json, for_programs, report, show_records
from mistcli.parser import CommandParser, UsageError
from mistcli.progress import finish
from mistcli.text import note, say
from mistclient import Machine
from mistclient.errors import JobFailed
from mistclient.model.job import Job

_METRICS = (Column("Metric Name", "name", 50), Column("Metric ID", "id", 20))
_STEPS = (10, 60, 300, 3600, 86_400)
_MOST_POINTS = 10_000  # of a window whose step is not given
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _enable_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument("--no-ssh", action="store_true", help="only print what to run on the machine by hand")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--agent", action="store_true", default=None, help="install collectd, or fail")
    how.add_argument("--agentless", action="store_false", dest="agent", default=None, help="install nothing there")
    how.add_argument("--collectd-network", action="store_true", help="print what its own collectd needs to send here")
    parser.add_argument("--interval", type=int, default=10, metavar="SECONDS", help="how often it sends; default: 10")
    parser.wait_options()


def enable(call: Call) -> int | None:
    machine = select.machine(call, "change")
    if call.args.no_ssh:
        answer = machine.monitor_by_hand(call.args.interval)
        report(call.args, answer["commands"].rstrip(), answer)
        return None
    if call.args.collectd_network:
        answer = machine.open_collectd_network()
        report(call.args, answer["configuration"].rstrip(), answer)
        return None
    job = machine.monitor(call.args.interval, call.args.agent)
    return finish(call, job, f"Enabled monitoring to machine {machine.name}")


def _disable_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument("--no-ssh", action="store_true", help="leave the machine itself as it is")
    parser.wait_options()


def disable(call: Call) -> int | None:
    machine = select.machine(call, "change")
    job = machine.monitor_no_more(call.args.no_ssh)
    return finish(call, job, f"Disabled monitoring to machine {machine.name}")


def _of_machine(parser: CommandParser) -> None:
    parser.add_argument("--machine", help="name or id of the machine")
    parser.add_argument("--machine-id", help="id of the machine")
    parser.add_argument("--machine-name", help="name of the machine")


def _machine(call: Call, use: select.Use = "read") -> Machine:
    args = call.args
    given = {"--machine": args.machine, "--machine-id": args.machine_id, "--machine-name": args.machine_name}
    present = [option for option, value in given.items() if value is not None]
    if len(present) != 1:
        how = "only once" if present else "with --machine NAME-OR-ID"
        raise UsageError(f"say which machine {how}")
    level = {"--machine-id": "id", "--machine-name": "name"}.get(present[0])
    return Machine(call.client, select.find(call, "machine", given[present[0]], use, level))


def _list_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.output_options()


def list_metrics(call: Call) -> int | None:
    metrics = list(_machine(call).available_metrics.values())
    show_records(call.args, metrics, _METRICS, "No metrics found")
    return None


def _metric_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.add_argument("--metric-id", required=True, help="id of the metric")


def _add_arguments(parser: CommandParser) -> None:
    _metric_arguments(parser)
    parser.add_argument("--name", help="how it is shown; by default its id")
    parser.add_argument("--unit", default="", help="unit of its values")
    parser.wait_options()


def add_metric(call: Call) -> int | None:
    machine, metric = _machine(call, "change"), call.args.metric_id
    added = machine.show_metric(metric, call.args.name, call.args.unit)
    said = f"Added Metric {metric} to monitored machine {machine.name}"
    if isinstance(added, Job):
        return finish(call, added, said)
    report(call.args, said, added)
    return None


def _remove_arguments(parser: CommandParser) -> None:
    _metric_arguments(parser)
    parser.wait_options()


def remove_metric(call: Call) -> int | None:
    machine, metric = _machine(call, "change"), call.args.metric_id
    job = machine.hide_metric(metric)
    said = f"Removed Metric {metric} from monitored machine {machine.name}"
    if job is not None:
        return finish(call, job, said)
    report(call.args, said, {"id": metric})
    return None


def _custom_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.add_argument("--metric-name", "--plugin", required=True, help="name of the metric")
    parser.add_argument("--file-path", "--custom-plugin", required=True, help="a Python file with a function read()")
    parser.add_argument("--unit", help="unit of the values")
    parser.add_argument("--value-type", choices=("gauge", "derive"), default="gauge", help="default: gauge")
    parser.wait_options()


def add_custom_metric(call: Call) -> int | None:
    args = call.args
    job = _machine(call, "change").add_plugin(args.metric_name, args.file_path, args.value_type, args.unit)
    try:
        return finish(call, job, f"Added custom metric {args.metric_name}")
    except JobFailed as error:
        transcript = error.details["error"].get("details", {}).get("transcript")
        for line in str(transcript or "").splitlines():
            note(f"  {line}")
        raise


def _no_custom_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.add_argument("--metric-name", "--plugin", required=True, help="name or id of the metric")
    parser.wait_options()


def remove_custom_metric(call: Call) -> int | None:
    machine, wanted = _machine(call, "change"), call.args.metric_name
    plugins = machine.plugins
    found = [each for each in plugins if wanted in (each["id"], each["metric_id"])] or [
        each for each in plugins if each["name"] == wanted
    ]
    # one that is not there is told by the service
    job = machine.remove_plugin(found[0]["id"] if found else wanted)
    return finish(call, job, f"Removed custom metric {wanted}")


def _stats_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument("--metric", action="append", default=[], help="id of a metric; may be given again")
    parser.add_argument("--last", default="10m", metavar="TIME", help="how far back: 90s, 10m, 24h, 7d; default: 10m")
    parser.add_argument("--start", type=int, metavar="SECOND", help="where to begin, in seconds since 1970")
    parser.add_argument("--stop", type=int, metavar="SECOND", help="where to end; default: now")
    parser.add_argument(
        "--step", type=int, metavar="SECONDS", help="seconds between points; without it 10, and more for long windows"
    )
    parser.output_options()


def get_stats(call: Call) -> int | None:
    args = call.args
    stop = int(time.time()) + 1 if args.stop is None else args.stop
    start = stop - seconds(args.last) if args.start is None else args.start
    machine = select.machine(call)
    found = machine.stats(start, stop, args.step or _step(stop - start), args.metric)
    if args.output == "json":
        sys.stdout.write(as_json(found) + "\n")
        return None
    columns = (Column("Time", "time"), *(Column(id, id) for id in found["metrics"]))
    rows = _rows(found["metrics"], digits=17 if for_programs(args) else 6)
    if not rows:
        say("No data yet")
        return None
    show_records(args, rows, columns, "No data yet")
    return None


def _step(lasts_s: float) -> int:
    """The shortest usual step in which a window has at most so many points."""
    return next((step for step in _STEPS if lasts_s <= step * _MOST_POINTS), _STEPS[-1])


def _rows(metrics: dict[str, Any], digits: int) -> list[Record]:
    """A row a moment; those in which nothing came at the end of the window are left out."""
    rows: dict[int, Record] = {}
    for id, metric in metrics.items():
        for value, second in metric["datapoints"]:
            row = rows.setdefault(second, {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))})
            row[id] = None if value is None else float(f"{value:.{digits}g}")
    ordered = [rows[second] for second in sorted(rows)]
    return [row for row in ordered if any(value is not None for key, value in row.items() if key != "time")]


def seconds(text: str) -> int:
    number, unit = text[:-1], text[-1:]
    if text.isdecimal():
        number, unit = text, "s"
    if not number.isdecimal() or unit not in _UNITS:
        raise UsageError(f"--last takes a number with s, m, h or d (10m, 24h), not {text!a}")
    return int(number) * _UNITS[unit]


COMMANDS = {
    "enable-monitoring": Command(_enable_arguments, enable, "mist enable-monitoring dbServer"),
    "disable-monitoring": Command(_disable_arguments, disable, "mist disable-monitoring dbServer"),
    "list-metrics": Command(_list_arguments, list_metrics, "mist list-metrics --machine dbServer"),
    "add-metric": Command(_add_arguments, add_metric, "mist add-metric --machine dbServer --metric-id users"),
    "remove-metric": Command(
        _remove_arguments, remove_metric, "mist remove-metric --machine dbServer --metric-id users"
    ),
    "add-custom-metric": Command(
        _custom_arguments,
        add_custom_metric,
        "mist add-custom-metric --machine dbServer --metric-name my_custom_metric --file-path ~/plugin.py",
    ),
    "remove-custom-metric": Command(
        _no_custom_arguments,
        remove_custom_metric,
        "mist remove-custom-metric --machine dbServer --metric-name my_custom_metric",
    ),
    "get-stats": Command(
        _stats_arguments,
        get_stats,
        "mist get-stats dbServer",
        "mist get-stats dbServer --metric load.shortterm --last 24h --step 300 -o csv",
    ),
}
