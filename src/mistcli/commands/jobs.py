"""Jobs: what was asked for and what became of it."""

from __future__ import annotations

from typing import Any

from mistcli.call import Call
from mistcli.command import Command
from mistcli.output import Column, printed, report, show_records, show_table
from mistcli.parser import CommandParser, seconds
from mistcli.progress import wait
from mistcli.run_output import Grouped, reason
from mistcli.text import say
from mistclient.errors import JobFailed

COLUMNS = (
    Column("ID", "id", 30),
    Column("Kind", "kind", 18),
    Column("State", "state", 10),
    Column("Title", "title", 50),
    Column("Created At", "created_at", 25),
    Column("Created By", "created_by", 20),
)
ITEM_COLUMNS = (
    Column("Machine", "machine_name", 25),
    Column("State", "state", 10),
    Column("Exit Code", "exit_code", 9),
    Column("User", "user", 12),
    Column("Error", "error", 40, lambda item: reason(item) if item.get("error") else ""),
)
_STEPS = (
    Column("Step", "name"),
    Column("State", "state"),
    Column("Started At", "started_at"),
    Column("Finished At", "finished_at"),
    Column("Detail", "detail"),
)


_STATES = ("queued", "running", "succeeded", "failed", "cancelled")


def _list_arguments(parser: CommandParser) -> None:
    parser.add_argument("--state", choices=_STATES, help="only those in this state")
    parser.add_argument("--kind", help="only of this kind (machine.create, run ...)")
    parser.output_options()


def list_jobs(call: Call) -> int | None:
    records = [job.info for job in call.client.jobs(call.args.state, call.args.kind)]
    show_records(call.args, records, COLUMNS, "No jobs found")
    return None


def _one(parser: CommandParser) -> None:
    parser.add_argument("job", help="id of the job")


def _describe_arguments(parser: CommandParser) -> None:
    _one(parser)
    parser.output_options()


def describe_job(call: Call) -> int | None:
    job = call.client.job(call.args.job)
    items = job.items() if job.info.get("total") else []
    whole: dict[str, Any] = {**job.info, "items": items}
    if printed(call.args, whole):
        return None
    if call.args.output in ("plain", "csv"):
        show_records(call.args, items or [job.info], ITEM_COLUMNS if items else COLUMNS)
        return None
    show_table(COLUMNS, [job.info])
    if error := job.info.get("error"):
        say(f"Error: {error.get('message')}")
    if job.steps:
        say("")
        say("Steps:")
        show_table(_STEPS, job.steps)
    if items:
        say("")
        say("Machines:")
        show_table(ITEM_COLUMNS, items)
        say("")
        Grouped().end(items)
    return None


def _wait_arguments(parser: CommandParser) -> None:
    _one(parser)
    parser.add_argument("--wait-timeout", "--timeout", type=seconds, metavar="SECONDS", help="how long at most")


def wait_job(call: Call) -> int | None:
    job = call.client.job(call.args.job)
    try:
        wait(job, call.args.wait_timeout)
    except JobFailed:
        printed(call.args, job.info)
        raise
    report(call.args, f"{job.title}: {job.state}", job.info)
    return None


def cancel_job(call: Call) -> int | None:
    job = call.client.job(call.args.job).cancel()
    report(call.args, f"{job.title}: {'cancelling' if not job.finished else job.state}", job.info)
    return None


COMMANDS = {
    "list-jobs": Command(_list_arguments, list_jobs, "mist list-jobs --state failed", "mist list-jobs --kind run"),
    "describe-job": Command(_describe_arguments, describe_job, "mist describe-job 25ykPERh5D17DyoeKsCgw35DLmvw"),
    "wait-job": Command(_wait_arguments, wait_job, "mist wait-job 25ykPERh5D17DyoeKsCgw35DLmvw --wait-timeout 10m"),
    "cancel-job": Command(_one, cancel_job, "mist cancel-job 25ykPERh5D17DyoeKsCgw35DLmvw"),
}
