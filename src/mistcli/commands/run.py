"""A command on many machines at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import printed, report
from mistcli.parser import CommandParser, UsageError, only_one, positive, seconds
from mistcli.run_output import Grouped, Live, Quiet, summary
from mistcli.text import note, say

if TYPE_CHECKING:
    from mistclient import Job


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--command", metavar="CMD", help="what the machines' shell shall run")
    parser.add_argument("--script", metavar="FILE", help="run this local script there instead (- reads it from stdin)")
    parser.add_argument("--tag", help="on all machines with this tag")
    parser.add_argument("--machine", action="append", metavar="M", help="on this machine (name or id; may be repeated)")
    parser.add_argument("--all", action="store_true", help="on all machines")
    parser.add_argument("--retry-failed", metavar="JOB", help="repeat an earlier run where it failed")
    parser.add_argument("--sudo", action="store_true", help="as root through sudo")
    parser.add_argument("--user", help="sign in as this user")
    parser.add_argument("--parallel", type=positive, metavar="N", help="on at most so many machines at once")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="end it on a machine after so long")
    parser.add_argument("--group", action="store_true", help="show equal outputs once, when all are done")
    parser.output_options()
    waiting = parser.add_argument_group("waiting")
    waiting.add_argument("--no-wait", dest="wait", action="store_false", help="print the job's id and return")


def run(call: Call) -> int | None:
    from mistclient.errors import NotFound

    try:
        job = _submit(call)
    except NotFound as error:
        if error.details.get("matched") == 0 and call.args.tag is not None:
            say(f"No machines found with tag: {call.args.tag}")
            return 1
        raise
    if not call.args.wait:
        report(call.args, job.id, job.info)
        return None
    return _show(call, job)


def _submit(call: Call) -> Job:
    args = call.args
    if args.retry_failed is not None:
        return call.client.job(args.retry_failed).retry()
    only_one(call.parser, {"--command": args.command, "--script": args.script})
    where = only_one(call.parser, {"--tag": args.tag, "--machine": args.machine, "--all": args.all})
    options: dict[str, Any] = {
        "script": _script(args.script) if args.script is not None else None,
        "sudo": args.sudo or None,
        "user": args.user,
        "parallel": args.parallel,
        "timeout_s": args.timeout,
    }
    if where == "--tag":
        options["tag"] = args.tag
    elif where == "--machine":
        options["machines"] = [select.find(call, "machine", term, "change")["id"] for term in args.machine]
    else:
        options["all"] = True
    return call.client.run(args.command, wait=False, **options)


def _script(path: str) -> str:
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8") from None


def _show(call: Call, job: Job) -> int:
    args = call.args
    programs = args.output in ("json", "yaml", "csv")
    view = (
        Quiet() if programs else Grouped() if args.group or args.pretty or args.output in ("table", "wide") else Live()
    )
    try:
        items = job.items()
        view.begin(items, "Found tagged machines" if args.tag is not None else "Found machines")
        for event in job.follow():
            view.event(event)
    except KeyboardInterrupt:
        note(f"The job goes on; `mist cancel-job {job.id}` would end it.")
        raise
    items = job.items()
    view.end(items)
    if not printed(args, {**job.info, "items": items}) and args.output == "csv":
        from mistcli.commands.jobs import ITEM_COLUMNS
        from mistcli.output import show_records

        show_records(args, items, ITEM_COLUMNS)
    failed = [item for item in items if item["state"] != "succeeded"]
    note(summary(items))
    if failed:
        note(f"`mist run --retry-failed {job.id}` repeats it there.")
    return 4 if failed or job.state != "succeeded" else 0


COMMANDS = {
    "run": Command(
        _arguments,
        run,
        'mist run --command "apt-get update -y" --tag dev',
        "mist run --command uptime --machine web1 --machine web2",
        "mist run --script setup.sh --sudo --tag dev --group",
        'mist run --command "df -h /" --all -o json',
    ),
}
