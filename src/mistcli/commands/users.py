"""The users of an account."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.commands.login import new_password
from mistcli.confirm import confirmed
from mistcli.names import remember
from mistcli.output import Column, report, show_records
from mistcli.parser import CommandParser, UsageError
from mistcli.secret import read_secret
from mistcli.session import ask_hidden
from mistcli.text import note

COLUMNS = (
    Column("Email", "email", 35),
    Column("ID", "id", 30),
    Column("Role", "role", 10),
    Column("Name", "name", 25),
    Column("Created At", "created_at", 25),
)


def _add_arguments(parser: CommandParser) -> None:
    parser.add_argument("user_email", metavar="email", nargs="?", help="the user's email")
    parser.add_argument("--email", dest="email", help="the same as the first argument")
    parser.add_argument("--role", choices=("viewer", "operator", "admin"), default="operator", help="default: operator")
    parser.add_argument("--name", default="", help="the user's name")
    parser.add_argument("--password-file", metavar="PATH", help="the password's file (- for stdin); else asked for")


def add_user(call: Call) -> int | None:
    args = call.args
    email = args.user_email or args.email
    if not email:
        raise UsageError("say who: mist add-user EMAIL")
    password = _new_password(args.password_file, f"Password of {email}: ")
    user = call.client.add_user(email, password, args.role, args.name)
    report(args, f"Added user {user['email']} ({user['role']})", user)
    return None


def _new_password(path: str | None, prompt: str) -> str:
    return read_secret(path) if path else new_password(prompt=prompt, other_way="--password-file")


def _list_arguments(parser: CommandParser) -> None:
    parser.output_options()


def list_users(call: Call) -> int | None:
    records = call.client.users()
    remember(call.uri, "users", [record["email"] for record in records])
    show_records(call.args, records, COLUMNS, "No users found")
    return None


def _delete_arguments(parser: CommandParser) -> None:
    parser.add_argument("user_email", metavar="user", help="email or id of the user")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")


def delete_user(call: Call) -> int | None:
    user = select.find(call, "user", call.args.user_email, "change")
    if not confirmed(call, f"Delete the user {user['email']} and all tokens of that user?"):
        note("Nothing was deleted.")
        return 1
    call.client.delete_user(user["id"])
    report(call.args, f"Deleted user {user['email']}", user)
    return None


def _password_arguments(parser: CommandParser) -> None:
    parser.add_argument("user_email", metavar="user", nargs="?", help="email or id of the user (default: you)")
    parser.add_argument("--password-file", metavar="PATH", help="the new password's file (- for stdin); else asked for")
    parser.add_argument("--current-password-file", metavar="PATH", help="the present password's file; else asked for")


def set_password(call: Call) -> int | None:
    args = call.args
    me = call.client.me()["user"]
    user = me if args.user_email is None else select.find(call, "user", args.user_email, "change")
    current = None
    if user["id"] == me["id"]:
        path = args.current_password_file
        current = read_secret(path) if path else call.config.password or ask_hidden("Current password: ")
    password = _new_password(args.password_file, "New password: ")
    call.client.set_password(user["id"], password, current)
    report(args, f"Changed the password of {user['email']}", user)
    return None


COMMANDS = {
    "add-user": Command(_add_arguments, add_user, "mist add-user jo@example.com --role viewer"),
    "list-users": Command(_list_arguments, list_users, "mist list-users --pretty"),
    "delete-user": Command(_delete_arguments, delete_user, "mist delete-user jo@example.com"),
    "set-password": Command(
        _password_arguments,
        set_password,
        "mist set-password",
        "mist set-password jo@example.com --password-file pw.txt",
    ),
}
