"""An access token from Google, through google-auth, over our own transport."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from mistserver.domain.errors import InvalidInput, MistError, ProviderAuthFailed
from mistserver.providers.base import Account
from mistserver.providers.gce.settings import Json, credentials, is_googles
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, vendors_words
from mistserver.providers.rest import Dialect, decoded, refusal

SCOPES = ("https://www.googleapis.com/auth/compute",)


def access_token(account: Account, http: Http, dialect: Dialect) -> str:
    """A token for Compute Engine, fresh at each call; ProviderAuthFailed when Google gives none.

    With an endpoint of the backend's own that is not Google's, the token is asked for there as well.
    """
    from google.auth import exceptions

    held = credentials(account.settings)
    with ExitStack() as closing:
        way = _Way(account, http, dialect, closing, _source(held))
        try:
            found = _of(held)
            found.refresh(way)
        except MistError:
            raise
        except exceptions.RefreshError as error:
            raise bad_answer(http.where, str(error)) from None
        except (exceptions.GoogleAuthError, ValueError, TypeError, AttributeError, LookupError) as error:
            words = vendors_words(str(error)) if isinstance(error, exceptions.GoogleAuthError) else "a field is missing"
            raise ProviderAuthFailed(f"Google Compute Engine cannot use these credentials: {words}") from None
    if not isinstance(found.token, str) or not found.token.isprintable():
        raise bad_answer(http.where)
    return found.token


@dataclass(frozen=True)
class _Answer:
    """What google-auth takes for an answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class _Way:
    """What google-auth calls to send a request. Refusals never reach it: it would try again, and wait before."""

    def __init__(self, account: Account, http: Http, dialect: Dialect, closing: ExitStack, source: str | None) -> None:
        self._account = account
        self._http = http
        self._dialect = dialect
        self._closing = closing
        self._source = source
        self._redirected = account.endpoint is not None and not is_googles(account.endpoint)

    def __call__(self, url: str, method: str = "GET", body: Any = None, headers: Any = None, **_: Any) -> _Answer:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        sent = {name: str(value) for name, value in (headers or {}).items()}
        http = self._to(url)
        answer = http.exchange(method, path, headers=sent, body=body)
        if answer.status_code != 200:
            raise refusal(answer, self._dialect, http.where)
        if url != self._source and not isinstance(decoded(answer.content, http.where), dict):
            raise bad_answer(http.where)
        return _Answer(200, answer.headers, answer.content)

    def _to(self, url: str) -> Http:
        if url != self._source:
            if self._redirected:
                return self._http
            if not is_googles(url):
                raise InvalidInput(
                    "The credentials name an address for tokens that is not Google's.", field="private_key"
                )
        parts = urlsplit(url)
        http = Http(replace(self._account, endpoint=None), f"{parts.scheme}://{parts.netloc}")
        self._closing.callback(http.close)
        return http


def _of(held: Json) -> Any:
    """google-auth's object for the credentials."""
    found: Any
    if held["type"] == "service_account":
        from google.oauth2 import service_account

        found = service_account.Credentials
        return found.from_service_account_info(held, scopes=SCOPES)
    if held["type"] == "authorized_user":
        from google.oauth2 import credentials as user

        found = user.Credentials
        return found.from_authorized_user_info(held)
    if held["type"] == "impersonated_service_account":
        from google.auth import impersonated_credentials

        found = impersonated_credentials.Credentials
        return found.from_impersonated_service_account_info(held, scopes=SCOPES)
    from google.auth import identity_pool

    found = identity_pool.Credentials
    return found.from_info(held, scopes=SCOPES)


def _source(held: Json) -> str | None:
    source = held.get("credential_source")
    return str(source["url"]) if isinstance(source, dict) and "url" in source else None
