"""Any single server, reached over SSH and in no other way."""

from __future__ import annotations

from typing import Annotated, Any

from mistserver.domain.machine import Action, MachineReading
from mistserver.providers.base import Provider
from mistserver.providers.declare import ProviderSettings, setting


class Settings(ProviderSettings, frozen=True, kw_only=True):
    machine_ip: Annotated[str, setting("Address or name of the server", flag="bare-hostname", kind="host")]
    machine_user: Annotated[str, setting("User to sign in as", flag="bare-user")] = "root"
    machine_port: Annotated[int, setting("Port of the SSH server", flag="bare-port", kind="port")] = 22
    machine_key: Annotated[
        str | None,
        setting("Name of the key that opens the server; default: the default key", flag="bare-ssh-key-id", kind="key"),
    ] = None


class BareMetal(Provider):
    id = "bare_metal"
    title = "Other Server"
    Settings = Settings
    actions = frozenset({Action.REBOOT})

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return str(settings.machine_ip)

    def check(self) -> None:
        raise self.cannot("be used yet")

    def list_machines(self) -> list[MachineReading]:
        raise self.cannot("be used yet")
