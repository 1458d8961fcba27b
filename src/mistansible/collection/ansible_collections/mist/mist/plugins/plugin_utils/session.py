# SPDX-License-Identifier: Apache-2.0
"""The client of Ansible's own processes: one sign-in for a whole run, however many workers there are."""

from __future__ import annotations

import atexit
import os
import sys
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError

from ansible_collections.mist.mist.plugins.module_utils import _service

if TYPE_CHECKING:
    from mistclient import MistClient

# a worker is a fork: it has the tokens that its parent used, by service and user, and makes connections of its own
_tokens: dict[tuple[str, str | None], str] = {}
_clients: dict[tuple[int, _service.Given], MistClient] = {}


def client(options: dict[str, Any]) -> MistClient:
    """The client of this process for what the options say; AnsibleError with one sentence when there is none."""
    given = _service.Given.of(options)
    known = _clients.get((os.getpid(), given))
    if known is None:
        known = _clients[os.getpid(), given] = _connected(given)
    return known


def _connected(given: _service.Given) -> MistClient:
    try:
        from mistclient.errors import MistError
    except ImportError:
        raise AnsibleError(_service.NO_CLIENT.format(python=sys.executable)) from None
    try:
        made = _service.connect(_with_token(given))
    except MistError as error:
        raise AnsibleError(error.message) from None
    if made.api_token:
        _tokens[made.uri, given.email] = made.api_token
    if made.transport.renew is not None:
        atexit.register(_end, os.getpid(), made)
    return made


def _with_token(given: _service.Given) -> _service.Given:
    """The same with the token that was used for this service and user before, unless something else is given."""
    from mistclient.config import Config, clean_uri

    uri = clean_uri(given.uri or Config.read().uri)
    token = _tokens.get((uri, given.email))
    return given if token is None or given.token or given.password else given._replace(token=token)


def _end(process: int, made: MistClient) -> None:
    if os.getpid() == process:
        _service.leave(made)
