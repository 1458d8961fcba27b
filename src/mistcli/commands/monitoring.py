"""The monitoring commands, which this version answers with one clear error."""

from __future__ import annotations

from mistcli.call import Call
from mistcli.command import Command
from mistcli.parser import CommandParser
from mistclient.model.monitored import refuse


def _one(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument("--no-ssh", action="store_true", help="only print how to do it by hand")


def _of_machine(parser: CommandParser) -> None:
    parser.add_argument("--machine", help="name or id of the machine")
    parser.add_argument("--machine-id", help="id of the machine")
    parser.add_argument("--machine-name", help="name of the machine")


def _list_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.output_options()


def _add_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.add_argument("--metric-id", required=True, help="id of the metric")


def _custom_arguments(parser: CommandParser) -> None:
    _of_machine(parser)
    parser.add_argument("--metric-name", "--plugin", required=True, help="name of the metric")
    parser.add_argument("--file-path", "--custom-plugin", required=True, help="a Python file with a function read()")
    parser.add_argument("--unit", help="unit of the values")
    parser.add_argument("--value-type", choices=("gauge", "derive"), default="gauge", help="default: gauge")


def monitoring(call: Call) -> int | None:
    refuse()


COMMANDS = {
    "enable-monitoring": Command(_one, monitoring, "mist enable-monitoring dbServer"),
    "disable-monitoring": Command(_one, monitoring, "mist disable-monitoring dbServer"),
    "list-metrics": Command(_list_arguments, monitoring, "mist list-metrics --machine dbServer"),
    "add-metric": Command(_add_arguments, monitoring, "mist add-metric --machine dbServer --metric-id users"),
    "add-custom-metric": Command(
        _custom_arguments,
        monitoring,
        "mist add-custom-metric --machine dbServer --metric-name my_custom_metric --file-path ~/plugin.py",
    ),
}
