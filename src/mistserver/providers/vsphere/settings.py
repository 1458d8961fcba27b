"""How a vCenter is reached, and who asks."""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace

from mistserver.providers import checks, tls
from mistserver.providers.declare import ProviderSettings, setting

TITLE = "VMware vSphere"


class Settings(ProviderSettings, frozen=True, kw_only=True):
    host: Annotated[str, setting("Address of the vCenter", flag="vsphere-host", kind="host")]
    username: Annotated[str, setting("User: name@domain", flag="vsphere-username")]
    password: Annotated[str, setting("Password", flag="vsphere-password", secret=True)]
    port: Annotated[int, setting("Port of the API", flag="vsphere-port", kind="port")] = 443
    fingerprint: Annotated[
        str | None,
        setting("SHA-256 of the server's certificate, where no authority signed it", flag="vsphere-fingerprint"),
    ] = None


def validated(settings: Settings) -> Settings:
    """InvalidInput names the field."""
    url(settings)
    return replace(settings, fingerprint=tls.fingerprint(settings.fingerprint)) if settings.fingerprint else settings


def url(settings: Settings) -> str:
    """Of the server; the path of an https:// URL may be the API's own."""
    return checks.https_url(TITLE, "vCenter", settings.host, settings.port, ("", "/sdk", "/ui"))
