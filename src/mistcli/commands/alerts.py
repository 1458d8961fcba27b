"""Alerts, silences, and the channels that are told."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.confirm import confirmed
from mistcli.names import remember
from mistcli.output import Column, report, show_records
from mistcli.parser import CommandParser, UsageError, only_one, seconds
from mistcli.secret import read_secret
from mistcli.session import ask_hidden
from mistcli.text import note

_ALERTS = (
    Column("State", "state", 9),
    Column("Machine", "machine_name", 25),
    Column("Condition", "condition", 34),
    Column("Value", "value", 10),
    Column("Since", "since", 22),
)
_MORE_OF_ALERTS = (
    Column("ID", "id"),
    Column("Rule", "rule_name"),
    Column("Resolved At", "resolved_at"),
    Column("Job", "job_id"),
    Column("Trouble", "trouble"),
)
_SILENCES = (
    Column("ID", "id", 24),
    Column("Until", "ends_at", 22),
    Column("Machine", "machine_id", 24),
    Column("Rule", "rule_id", 24),
    Column("Tag", "tag", 15),
    Column("Reason", "reason", 20),
)
_CHANNELS = (
    Column("Name", "name", 25),
    Column("ID", "id", 24),
    Column("Kind", "kind", 10),
    Column("Last Sent At", "sent_at", 22),
    Column("Trouble", "trouble", 20),
)


def _alerts_arguments(parser: CommandParser) -> None:
    states = ("pending", "firing", "resolved", "all")
    parser.add_argument("--state", choices=states, help="default: those that are pending or firing")
    parser.add_argument("--machine", help="only of this machine (name or id)")
    parser.add_argument("--rule", help="only of this rule (name or id)")
    parser.output_options()


def list_alerts(call: Call) -> int | None:
    args = call.args
    machine = None if args.machine is None else select.find(call, "machine", args.machine)["id"]
    rule = None if args.rule is None else select.find(call, "rule", args.rule)["id"]
    show_records(args, call.client.alerts(args.state, rule, machine), _ALERTS, "No alerts", more=_MORE_OF_ALERTS)
    return None


def _silence_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--for", dest="for_s", type=seconds, required=True, metavar="TIME", help="how long: 30m, 2h, 1d"
    )
    parser.add_argument("--machine", help="alerts of this machine (name or id)")
    parser.add_argument("--rule", help="alerts of this rule (name or id)")
    parser.add_argument("--tag", help="alerts of machines with this tag")
    parser.add_argument("--everything", action="store_true", help="every alert there is")
    parser.add_argument("--reason", default="", help="why, for others to read")


def silence(call: Call) -> int | None:
    args = call.args
    about = (args.machine, args.rule, args.tag)
    if args.everything == any(word is not None for word in about):
        raise UsageError("say which alerts: --machine, --rule, --tag or several of them, or --everything")
    machine = None if args.machine is None else select.find(call, "machine", args.machine, "change")["id"]
    rule = None if args.rule is None else select.find(call, "rule", args.rule, "change")["id"]
    made = call.client.silence(args.for_s, rule, machine, args.tag, args.reason)
    report(args, f"Silenced until {made['ends_at'][:19]}Z (id {made['id']})", made)
    return None


def _list_arguments(parser: CommandParser) -> None:
    parser.output_options()


def list_silences(call: Call) -> int | None:
    show_records(call.args, call.client.silences(), _SILENCES, "No silences")
    return None


def _end_arguments(parser: CommandParser) -> None:
    parser.add_argument("silence", help="id of the silence")


def end_silence(call: Call) -> int | None:
    call.client.end_silence(call.args.silence)
    report(call.args, "Ended the silence", {"id": call.args.silence})
    return None


def _channel_arguments(parser: CommandParser) -> None:
    parser.add_argument("--name", required=True, help="the channel's name")
    parser.add_argument(
        "--url", help="where and how: mailtos://..., jsons://..., slack://..., tgram://..., ntfys://..."
    )
    parser.add_argument(
        "--url-file", metavar="PATH", help="a file with the URL (- is stdin), which no list of processes shows"
    )


def add_channel(call: Call) -> int | None:
    args = call.args
    if args.url is None and args.url_file is None:
        url = ask_hidden("URL: ")
    else:
        only_one(call.parser, {"--url": args.url, "--url-file": args.url_file})
        url = args.url if args.url is not None else read_secret(args.url_file)
    channel = call.client.add_channel(args.name, url)
    report(args, f"Added channel {channel['name']}", channel)
    return None


def list_channels(call: Call) -> int | None:
    records = call.client.channels()
    remember(call.uri, "channels", [record["name"] for record in records])
    show_records(call.args, records, _CHANNELS, "No channels found")
    return None


def _one_channel(parser: CommandParser) -> None:
    parser.selector("channel")


def test_channel(call: Call) -> int | None:
    channel = select.chosen(call, "channel", "change")
    call.client.test_channel(channel["id"])
    report(call.args, f"The channel {channel['name']} took a message", channel)
    return None


def _delete_arguments(parser: CommandParser) -> None:
    parser.selector("channel")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def delete_channel(call: Call) -> int | None:
    channel = select.chosen(call, "channel", "change")
    if not confirmed(call, f"Delete the channel {channel['name']}?"):
        note("Nothing was deleted.")
        return 1
    call.client.delete_channel(channel["id"])
    report(call.args, f"Deleted channel {channel['name']}", channel)
    return None


COMMANDS = {
    "list-alerts": Command(_alerts_arguments, list_alerts, "mist list-alerts", "mist list-alerts --state all -o json"),
    "silence": Command(
        _silence_arguments,
        silence,
        "mist silence --machine dbServer --for 2h --reason 'new disks'",
        "mist silence --tag web --for 30m",
    ),
    "list-silences": Command(_list_arguments, list_silences, "mist list-silences"),
    "end-silence": Command(_end_arguments, end_silence, "mist end-silence 7Yk3uQm2Vb8sXcE4rTnD1w"),
    "add-channel": Command(
        _channel_arguments,
        add_channel,
        "mist add-channel --name ops --url-file ~/ops-url",
        "mist add-channel --name hook --url 'jsons://hooks.example.com/mist'",
    ),
    "list-channels": Command(_list_arguments, list_channels, "mist list-channels"),
    "test-channel": Command(_one_channel, test_channel, "mist test-channel ops"),
    "delete-channel": Command(_delete_arguments, delete_channel, "mist delete-channel ops --yes"),
}
