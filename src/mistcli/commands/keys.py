"""SSH keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mistcli import select
from mistcli.call import Call, interactive
from mistcli.command import Command
from mistcli.confirm import confirmed
from mistcli.names import remember
from mistcli.output import Column, for_programs, report, show_record, show_records
from mistcli.parser import CommandParser, UsageError, only_one
from mistcli.secret import read_secret
from mistcli.session import ask_hidden
from mistcli.text import note, say, visible_line, warn

if TYPE_CHECKING:
    from mistclient import Key

COLUMNS = (Column("Name", "name", 0), Column("Is Default", "is_default", 0))
_DETAILS = (
    Column("Name", "name"),
    Column("ID", "id"),
    Column("Algorithm", "algorithm"),
    Column("Bits", "bits"),
    Column("Fingerprint", "fingerprint"),
    Column("Is Default", "is_default"),
    Column("Public", "public"),
)


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument("--name", required=True, help="the key's name")
    parser.add_argument("--key-path", metavar="PATH", help="upload this private key (- reads it from stdin)")
    parser.add_argument("--auto-generate", action="store_true", help="have the service make a key")
    parser.add_argument("--algorithm", choices=("ed25519", "rsa"), help="what to make (default: ed25519)")
    parser.add_argument("--passphrase-file", metavar="PATH", help="the passphrase's file (it is asked for when needed)")


def add_key(call: Call) -> int | None:
    from mistclient.errors import InvalidInput

    args = call.args
    only_one(call.parser, {"--key-path": args.key_path, "--auto-generate": args.auto_generate})
    if args.auto_generate:
        key = call.client.add_key(args.name, algorithm=args.algorithm)
    else:
        private = _read_key(args.key_path)
        passphrase = read_secret(args.passphrase_file) if args.passphrase_file else None
        try:
            key = call.client.add_key(args.name, private, passphrase)
        except InvalidInput as error:
            if error.details.get("field") != "passphrase" or passphrase is not None or not interactive():
                raise
            key = call.client.add_key(args.name, private, ask_hidden(f"Passphrase of {args.key_path}: "))
    report(args, f"Added key {key.name}", key.record)
    return None


def _read_key(path: str) -> str:
    if path == "-":
        import sys

        return sys.stdin.read().strip("\r\n") + "\n"
    try:
        return Path(path).expanduser().read_text(encoding="ascii").strip("\r\n") + "\n"
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a private key in PEM or OpenSSH format") from None


def _list_arguments(parser: CommandParser) -> None:
    parser.output_options()


def list_keys(call: Call) -> int | None:
    records = sorted((key.record for key in call.client.keys), key=lambda record: str(record["name"]))
    remember(call.uri, "keys", [record["name"] for record in records])
    plain = not (call.args.pretty or call.args.output or call.args.columns)
    show_records(call.args, records, COLUMNS[:1] if plain else COLUMNS, "No keys found")
    return None


def _one(parser: CommandParser) -> None:
    parser.selector("key")
    parser.add_argument("--key-id", dest="key_id", help="the same as --id")


def _describe_arguments(parser: CommandParser) -> None:
    _one(parser)
    parser.add_argument("--no-private", action="store_true", help="leave the private half out (and unasked for)")
    parser.output_options()


def describe_key(call: Call) -> int | None:
    key = select.key(call)
    if call.args.output or call.args.pretty:
        wanted = for_programs(call.args) and not call.args.no_private and call.args.output != "csv"
        record = {**key.record, "private": key.private} if wanted else key.record
        show_record(call.args, record, _DETAILS)
        return None
    say(f"Name: {key.name}")
    say("")
    if not call.args.no_private:
        say("Private key:")
        for line in key.private.rstrip("\n").split("\n"):
            print(visible_line(line))
        say("")
    say("Puclic key:")
    say(key.public)
    return None


def _rename_arguments(parser: CommandParser) -> None:
    _one(parser)
    parser.add_argument("--new-name", required=True, help="the new name")


def rename_key(call: Call) -> int | None:
    key = _key_to_rename(call)
    key.rename(call.args.new_name)
    report(call.args, f"Renamed key to {call.args.new_name}", key.record)
    return None


def _key_to_rename(call: Call) -> Key:
    """With both a positional name and --name, the one that exists; the positional one when both do."""
    from mistclient import Key

    args = call.args
    other = args.key_name if args.key_name is not None else args.key_id
    if args.key is None or other is None:
        return select.key(call, "change")
    chosen = args.key
    if other != args.key:
        existing = {key.name for key in call.client.keys} | {key.id for key in call.client.keys}
        chosen = other if args.key not in existing and other in existing else args.key
        warn(f"Two keys were named, {args.key!r} and {other!r}: {chosen!r} is renamed.")
    return Key(call.client, select.find(call, "key", chosen, "change"))


def _delete_arguments(parser: CommandParser) -> None:
    _one(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def delete_key(call: Call) -> int | None:
    key = select.key(call, "change")
    if not confirmed(call, f"Delete the key {key.name}? Machines that only it opens cannot be reached any more."):
        note("Nothing was deleted.")
        return 1
    key.delete()
    report(call.args, f"Deleted {key.name}", key.record)
    return None


def set_default_key(call: Call) -> int | None:
    key = select.key(call, "change")
    key.set_default()
    report(call.args, f"{key.name} is the default key", key.record)
    return None


COMMANDS = {
    "add-key": Command(
        _add_arguments,
        add_key,
        "mist add-key --name MyKey --key-path ~/.ssh/id_ed25519",
        "mist add-key --name AutogeneratedKey --auto-generate",
    ),
    "list-keys": Command(_list_arguments, list_keys, "mist list-keys", "mist list-keys --pretty"),
    "describe-key": Command(
        _describe_arguments, describe_key, "mist describe-key Dummy", "mist describe-key Dummy --no-private"
    ),
    "rename-key": Command(_rename_arguments, rename_key, "mist rename-key Dummy --new-name RenamedKey"),
    "delete-key": Command(_delete_arguments, delete_key, "mist delete-key Dummy", "mist delete-key Dummy --yes"),
    "set-default-key": Command(_one, set_default_key, "mist set-default-key MyKey"),
}
