"""The machine that the service itself runs on, reached without SSH."""

from __future__ import annotations

import ipaddress
import os
import platform
import socket
from typing import Any

from mistserver.domain.machine import MachineReading, MachineState
from mistserver.providers.base import Command, CommandResult, HasExec, Provider, Terminal
from mistserver.providers.declare import Guide, ProviderSettings
from mistserver.providers.localhost import commands
from mistserver.providers.localhost.terminal import LocalTerminal

EXTERNAL_ID = "localhost"
# Addresses that documents use: choosing a way there sends nothing, and tells the address of this end.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


class Settings(ProviderSettings, frozen=True, kw_only=True):
    """None: whoever runs the service decides whether its host is managed."""


class Localhost(Provider, HasExec):
    id = "localhost"
    title = "This machine"
    Settings = Settings
    manages_host = True
    has_exec = True
    needs_size = False
    needs_key = False
    guide = Guide(
        credentials="None: the service is started with `--manage-this-host`.",
        permissions="Commands run as the service's own user.",
        limits=("The machine can be listed and take commands, and nothing else.",),
        through="the operating system",
    )

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return socket.gethostname() or cls.title

    def check(self) -> None:
        commands.account(None)

    def list_machines(self) -> list[MachineReading]:
        addresses = _addresses()
        return [
            MachineReading(
                external_id=EXTERNAL_ID,
                name=socket.gethostname() or EXTERNAL_ID,
                state=MachineState.RUNNING,
                public_ips=tuple(each for each in addresses if ipaddress.ip_address(each).is_global),
                private_ips=tuple(each for each in addresses if not ipaddress.ip_address(each).is_global),
                extra={"kernel": platform.release(), "cores": os.cpu_count()},
            )
        ]

    def exec(self, external_id: str, command: Command) -> CommandResult:
        return commands.run(command)

    def open_terminal(self, external_id: str, command: str | None, cols: int, rows: int, user: str | None) -> Terminal:
        return LocalTerminal(command, cols, rows, user)


def _addresses() -> tuple[str, ...]:
    found = []
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return tuple(found)
