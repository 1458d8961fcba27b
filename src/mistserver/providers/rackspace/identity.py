"""Signing in at Rackspace with an API key: https://docs.rackspace.com/docs/cloud-identity/v2/"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from mistserver.domain.errors import ProviderAuthFailed
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.nova.dialect import dialect
from mistserver.providers.nova.identity import Access, root_of
from mistserver.providers.rest import Rest, refusal

IDENTITY = "https://identity.api.rackspacecloud.com"
FIRST_IDENTITY = {"us": "https://auth.api.rackspacecloud.com", "uk": "https://lon.auth.api.rackspacecloud.com"}


def sign_in(account: Account, title: str) -> Access:
    """A token and the catalogue, by the key's own extension to version 2 of the identity service."""
    given = account.settings
    rest = Rest(Http(replace(account, endpoint=None), root_of(account.endpoint or IDENTITY)), dialect(title))
    try:
        key = {"username": given.username, "apiKey": given.api_key}
        answer = rest.post("/v2.0/tokens", {"auth": {"RAX-KSKEY:apiKeyCredentials": key}})
    finally:
        rest.close()
    from keystoneauth1.access import AccessInfoV2

    with understood(rest.where):
        access = AccessInfoV2(answer, auth_token=str(answer["access"]["token"]["id"]))
        return Access(str(access.auth_token), str(access.tenant_id or ""), access.service_catalog)


def first_sign_in(account: Account, title: str, country: str) -> tuple[str, str]:
    """The token and the address of the first generation's servers, by version 1 of the identity service."""
    given = account.settings
    http = Http(replace(account, endpoint=None), root_of(account.endpoint or FIRST_IDENTITY[country]))
    try:
        answer = http.exchange("GET", "/v1.0", headers={"X-Auth-User": given.username, "X-Auth-Key": given.api_key})
    finally:
        http.close()
    if answer.status_code in (401, 403):
        raise ProviderAuthFailed(f"{title} does not accept the user name and the API key.", status=answer.status_code)
    if not 200 <= answer.status_code < 300:
        raise refusal(answer, dialect(title), http.where)
    token, url = answer.headers.get("X-Auth-Token"), answer.headers.get("X-Server-Management-Url", "")
    if not token or urlsplit(url).scheme not in ("http", "https"):
        raise bad_answer(http.where, answer.content)
    return token, url
