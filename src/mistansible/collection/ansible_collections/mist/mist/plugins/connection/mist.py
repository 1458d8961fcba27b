# SPDX-License-Identifier: Apache-2.0
"""Connections to machines through the service, which has the keys."""

from __future__ import annotations

DOCUMENTATION = """
name: mist
short_description: Reach machines through the Mist service
description:
  - Runs commands and copies files over the service's WebSocket. The service signs in to the machine with a key that it
    keeps, checks the host key, and holds the connection open; private keys never come here.
  - Containers and the service's own host are reached without SSH.
author: The Mist authors (@mist)
version_added: "1.0.0"
extends_documentation_fragment: mist.mist.service.connection
options:
  machine:
    description:
      - Exact name or id of the machine, where its id is not known.
    type: str
    vars:
      - name: inventory_hostname
      - name: mist_machine
  machine_id:
    description:
      - Id of the machine.
    type: str
    vars:
      - name: mist_id
  machine_name:
    description:
      - What to call it in messages.
    type: str
    vars:
      - name: mist_name
  remote_user:
    description:
      - Sign in as this user; without it as the one that the service knows.
    type: str
    vars:
      - name: ansible_user
    ini:
      - section: defaults
        key: remote_user
    env:
      - name: ANSIBLE_REMOTE_USER
    keyword:
      - name: remote_user
  pipelining:
    description:
      - Send modules through the channel of the command that runs them, instead of copying them first.
    type: bool
    default: true
    vars:
      - name: ansible_pipelining
      - name: mist_pipelining
  prompt_timeout:
    description:
      - Seconds to wait for the prompt of C(become).
    type: float
    default: 12.0
    vars:
      - name: mist_prompt_timeout
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.plugin_utils import _channels, session

if TYPE_CHECKING:
    from mistclient import Machine
    from mistclient.errors import MistError


class Connection(ConnectionBase):
    """Each command and file has a channel of its own; the service keeps what is below them open."""

    transport = "mist.mist.mist"
    has_pipelining = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._machine: Machine | None = None

    def _connect(self) -> Connection:
        from mistclient.errors import MistError

        if self._machine is None:
            try:
                self._machine = self._found()
            except MistError as error:
                raise self._failure(error) from None
            self._connected = True
        return self

    def _found(self) -> Machine:
        """With an id nothing is asked: a channel says whether there is such a machine."""
        from mistclient import Machine

        client = session.client(self.get_options())
        id = self.get_option("machine_id")
        if id:
            return Machine(client, {"id": id, "name": self.get_option("machine_name") or id})
        return _find.named_machine(client, self.get_option("machine"))

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        become = self.become if sudoable else None
        password = ""
        if become is not None and become.expect_prompt():
            password = str(become.get_option("become_pass", self._play_context) or "")
        command = _channels.Command(
            cmd,
            self.get_option("remote_user"),
            in_data or b"",
            become,
            password,
            self.get_option("prompt_timeout"),
        )
        return cast(tuple[int, bytes, bytes], self._told(_channels.execute, command))

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        self._told(_channels.put, in_path, out_path, self.get_option("remote_user"))

    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        self._told(_channels.fetch, in_path, out_path, self.get_option("remote_user"))

    def close(self) -> None:
        self._machine = None
        self._connected = False

    def reset(self) -> None:
        """The service opens the connection anew by itself when it is broken."""
        self.close()

    def _told(self, work: Callable[..., Any], *args: Any) -> Any:
        """What `work` does with the machine; an error of Mist makes the host unreachable, with its sentence."""
        from mistclient.errors import MistError

        self._connect()
        try:
            return work(self._machine, *args)
        except MistError as error:
            raise self._failure(error) from None

    @staticmethod
    def _failure(error: MistError) -> AnsibleConnectionFailure:
        return AnsibleConnectionFailure(error.message)
