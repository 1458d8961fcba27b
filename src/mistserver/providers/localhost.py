"""The machine that the service itself runs on, reached without SSH."""

from __future__ import annotations

from mistserver.domain.machine import MachineReading
from mistserver.providers.base import Provider
from mistserver.providers.declare import ProviderSettings


class Settings(ProviderSettings, frozen=True, kw_only=True):
    pass


class Localhost(Provider):
    id = "localhost"
    title = "This machine"
    Settings = Settings
    manages_host = True
    has_exec = True

    def check(self) -> None:
        raise self.cannot("be used yet")

    def list_machines(self) -> list[MachineReading]:
        raise self.cannot("be used yet")
