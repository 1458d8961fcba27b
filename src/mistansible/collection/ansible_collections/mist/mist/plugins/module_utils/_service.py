# SPDX-License-Identifier: Apache-2.0
"""A client for what a task, an inventory or a connection says: option, else environment, else ~/.mist, else default."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mistclient import MistClient

DEFAULT_TIMEOUT_S = 60.0
NO_CLIENT = (
    "The Python package mist is not installed for {python}: install it there (pip install 'mist[ansible]'), "
    "or name the Python that has it in ansible_python_interpreter."
)


class Given(NamedTuple):
    """What was said explicitly; None is said nowhere."""

    uri: str | None = None
    email: str | None = None
    password: str | None = None
    token: str | None = None
    ca_file: str | None = None
    timeout_s: float | None = None

    @classmethod
    def of(cls, options: dict[str, Any]) -> Given:
        """From options called `mist_uri` and so on."""
        words = ("uri", "email", "password", "token", "ca_file")
        said = {word: options.get(f"mist_{word}") or None for word in words}
        return cls(**said, timeout_s=options.get("mist_timeout"))


def connect(given: Given) -> MistClient:
    """A signed-in client. One that signed in with a password says so by `client.transport.renew`."""
    from mistclient import MistClient
    from mistclient.config import Config, clean_uri
    from mistclient.errors import NotSignedIn

    config = Config.read()
    uri = clean_uri(given.uri or config.uri)
    email = given.email or config.email
    password = given.password or (config.password if given.email in (None, config.email) else None)
    token = given.token
    if token is None and given.email is None and given.password is None:
        token = config.token(uri)
    client = MistClient(uri, email, verify=given.ca_file or True, api_token=token or "")
    client.transport.timeout_s = given.timeout_s or DEFAULT_TIMEOUT_S
    if token:
        return client
    if not (email and password):
        raise NotSignedIn(
            f"Nobody is signed in at {uri}: give mist_token, or mist_email and mist_password, or run `mist login`."
        )
    client.sign_in(email, password, name="ansible")
    client.transport.renew = lambda: client.sign_in(email, password, name="ansible")
    return client


def leave(client: MistClient) -> None:
    """End the session that `connect` began; a token that was given stays."""
    from mistclient.errors import MistError

    if client.transport.renew is not None:
        client.transport.renew = None
        with contextlib.suppress(MistError):
            client.sign_out()
    client.close()
