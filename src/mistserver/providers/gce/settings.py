"""What Google Compute Engine is asked for: a service account's key, or the JSON that Google's tools write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from mistserver.domain.errors import InvalidInput
from mistserver.providers.declare import ProviderSettings, setting

TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
KINDS = ("service_account", "authorized_user", "impersonated_service_account", "external_account")
_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,63}:)?[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
_GOOGLES = re.compile(r"(?:[a-z0-9-]+\.)*googleapis\.com|accounts\.google\.com")
_URLS = ("token_uri", "token_url", "service_account_impersonation_url", "token_info_url")

Json = dict[str, Any]


class Settings(ProviderSettings, frozen=True, kw_only=True):
    email: Annotated[
        str | None, setting("Email address of the service account; not needed with JSON", flag="gce-email")
    ] = None
    project_id: Annotated[
        str | None, setting("Project ID; not needed with JSON that names it", flag="gce-project-id")
    ] = None
    private_key: Annotated[
        str,
        setting(
            "Private key of the service account (PEM), or its JSON, or application-default credentials (JSON)",
            flag="gce-private-key",
            secret=True,
            kind="file",
        ),
    ]


def validated(settings: Settings) -> Settings:
    """With the project filled in from the JSON; InvalidInput names what is missing or cannot be used."""
    held = _held(settings.private_key)
    if held is None:
        _check_pem(_pem(settings.private_key))
        if settings.email is None:
            raise _unfit("email", "with a key in PEM form, the email address of its service account is needed")
    else:
        _check_json(held)
    project = settings.project_id or str((held or {}).get("project_id") or (held or {}).get("quota_project_id") or "")
    if not _PROJECT.fullmatch(project):
        raise _unfit("project_id", "the project's ID is needed: lower-case letters, digits and dashes")
    return replace(settings, project_id=project)


def credentials(settings: Settings) -> Json:
    """The settings as one of Google's JSON files holds them."""
    held = _held(settings.private_key)
    if held is not None:
        return held
    key = {"client_email": settings.email, "private_key": _pem(settings.private_key)}
    return {"type": "service_account", "token_uri": TOKEN_URL, **key}


def is_googles(url: str) -> bool:
    """Whether a URL leads to Google, over TLS."""
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(_GOOGLES.fullmatch(parts.hostname or ""))


def _held(text: str) -> Json | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return msgspec.json.decode(text, type=Json)
    except (msgspec.DecodeError, RecursionError):
        raise _unfit("private_key", "it begins like JSON, but cannot be read as such") from None


def _pem(text: str) -> str:
    """Line ends that were written as `\\n`, as they come out of a JSON file, are put right."""
    return text.replace("\\n", "\n").strip() + "\n"


def _check_pem(pem: str) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unfit(
            "private_key",
            "it is neither an unencrypted private key in PEM form nor one of Google's JSON files; a .p12 file becomes "
            "PEM with: openssl pkcs12 -in KEY.p12 -passin pass:notasecret -nodes -nocerts",
        ) from None


def _check_json(held: Json) -> None:
    """Others' JSON says which addresses are called and which files are read: only Google's, and none of ours."""
    kind = held.get("type")
    if kind not in KINDS:
        raise _unfit("private_key", f"the JSON's type is none of {', '.join(KINDS)}")
    if held.get("universe_domain") not in (None, "googleapis.com"):
        raise _unfit("private_key", "only Google's own universe (googleapis.com) is served")
    if kind == "service_account":
        _check_pem(_pem(str(held.get("private_key") or "")))
    source = held.get("source_credentials")
    if kind == "impersonated_service_account":
        if not isinstance(source, dict) or source.get("type") not in ("service_account", "authorized_user"):
            raise _unfit("private_key", "it impersonates from credentials that are neither a user's nor an account's")
        _check_json(source)
    if kind == "external_account":
        _check_source(held.get("credential_source"))
    for name in _URLS:
        if held.get(name) is not None and not is_googles(str(held[name])):
            raise _unfit("private_key", f"its {name} does not lead to Google")


def _check_source(source: Any) -> None:
    """Where the token of another identity provider comes from: never from files, programs or metadata of this host."""
    known = {"url", "headers", "format"}
    if not isinstance(source, Mapping) or set(source) - known or urlsplit(str(source.get("url"))).scheme != "https":
        raise _unfit(
            "private_key", "external accounts work with a credential source that is an https URL, not with other ones"
        )


def _unfit(field: str, why: str) -> InvalidInput:
    return InvalidInput(f"Google Compute Engine cannot use these credentials: {why}.", field=field)
