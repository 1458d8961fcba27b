"""How a backend is reached, and who asks."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from mistserver.domain.errors import InvalidInput
from mistserver.providers import tls
from mistserver.providers.declare import ProviderSettings, setting
from mistserver.ssh.target import clean_host

PORT = 8443
NO_IMAGES = "none"
_PROJECT = re.compile(r"[^\s/'\"*_][^\s/'\"*]{0,62}")


class Settings(ProviderSettings, frozen=True, kw_only=True):
    host: Annotated[str, setting("Address of the server, or the path of its socket", flag="lxd-host", kind="host")]
    port: Annotated[int, setting("Port of its API", flag="lxd-port", kind="port")] = PORT
    cert_file: Annotated[str | None, setting("Certificate of the client (PEM)", flag="lxd-cert-file", kind="file")] = (
        None
    )
    key_file: Annotated[
        str | None, setting("Private key of the client (PEM)", flag="lxd-key-file", kind="file", secret=True)
    ] = None
    fingerprint: Annotated[
        str | None,
        setting("SHA-256 of the server's certificate, where no authority signed it", flag="lxd-fingerprint"),
    ] = None
    token: Annotated[
        str | None,
        setting("Trust token (or trust password) that makes the certificate known", flag="lxd-token", secret=True),
    ] = None
    project: Annotated[str, setting("Project", flag="lxd-project")] = "default"
    image_server: Annotated[
        str | None,
        setting("Image server (simplestreams); default: the vendor's own; none: no other images", flag="lxd-images"),
    ] = None


@dataclass(frozen=True)
class Address:
    """`path` is a unix socket on the service's host; else `url` counts."""

    url: str
    path: str | None = None


def validated(settings: Settings) -> Settings:
    """InvalidInput names the field."""
    there = address(settings)
    if bool(settings.key_file) != bool(settings.cert_file):
        missing = "cert_file" if settings.key_file else "key_file"
        raise InvalidInput(f"LXD needs the client's key and its certificate; {missing} is missing.", field=missing)
    if there.path is None and not settings.cert_file:
        raise InvalidInput(
            "LXD knows its users by a certificate: give cert_file and key_file (--lxd-cert-file, --lxd-key-file).",
            field="cert_file",
        )
    if not _PROJECT.fullmatch(settings.project):
        raise InvalidInput(f"{settings.project[:80]!a} cannot be the name of a project.", field="project")
    server = settings.image_server
    if server is not None and server != NO_IMAGES and urlsplit(server).scheme not in ("http", "https"):
        raise InvalidInput("The image server has to be an https:// URL, or none.", field="image_server")
    return replace(settings, fingerprint=tls.fingerprint(settings.fingerprint)) if settings.fingerprint else settings


def address(settings: Settings) -> Address:
    """Where the server is; `host` may be a name, an address, an https:// URL or the path of a socket."""
    given = settings.host
    if given.startswith(("/", "unix://")):
        return Address("http://lxd", "/" + given.removeprefix("unix://").lstrip("/"))
    parts = urlsplit(given if "://" in given else f"https://{_bracketed(given)}")
    try:
        port = parts.port or settings.port
    except ValueError:
        raise InvalidInput(f"{given[:80]!a} is not the address of a server.", field="host") from None
    if parts.scheme != "https" or parts.path not in ("", "/") or parts.query or parts.username:
        raise InvalidInput("LXD is reached at a name, an https:// address or the path of its socket.", field="host")
    try:
        host = clean_host(parts.hostname or "")
    except InvalidInput:
        raise InvalidInput(f"{given[:80]!a} is not the address of a server.", field="host") from None
    return Address(f"https://{_bracketed(host)}:{port}")


def trusted_fingerprint(settings: Settings) -> str | None:
    """Of the server's certificate: as given, or as a trust token tells it."""
    return settings.fingerprint or _of_token(settings.token)


def _of_token(token: str | None) -> str | None:
    """Tokens are JSON in base64, made by the server itself; a trust password is not."""
    try:
        told: Any = msgspec.json.decode(base64.b64decode(token or "", validate=True))
        return tls.fingerprint(told["fingerprint"])
    except (binascii.Error, msgspec.DecodeError, ValueError, LookupError, TypeError, AttributeError, InvalidInput):
        return None


def _bracketed(host: str) -> str:
    return f"[{host}]" if host.count(":") > 1 and not host.startswith("[") else host
