"""Signing in once: afterwards the token in `~/.mist` speaks for the user."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from mistcli.call import interactive
from mistcli.text import note, warn
from mistclient import MistClient
from mistclient.config import is_loopback
from mistclient.errors import NotSignedIn

if TYPE_CHECKING:
    from mistcli.call import Call


def make_client(call: Call, token: str) -> MistClient:
    return MistClient(call.uri, verify=call.config.ca_file or True, api_token=token)


def signed_in(call: Call) -> MistClient:
    """A client with a token: the kept one, else a new session's."""
    token = call.config.token(call.uri)
    client = make_client(call, token or "")
    if token is None:
        start_session(call, client)
    client.transport.renew = lambda: start_session(call, client, ended=True)
    return client


def start_session(call: Call, client: MistClient, ended: bool = False) -> None:
    """Sign in with what the environment or the file says, else with what the person types; keep the token."""
    import os

    if ended and os.environ.get("MIST_TOKEN"):
        raise NotSignedIn("The token in MIST_TOKEN is not valid (any more); make a new one with `mist create-token`.")
    config = call.config
    email, password = config.email, config.password
    typed = False
    if not (email and password):
        typed = True
        if client.setup_needed():
            raise NotSignedIn(f"The service at {call.uri} has no user yet: run `mist setup` with the code it printed.")
        email, password = _ask(call, email, ended)
    warn_of_plain_http(call.uri)
    client.sign_in(email, password, name=session_name())
    token = client.api_token or ""
    if typed and not config.found:
        _offer_to_save(call, email, token)
    else:
        with contextlib.suppress(OSError):
            config.keep_token(call.uri, email, token)


def warn_of_plain_http(uri: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(uri)
    except ValueError:
        return  # the client says what is wrong with it
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        warn(f"{uri} is plain HTTP: whoever sees the traffic sees the password. Use https:// where you can.")


def _ask(call: Call, email: str | None, ended: bool) -> tuple[str, str]:
    if not interactive():
        reason = "The session has ended" if ended else "You are not signed in"
        raise NotSignedIn(
            f"{reason} at {call.uri}: run `mist login`, or set MIST_TOKEN, or MIST_EMAIL and MIST_PASSWORD."
        )
    if ended:
        note("The session has ended; sign in again.")
    elif not call.config.found:
        note(f"No config file found at: {call.config.path}")
    return email or ask_line("Email: "), ask_hidden("Password: ")


def ask_line(prompt: str) -> str:
    """A line typed by the person; the prompt goes to stderr, as everything that is not a result."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.strip()


def ask_hidden(prompt: str) -> str:
    from getpass import getpass

    try:
        return getpass(prompt, stream=sys.stderr)
    except EOFError:
        raise KeyboardInterrupt from None


def _offer_to_save(call: Call, email: str, token: str) -> None:
    while True:
        answer = ask_line("Save config [Y/n]: ").lower()
        if answer in {"", "y", "yes"}:
            call.config.keep_login(call.uri, email, token)
            note(f"Saved config at {call.config.path}")
            return
        if answer in {"n", "no"}:
            return
        note("Wrong answer!")


def session_name() -> str:
    import socket

    return f"mist on {socket.gethostname()}"
