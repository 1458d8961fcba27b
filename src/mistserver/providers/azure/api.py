"""Calls to Azure's service management API through libcloud's driver: its documents, our transport and errors.

https://learn.microsoft.com/en-us/previous-versions/azure/ee460799(v=azure.100)
"""

from __future__ import annotations

import re
from html import unescape
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import (
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderUnreachable,
)
from mistserver.providers.base import Account
from mistserver.providers.http import Http, at
from mistserver.providers.libcloud_base import Libcloud
from mistserver.providers.rest import Dialect, Said

TITLE = "Azure"
_ERROR = re.compile(r"<Error\b[^>]*>.*?<Code>([^<]*)</Code>.*?<Message>([^<]*)</Message>", re.DOTALL)

# https://learn.microsoft.com/en-us/previous-versions/azure/ee460801(v=azure.100)
_KINDS = MappingProxyType(
    {
        "AuthenticationFailed": ProviderAuthFailed,
        "ForbiddenError": ProviderAuthFailed,
        "SubscriptionDisabled": ProviderAuthFailed,
        "ResourceNotFound": ProviderNotFound,
        "TooManyRequests": ProviderRateLimited,
        "ServerBusy": ProviderUnreachable,
        "InternalError": ProviderUnreachable,
    }
)
_WORDS = ((re.compile(r"exceed|quota|not available|insufficient", re.IGNORECASE), ProviderQuota),)


def _said(body: str) -> Said | None:
    match = _ERROR.search(body)
    return None if match is None else Said(code=unescape(match[1]).strip(), words=unescape(match[2]))


def _goes_on(self: Any, *arguments: Any, **options: Any) -> None:
    """In place of the driver's waiting for what goes on at Azure."""


class Api:
    """One subscription. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        settings = account.settings
        http = Http(account, "https://management.core.windows.net", client_pem=settings.certificate)
        self.where = http.where
        self.subscription = str(settings.subscription_id)
        dialect = Dialect(TITLE, _said, _KINDS, _WORDS, decode=bytes.decode)
        waits = {"_ex_complete_async_azure_operation": _goes_on}
        try:
            self.libcloud = Libcloud("azure", http, dialect, self.subscription, "", **waits)
        except BaseException:
            http.close()
            raise

    def close(self) -> None:
        self.libcloud.close()

    def read(self, path: str, name: str) -> Any:
        """A document as the driver's class of this name holds it."""
        return self.libcloud.call("_perform_get", self.path(path), self.libcloud.named(name))

    def found(self, path: str, name: str) -> Any:
        """As `read`; None for what Azure does not know."""
        try:
            return self.read(path, name)
        except ProviderNotFound:
            return None

    def send(self, path: str, document: str) -> None:
        """A change that goes on at Azure after its answer, in which nothing stands."""
        self.libcloud.call("_perform_post", self.path(path), document)

    def delete(self, path: str) -> None:
        self.libcloud.call("_perform_cloud_service_delete", self.path(path))

    def path(self, path: str) -> str:
        return at("/{}", self.subscription) + path
