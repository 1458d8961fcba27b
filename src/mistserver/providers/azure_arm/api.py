"""Calls to Azure Resource Manager for one subscription, and its refusals as errors of ours.

https://learn.microsoft.com/en-us/rest/api/azure/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnreachable,
)
from mistserver.providers.base import Account
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import bad_answer
from mistserver.providers.rest import Dialect, Json, Rest, Said, by_link, decoded, refusal

TITLE = "Azure Resource Manager"
GROUP = "mist"  # where machines go when the backend names no resource group

COMPUTE = "2024-07-01"
NETWORK = "2024-05-01"
RESOURCES = "2021-04-01"
SKUS = "2021-07-01"
SUBSCRIPTIONS = "2022-12-01"

# Each of Microsoft's clouds has its own service for tokens; an endpoint of another kind has it beside the API.
_LOGINS = MappingProxyType(
    {
        "management.azure.com": "https://login.microsoftonline.com",
        "management.usgovcloudapi.net": "https://login.microsoftonline.us",
        "management.chinacloudapi.cn": "https://login.chinacloudapi.cn",
    }
)

# https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/common-deployment-errors
KINDS = MappingProxyType(
    {
        "QuotaExceeded": ProviderQuota,
        "ResourceQuotaExceeded": ProviderQuota,
        "SkuNotAvailable": ProviderQuota,
        "AllocationFailed": ProviderQuota,
        "ZonalAllocationFailed": ProviderQuota,
        "OverconstrainedAllocationRequest": ProviderQuota,
        "OverconstrainedZonalAllocationRequest": ProviderQuota,
        "PublicIPCountLimitReached": ProviderQuota,
        "PlatformImageNotFound": ProviderNotFound,
        "ImageNotFound": ProviderNotFound,
        "SubscriptionNotFound": ProviderAuthFailed,
        "InvalidSubscriptionId": ProviderAuthFailed,
        "ReadOnlyDisabledSubscription": ProviderAuthFailed,
        "invalid_client": ProviderAuthFailed,
        "unauthorized_client": ProviderAuthFailed,
        "invalid_tenant": ProviderAuthFailed,
        "invalid_request": ProviderAuthFailed,
        "TooManyRequests": ProviderRateLimited,
        "SubscriptionRequestsThrottled": ProviderRateLimited,
        "temporarily_unavailable": ProviderUnreachable,
    }
)
_WORDS = ((re.compile(r"exceed\w* (approved|quota)|quota limit", re.IGNORECASE), ProviderQuota),)


def said(body: Any) -> Said:
    """The reason stands innermost: what refuses a deployment only says that one of its parts was refused."""
    error = body["error"]
    if isinstance(error, str):
        return Said(code=error, words=str(body.get("error_description") or "").partition("Trace ID:")[0])
    while error.get("details"):
        inner = next((each for each in error["details"] if isinstance(each, dict) and each.get("code")), None)
        if inner is None:
            break
        error = inner
    return Said(code=str(error["code"]), words=str(error.get("message") or ""))


DIALECT = Dialect(TITLE, said, KINDS, _WORDS)


class Api:
    """One subscription. Closed with `close`; one thread at a time. A token is asked for before the first call."""

    def __init__(self, account: Account) -> None:
        settings = account.settings
        self.subscription = str(settings.subscription_id)
        self.group: str | None = settings.resource_group
        self._account = account
        self._rest = Rest(Http(account, "https://management.azure.com"), DIALECT)
        self.where = self._rest.where

    def close(self) -> None:
        self._rest.close()

    @property
    def whole(self) -> str:
        """The path of the subscription."""
        return at("/subscriptions/{}", self.subscription)

    @property
    def scope(self) -> str:
        """The path within which machines are listed."""
        return self.whole if self.group is None else self.within(self.group)

    def within(self, group: str) -> str:
        return at("/subscriptions/{}/resourceGroups/{}", self.subscription, group)

    def get(self, path: str, version: str, **params: Any) -> Json:
        return self._signed_in().get(path, **{"api-version": version, **params})

    def found(self, path: str, version: str, **params: Any) -> Json | None:
        """As `get`; None for what Azure does not know."""
        return self._signed_in().found(path, **{"api-version": version, **params})

    def names(self, path: str) -> list[str]:
        """A listing that comes as a bare array of things with names; nothing when Azure does not know the path."""
        try:
            answer = self._signed_in().call("GET", path, params={"api-version": COMPUTE})
        except ProviderNotFound:
            return []
        if not isinstance(answer, list) or not all(isinstance(item, dict) and "name" in item for item in answer):
            raise bad_answer(self.where)
        return [str(item["name"]) for item in answer]

    def pages(self, path: str, version: str, **params: Any) -> list[Json]:
        """Everything at a path."""
        follow = by_link(lambda body: body.get("nextLink"))
        return self._signed_in().pages(path, "value", follow, **{"api-version": version, **params})

    def raw(self, path: str, version: str, params: Mapping[str, Any]) -> bytes:
        """An answer as it came: some are too large to be read in whole."""
        return self._signed_in().ask("GET", path, params={"api-version": version, **params}).content

    def put(self, path: str, version: str, body: Json, headers: Mapping[str, str] | None = None) -> Json:
        answer = self._signed_in().call("PUT", path, params={"api-version": version}, body=body, headers=headers)
        if not isinstance(answer, dict):
            raise bad_answer(self.where)
        return answer

    def order(self, method: str, path: str, version: str, body: Any = None) -> None:
        """A change that goes on at Azure after its answer, in which nothing stands."""
        self._signed_in().ask(method, path, params={"api-version": version}, body=body)

    def _signed_in(self) -> Rest:
        if "Authorization" not in self._rest.headers:
            self._rest.headers["Authorization"] = f"Bearer {self._token()}"
        return self._rest

    def _token(self) -> str:
        """A service principal's token by OAuth 2.0's client credentials, from where its cloud gives them."""
        api = urlsplit(self._rest.http.url)
        login = _LOGINS.get(api.hostname or "")
        http = self._rest.http if login is None else Http(replace(self._account, endpoint=None), login)
        settings = self._account.settings
        audience = f"https://{api.hostname}" if login else "https://management.azure.com"
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "scope": f"{audience}/.default",
        }
        try:
            answer = http.exchange(
                "POST",
                at("/{}/oauth2/v2.0/token", settings.tenant_id),
                headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                body=urlencode(form),
            )
        finally:
            if login is not None:
                http.close()
        if answer.status_code != 200:
            raise refusal(answer, DIALECT, http.where)
        body = decoded(answer.content, http.where)
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token.isprintable():
            raise bad_answer(http.where, answer.content)
        return token
