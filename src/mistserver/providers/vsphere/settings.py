"""How a vCenter is reached, and who asks."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from msgspec.structs import replace

from mistserver.domain.errors import InvalidInput
from mistserver.providers import tls
from mistserver.providers.declare import ProviderSettings, setting
from mistserver.ssh.target import clean_host

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
    """Of the server; `host` may be a name, an address or an https:// URL (its path is the API's own)."""
    given = settings.host
    if "://" not in given:
        given = f"https://[{given}]" if given.count(":") > 1 and not given.startswith("[") else f"https://{given}"
    try:
        parts = urlsplit(given)
        host, port = clean_host(parts.hostname or ""), parts.port or settings.port
    except (ValueError, InvalidInput):
        raise InvalidInput(f"{settings.host[:80]!a} is not the address of a vCenter.", field="host") from None
    if parts.scheme != "https" or parts.path.rstrip("/") not in ("", "/sdk", "/ui") or parts.query or parts.username:
        raise InvalidInput(f"{TITLE} is reached at a name, an address or https://host:port.", field="host")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
