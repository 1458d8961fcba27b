"""Tags, which group machines across backends."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import printed, step
from mistcli.parser import CommandParser, UsageError


def _tag_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument("--new-tag", "--tag", action="append", metavar="TAG", help="add this tag (repeatable)")
    parser.add_argument("--remove-tag", action="append", metavar="TAG", help="remove this tag (repeatable)")


def tag(call: Call) -> int | None:
    args = call.args
    if not (args.new_tag or args.remove_tag):
        raise UsageError("say what to tag it with: --new-tag TAG")
    machine = select.machine(call, "change")
    for text in args.new_tag or []:
        machine.tag(text)
        step(args, f"Add tag {text} to machine {machine.name}")
    for text in args.remove_tag or []:
        machine.untag(text)
        step(args, f"Remove tag {text} from machine {machine.name}")
    printed(args, machine.record)
    return None


def _untag_arguments(parser: CommandParser) -> None:
    parser.selector("machine")
    parser.add_argument(
        "--tag",
        "--remove-tag",
        dest="remove_tag",
        action="append",
        required=True,
        metavar="TAG",
        help="remove this tag (repeatable)",
    )


def untag(call: Call) -> int | None:
    call.args.new_tag = None
    return tag(call)


COMMANDS = {
    "tag": Command(_tag_arguments, tag, "mist tag db-server-1 --new-tag dbservers"),
    "untag": Command(_untag_arguments, untag, "mist untag db-server-1 --tag dbservers"),
}
