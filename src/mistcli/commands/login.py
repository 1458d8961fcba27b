"""Signing in and out, and who one is."""

from __future__ import annotations

import sys
import time
from typing import Any

from mistcli.call import Call, interactive
from mistcli.command import Command
from mistcli.output import Column, printed, report, show_table
from mistcli.parser import CommandParser, UsageError
from mistcli.session import ask_hidden, ask_line, session_name, warn_of_plain_http
from mistcli.text import say

_DETAILS = ("country", "company_name", "number_of_servers", "name", "number_of_people")
_PLAN = ("machine_limit", "promo_code", "title", "started", "isTrial", "has_expired", "expiration")


def _login_arguments(parser: CommandParser) -> None:
    parser.add_argument("--email", help="who signs in (asked for when left out)")


def login(call: Call) -> int | None:
    client = call.anonymous_client()
    warn_of_plain_http(call.uri)
    email = call.args.email or call.config.email or _asked("Email: ", "--email or MIST_EMAIL")
    same = call.config.email in (None, email)  # the password of another user is not tried
    password = (call.config.password if same else None) or _asked_hidden("Password: ", "MIST_PASSWORD")
    client.sign_in(email, password, name=session_name())
    call.config.keep_login(call.uri, email, client.api_token or "")
    report(call.args, f"Signed in at {call.uri} as {email}", {"uri": call.uri, "email": email})
    return None


def logout(call: Call) -> int | None:
    from mistclient.errors import NotSignedIn

    if call.config.token(call.uri) is None:
        report(call.args, f"You were not signed in at {call.uri}", {"uri": call.uri})
        return None
    client = call.client
    client.transport.renew = None
    try:
        client.sign_out()
    except NotSignedIn:
        pass
    finally:
        call.config.forget_tokens(call.uri)
    report(call.args, f"Signed out of {call.uri}", {"uri": call.uri})
    return None


def _setup_arguments(parser: CommandParser) -> None:
    parser.add_argument("--code", help="the code that the service printed when it was started first")
    parser.add_argument("--email", help="the first user's email")
    parser.add_argument("--user-name", default="", metavar="NAME", help="the first user's name")
    parser.add_argument("--account-name", default="", metavar="NAME", help="the account's name")


def setup(call: Call) -> int | None:
    client = call.anonymous_client()
    if not client.setup_needed():
        say(f"The service at {call.uri} is set up already; sign in with `mist login`.")
        return 1
    code = call.args.code or _asked("Code (the service printed it when it was started): ", "--code")
    email = call.args.email or call.config.email or _asked("Email: ", "--email or MIST_EMAIL")
    password = new_password(call.config.password)
    client.set_up(code, email, password, call.args.user_name, call.args.account_name)
    call.config.keep_login(call.uri, email, client.api_token or "")
    report(call.args, f"{call.uri} is set up, and you are signed in as {email}", {"uri": call.uri, "email": email})
    return None


def new_password(given: str | None = None, prompt: str = "Password: ", other_way: str = "MIST_PASSWORD") -> str:
    """A password typed twice the same."""
    if given:
        return given
    while True:
        first = _asked_hidden(prompt, other_way)
        if first and first == ask_hidden("The same again: "):
            return first
        sys.stderr.write("The two were not the same.\n" if first else "A password is needed.\n")


def _asked(prompt: str, other_way: str) -> str:
    if not interactive():
        raise UsageError(f"{prompt.strip(': ')} is needed, and there is no terminal to ask at: give {other_way}")
    return ask_line(prompt)


def _asked_hidden(prompt: str, other_way: str) -> str:
    if not interactive():
        raise UsageError(f"{prompt.strip(': ')} is needed, and there is no terminal to ask at: give {other_way}")
    return ask_hidden(prompt)


def _user_info_arguments(parser: CommandParser) -> None:
    parser.output_options()


def user_info(call: Call) -> int | None:
    me = call.client.me()
    if printed(call.args, me):
        return None
    say("User Details:")
    show_table([Column(name, name) for name in _DETAILS], [me.get("user_details") or {}])
    say("")
    say("Current Plan:")
    show_table([Column(name, name, show=_plan_cell(name)) for name in _PLAN], [me.get("current_plan") or {}])
    say("")
    return None


def _plan_cell(name: str) -> Any:
    def cell(plan: dict[str, Any]) -> object:
        value = plan.get(name)
        return moment(value) if name in ("started", "expiration") else value

    return cell


def moment(epoch_s: object) -> str:
    """Seconds since 1970 as `Mon Oct 28 18:49:50 2013`, for any year that the C library knows."""
    if not isinstance(epoch_s, int | float):
        return "" if epoch_s is None else str(epoch_s)
    try:
        return time.ctime(epoch_s)
    except (OverflowError, ValueError, OSError):
        return "never"


COMMANDS = {
    "login": Command(_login_arguments, login, "mist login", "mist login --email you@example.com"),
    "logout": Command(lambda parser: None, logout, "mist logout"),
    "setup": Command(_setup_arguments, setup, "mist setup --code 8F2K-91QX --email you@example.com"),
    "user-info": Command(_user_info_arguments, user_info, "mist user-info", "mist user-info -o json"),
}
