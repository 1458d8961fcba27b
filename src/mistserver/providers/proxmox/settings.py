"""How a cluster is reached, and who asks."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec.structs import replace

from mistserver.domain.errors import InvalidInput
from mistserver.providers import checks, tls
from mistserver.providers.declare import ProviderSettings, setting

TITLE = "Proxmox VE"
_USER = re.compile(r"[^\s:/@!]+@[A-Za-z][A-Za-z0-9.\-_]+")
_TOKEN = re.compile(r"[^\s:/@!]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+")


class Settings(ProviderSettings, frozen=True, kw_only=True):
    host: Annotated[str, setting("Address of a node of the cluster", flag="proxmox-host", kind="host")]
    port: Annotated[int, setting("Port of the API", flag="proxmox-port", kind="port")] = 8006
    token_id: Annotated[str | None, setting("API token: user@realm!name", flag="proxmox-token-id")] = None
    token_secret: Annotated[
        str | None, setting("Secret of the API token", flag="proxmox-token-secret", secret=True)
    ] = None
    username: Annotated[str | None, setting("User: name@realm", flag="proxmox-username")] = None
    password: Annotated[str | None, setting("Password of the user", flag="proxmox-password", secret=True)] = None
    fingerprint: Annotated[
        str | None,
        setting("SHA-256 of the node's certificate, where no authority signed it", flag="proxmox-fingerprint"),
    ] = None


def validated(settings: Settings) -> Settings:
    """InvalidInput names the field."""
    url(settings)
    if bool(settings.token_id) == bool(settings.username):
        raise InvalidInput(
            f"{TITLE} needs an API token (--proxmox-token-id, --proxmox-token-secret), or a user and a password "
            "(--proxmox-username, --proxmox-password).",
            field="token_id",
        )
    for name, secret in (("token_id", "token_secret"), ("username", "password")):
        if getattr(settings, name) and not getattr(settings, secret):
            raise InvalidInput(f"{TITLE} needs {secret} beside {name}.", field=secret)
    if settings.token_id and not _TOKEN.fullmatch(settings.token_id):
        raise InvalidInput("The token's id has to be like user@realm!name.", field="token_id")
    if settings.username and not _USER.fullmatch(settings.username):
        raise InvalidInput("The user has to be like name@realm, as root@pam.", field="username")
    if any(ord(char) > 126 or char.isspace() for char in settings.token_secret or ""):
        raise InvalidInput("The token's secret holds a character that none has.", field="token_secret")
    return replace(settings, fingerprint=tls.fingerprint(settings.fingerprint)) if settings.fingerprint else settings


def url(settings: Settings) -> str:
    """Of the API; `host` may be a name, an address or an https:// URL."""
    return checks.https_url(TITLE, "node", settings.host, settings.port)
