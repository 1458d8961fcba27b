"""How a cluster is reached, and who asks."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from msgspec.structs import replace

from mistserver.domain.errors import InvalidInput
from mistserver.providers import tls
from mistserver.providers.declare import ProviderSettings, setting
from mistserver.ssh.target import clean_host

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
    given = settings.host
    if "://" not in given:
        given = f"https://[{given}]" if given.count(":") > 1 and not given.startswith("[") else f"https://{given}"
    try:
        parts = urlsplit(given)
        host, port = clean_host(parts.hostname or ""), parts.port or settings.port
    except (ValueError, InvalidInput):
        raise InvalidInput(f"{settings.host[:80]!a} is not the address of a node.", field="host") from None
    if parts.scheme != "https" or parts.path not in ("", "/") or parts.query or parts.username:
        raise InvalidInput(f"{TITLE} is reached at a name, an address or https://host:port.", field="host")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
