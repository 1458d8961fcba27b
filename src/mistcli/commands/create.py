"""Creating machines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mistcli.call import Call
from mistcli.command import Command
from mistcli.commands.catalog import backend_of
from mistcli.output import printed
from mistcli.parser import CommandParser, UsageError, positive, seconds
from mistcli.progress import started, wait
from mistcli.text import note, say
from mistclient.errors import JobFailed
from mistclient.model.backend import created_ids
from mistclient.model.job import Job


def _arguments(parser: CommandParser) -> None:
    parser.add_argument("--backend", help="name or id of the backend")
    parser.add_argument("--backend-id", help="id of the backend")
    parser.add_argument("--backend-name", help="name of the backend")
    parser.add_argument("--name", "--machine-name", required=True, help="the machine's name")
    parser.add_argument("--image", "--image-id", required=True, help="id of the image")
    parser.add_argument("--size", "--size-id", help="id of the size")
    parser.add_argument("--location", "--location-id", help="id of the location")
    parser.add_argument("-k", "--key", "--key-id", help="name of the key (default: the default key)")
    parser.add_argument("--network", "--network-id", action="append", metavar="ID", help="id of a network (repeatable)")
    parser.add_argument("--script", metavar="FILE", help="run this local script on it when it answers (- for stdin)")
    parser.add_argument("--sudo", action="store_true", help="run the script as root through sudo")
    parser.add_argument("--user-data", metavar="FILE", help="cloud-init's user data (- for stdin)")
    parser.add_argument("--tag", action="append", metavar="TAG", help="give it this tag (repeatable)")
    parser.add_argument("--quantity", type=positive, metavar="N", help="make N of them, numbered")
    parser.add_argument("--extra", action="append", metavar="NAME=VALUE", help="what only this provider takes")
    parser.add_argument("--image-extra", help="the same as --extra image_extra=VALUE")
    parser.add_argument("--disk", help="the same as --extra disk=VALUE")
    parser.add_argument("--monitoring", action="store_true", help="have it monitored when it answers")
    waiting = parser.add_argument_group("waiting")
    waiting.add_argument(
        "--wait",
        nargs="?",
        const="running",
        choices=("running", "ssh"),
        help="until it runs (the default), or until a command over SSH answers",
    )
    waiting.add_argument("--no-wait", action="store_true", help="print the job's id and return")
    waiting.add_argument("--wait-timeout", type=seconds, metavar="SECONDS", help="how long at most")


def create_machine(call: Call) -> int | None:
    args = call.args
    if args.no_wait and args.wait:
        raise UsageError("give only one of --wait and --no-wait")
    job = backend_of(call, "change").request_machine(_body(call), _options(call))
    if args.no_wait:
        started(call, job)
        return None
    try:
        wait(job, args.wait_timeout)
    except JobFailed:
        if printed(args, job.info):
            raise
        for made in (job.info.get("error") or {}).get("details", {}).get("machines", []):
            say(f"Created machine {made['name']}")
        raise
    _show(call, job)
    return None


def _show(call: Call, job: Job) -> None:
    machines = [call.client.machine(machine_id) for machine_id in created_ids(job)]
    if printed(call.args, [machine.record for machine in machines]):
        return
    for machine in machines:
        say(f"Created machine {machine.name}")
    if call.args.script is not None:
        note(f"`mist describe-job {job.id}` shows what the script said.")


def _body(call: Call) -> dict[str, Any]:
    args = call.args
    return {
        "name": args.name,
        "image": args.image,
        "size": args.size,
        "location": args.location,
        "key": args.key,
    }


def _options(call: Call) -> dict[str, Any]:
    args = call.args
    extra = dict(_pair(text) for text in args.extra or [])
    extra.update(
        {name: value for name, value in (("image_extra", args.image_extra), ("disk", args.disk)) if value is not None}
    )
    options: dict[str, Any] = {
        "networks": args.network,
        "script": _text(args.script),
        "sudo": args.sudo or None,
        "user_data": _text(args.user_data),
        "tags": args.tag,
        "monitoring": args.monitoring or None,
        "wait": args.wait,
        "wait_timeout_s": args.wait_timeout,
        "quantity": args.quantity,
        "extra": extra or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _pair(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`; a value that is JSON (a list, a number, true) is meant as such."""
    import json

    name, equals, value = text.partition("=")
    if not (name and equals):
        raise UsageError(f"--extra takes NAME=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _text(path: str | None) -> str | None:
    if path is None:
        return None
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8") from None


COMMANDS = {
    "create-machine": Command(
        _arguments,
        create_machine,
        "mist create-machine --backend EC2 --name dev.machine --image ami-bddaa2bc --size t1.micro --location 0",
        "mist create-machine --backend Docker --name web --image debian:12 --wait ssh --tag dev",
        "mist create-machine --backend EC2 --name web --image ami-bddaa2bc --size t3.micro --quantity 3 --no-wait",
    ),
}
