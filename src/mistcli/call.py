"""One call of the command line: its arguments, and the client, signed in when it is first needed."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from mistcli.parser import CommandParser
from mistcli.text import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mistclient import MistClient
    from mistclient.config import Config


class Call:
    """Handed to every command."""

    def __init__(self, command: str, parser: CommandParser, tokens: Sequence[str]) -> None:
        self.command = command
        self.parser = parser
        self._client: MistClient | None = None
        self._config: Config | None = None
        self.args: Namespace = parser.first_look(tokens)
        if parser.late_options is not None and parser.lacks_option(tokens):
            parser.late_options(self)
        self.args = parser.parse(tokens)

    @property
    def config(self) -> Config:
        if self._config is None:
            from mistclient.config import Config

            self._config = Config.read(Path(self.args.config) if self.args.config else None)
        return self._config

    @property
    def uri(self) -> str:
        from mistclient.config import clean_uri

        return clean_uri(self.args.mist_uri) if self.args.mist_uri else self.config.uri

    @property
    def client(self) -> MistClient:
        """The client, signed in: by the kept token, else by email and password, asked for on a terminal."""
        if self._client is None:
            from mistcli.session import signed_in

            self._client = self._traced(signed_in(self))
        return self._client

    def anonymous_client(self) -> MistClient:
        """A client that has not signed in."""
        from mistcli.session import make_client

        self._client = self._traced(make_client(self, ""))
        return self._client

    def _traced(self, client: MistClient) -> MistClient:
        if self.args.debug:
            client.transport.trace = note
        return client


def interactive() -> bool:
    """Whether a person can be asked: both what is typed and what is shown are a terminal's."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
