"""The EC2 provider: machines, images, sizes, locations and networks of one region."""

from __future__ import annotations

from typing import Annotated, Any

from mistserver.domain.machine import Action, MachineReading
from mistserver.providers.base import Provider
from mistserver.providers.declare import ProviderSettings, setting
from mistserver.providers.ec2.regions import ALIASES, REGIONS, default_name


class Settings(ProviderSettings, frozen=True, kw_only=True):
    api_key: Annotated[str, setting("Access key ID", flag="ec2-api-key")]
    api_secret: Annotated[str, setting("Secret access key", flag="ec2-api-secret", secret=True)]


class Ec2(Provider):
    id = "ec2"
    title = "EC2"
    Settings = Settings
    regions = REGIONS
    region_aliases = ALIASES
    region_required = True
    region_flag = "ec2-region"
    label_is_region = True
    over_http = True
    native_tags = True
    creates = True
    actions = frozenset(Action)

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return default_name(region or "")

    def check(self) -> None:
        raise self.cannot("be used yet")

    def list_machines(self) -> list[MachineReading]:
        raise self.cannot("be used yet")
