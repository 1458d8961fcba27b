"""What a backend is reached with, checked as far as that goes without asking the provider."""

from __future__ import annotations

import ssl
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from sqlalchemy.engine import Connection

from mistserver.domain.backend import Backend, JumpHost
from mistserver.domain.errors import AlreadyExists, InvalidInput, NotFound
from mistserver.domain.names import visible
from mistserver.providers import registry
from mistserver.providers.base import Provider
from mistserver.providers.declare import declared, read
from mistserver.services.context import Context
from mistserver.services.providers import require_allowed
from mistserver.ssh.target import clean_host
from mistserver.store import backends, keys
from mistserver.store.backends import StoredBackend

AddressUse = Literal["public", "private"]
_LONGEST_URL = 2048
_LONGEST_HOST = 255


class JumpHostInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key` is the name or the id of a key kept by Mist."""

    host: str
    key: str
    user: str = "root"
    port: int = 22


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Checked access to one provider. `settings` is an instance of the provider's own Settings."""

    provider: type[Provider]
    settings: Any
    region: str | None
    endpoint: str | None
    ca_pem: str | None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Access as a user gave it."""

    provider: str
    region: str | None
    settings: dict[str, Any]
    endpoint: str | None
    ca_pem: str | None


def checked(ctx: Context, given: Given) -> Access:
    """The access, cleaned; InvalidInput names the field and its flag, ProviderNotAvailable the provider."""
    provider_id, region = registry.resolve(given.provider, given.region)
    provider = registry.load(provider_id)
    settings = provider.validate(read(provider.Settings, given.settings, provider.title))
    require_allowed(ctx.settings, provider, settings)
    return Access(
        provider=provider,
        settings=settings,
        region=region,
        endpoint=_endpoint(provider, given.endpoint),
        ca_pem=_certificates(given.ca_pem),
    )


def stored(ctx: Context, account_id: str, backend: Backend, access: Access) -> StoredBackend:
    """The backend with this access, its secrets sealed; nothing is written."""
    provider, settings = access.provider, access.settings
    values = msgspec.to_builtins(settings)
    secret = {item.name: values.pop(item.name) for item in declared(provider.Settings) if item.secret}
    shown = msgspec.structs.replace(
        backend,
        provider=provider.id,
        provider_label=access.region if provider.label_is_region and access.region else provider.id,
        region=access.region,
        endpoint=access.endpoint,
        settings=values,
    )
    identity = (account_id, access.endpoint or "", *provider.identity(settings, access.region))
    return StoredBackend(
        account_id=account_id,
        backend=shown,
        ca_pem=access.ca_pem,
        secret=ctx.vault.seal(msgspec.json.encode(secret), f"backend:{backend.id}"),
        identity=ctx.vault.keyed_hash("backend", *identity),
    )


def try_out(provider: Provider) -> None:
    """Ask the provider whether the access works."""
    provider.check()


def require_keys(connection: Connection, account_id: str, access: Access) -> None:
    """NotFound unless the keys that the settings name are there."""
    for item in declared(access.provider.Settings):
        name = getattr(access.settings, item.name)
        if item.kind == "key" and name and keys.named(connection, account_id, name) is None:
            raise NotFound(f"There is no key called {name!r} (--{item.flag}).", noun="key", name=name, field=item.name)


def jump_host(connection: Connection, account_id: str, given: JumpHostInput | None) -> JumpHost | None:
    """The jump host with the id of its key."""
    if given is None:
        return None
    host, user = given.host.strip(), given.user.strip()
    for field, value in (("host", host), ("user", user)):
        if not value or len(value) > _LONGEST_HOST or not value.isprintable() or " " in value or value.startswith("-"):
            raise InvalidInput(f"The {field} of the jump host is not one: {visible(value[:80])!r}.", field="jump_host")
    if not 0 < given.port < 65536:
        raise InvalidInput(f"The port of the jump host is {given.port}; give 1 to 65535.", field="jump_host")
    key = keys.named(connection, account_id, given.key)
    if key is None:
        raise NotFound(f"There is no key called {given.key!r} for the jump host.", noun="key", name=given.key)
    return JumpHost(host=host, user=user, port=given.port, key_id=key.id)


def require_new(connection: Connection, candidate: StoredBackend) -> None:
    """AlreadyExists when another backend of the account has the same credentials."""
    same = backends.by_identity(connection, candidate.account_id, candidate.identity)
    if same is not None and same.id != candidate.id:
        raise AlreadyExists(
            f"The same credentials are there already, as the backend {same.name!r}; change that one instead.",
            noun="backend",
            id=same.id,
            name=same.name,
        )


def require_free_name(connection: Connection, account_id: str, name: str, backend_id: str | None = None) -> None:
    """AlreadyExists when another backend of the account has this name."""
    same = backends.by_name(connection, account_id, name)
    if same is not None and same.id != backend_id:
        raise AlreadyExists(
            f"There is a backend called {name!r} already; choose another name.", noun="backend", id=same.id, name=name
        )


def _endpoint(provider: type[Provider], endpoint: str | None) -> str | None:
    url = (endpoint or "").strip().rstrip("/")
    if not url:
        return None
    if not provider.over_http:
        raise InvalidInput(f"{provider.title} is not reached over HTTP; leave --endpoint out.", field="endpoint")
    try:
        parts = urlsplit(url)
        clean_host(parts.hostname or "")
        usable = parts.scheme in ("http", "https") and (parts.port is None or parts.port > 0)
    except (ValueError, InvalidInput):
        usable = False
    if not usable or len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
        raise InvalidInput("The endpoint (--endpoint) is no URL such as https://cloud.example:8443.", field="endpoint")
    if parts.username or parts.password:
        raise InvalidInput("Leave user and password out of the endpoint; they belong into settings.", field="endpoint")
    return url


def _certificates(pem: str | None) -> str | None:
    text = (pem or "").strip()
    if not text:
        return None
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise InvalidInput("The CA file (--ca-file) holds no certificate in PEM form.", field="ca_pem") from None
    return text + "\n"
