"""What is done to a machine: start, stop, reboot, destroy, resize."""

from __future__ import annotations

from collections.abc import Callable

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.confirm import confirmed
from mistcli.parser import CommandParser
from mistcli.progress import finish
from mistcli.text import note


def _arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.wait_options()


def _acting(action: str, past: str) -> Callable[[Call], int | None]:
    def act(call: Call) -> int | None:
        machine = select.machine(call, "change")
        job = machine.act(action, wait=False)
        return finish(call, job, f"{past} machine {machine.name}")

    return act


def _destroy_arguments(parser: CommandParser) -> None:
    _arguments(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def destroy(call: Call) -> int | None:
    machine = select.machine(call, "change")
    question = f"Destroy the machine {machine.name} ({machine.record['backend_name']}) and everything on it?"
    if not confirmed(call, question):
        note("Nothing was destroyed.")
        return 1
    return finish(call, machine.act("destroy", wait=False), f"Destroyed machine {machine.name}")


def _resize_arguments(parser: CommandParser) -> None:
    _arguments(parser)
    parser.add_argument("--size", "--size-id", "--plan-id", required=True, help="id of the new size")


def resize(call: Call) -> int | None:
    machine = select.machine(call, "change")
    job = machine.act("resize", size=call.args.size, wait=False)
    return finish(call, job, f"Resized machine {machine.name}")


COMMANDS = {
    "start": Command(_arguments, _acting("start", "Started"), "mist start db-server-1"),
    "stop": Command(_arguments, _acting("stop", "Stopped"), "mist stop db-server-1", "mist stop --id 4ukW6J --no-wait"),
    "reboot": Command(_arguments, _acting("reboot", "Rebooted"), "mist reboot db-server-1"),
    "destroy": Command(_destroy_arguments, destroy, "mist destroy db-server-1", "mist destroy --name web --yes"),
    "resize": Command(_resize_arguments, resize, "mist resize web --size t3.large"),
}
