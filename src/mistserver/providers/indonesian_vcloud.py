"""Indonesian Cloud: a vCloud Director at an address of its own. Whether it still answers nobody could say."""

from __future__ import annotations

from typing import Annotated, Any

from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.vcloud import VCloud


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str, setting("User name", flag="indonesian-username")]
    password: Annotated[str, setting("Password", flag="indonesian-password", secret=True)]
    organization: Annotated[str, setting("Organization", flag="indonesian-organization")]


class IndonesianVCloud(VCloud):
    id = "indonesian_vcloud"
    title = "Indonesian Cloud"
    Settings = Settings
    liveness = "unknown"
    guide = Guide(
        credentials="The user, password and organization of the vCloud portal.",
        permissions=VCloud.guide.permissions,
        limits=("The API is looked for at compute.idcloudonline.com.", *VCloud.guide.limits),
        through=VCloud.guide.through,
        source=VCloud.guide.source,
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return settings

    def host(self) -> str:
        return "compute.idcloudonline.com"
