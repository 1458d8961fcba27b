"""Calls to a cluster's API: objects, pages of them, and its refusals."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mistserver.domain.errors import (
    AlreadyExists,
    Conflict,
    ProviderAuthFailed,
    ProviderNotFound,
    ProviderQuota,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnreachable,
)
from mistserver.providers.base import Account
from mistserver.providers.http import Http, at
from mistserver.providers.http_errors import understood
from mistserver.providers.kubevirt.settings import TITLE, access
from mistserver.providers.rest import Dialect, Json, Rest, Said, by_cursor

MACHINES = "/apis/kubevirt.io/v1{}/virtualmachines"
INSTANCES = "/apis/kubevirt.io/v1{}/virtualmachineinstances"
ORDERS = "/apis/subresources.kubevirt.io/v1{}/virtualmachines"
INSTANCE_ORDERS = "/apis/subresources.kubevirt.io/v1{}/virtualmachineinstances"
_MERGE = {"Content-Type": "application/merge-patch+json"}
_PAGE = 500
_QUOTA = re.compile(r"exceeded quota|exceeds? .*limit|insufficient", re.IGNORECASE)


def _said(body: Any) -> Said | None:
    return Said(str(body.get("reason") or ""), str(body.get("message") or "")) if body["kind"] == "Status" else None


_DIALECT = Dialect(
    TITLE,
    _said,
    kinds={
        "Unauthorized": ProviderAuthFailed,
        "NotFound": ProviderNotFound,
        "Invalid": ProviderRejected,
        "BadRequest": ProviderRejected,
        "AlreadyExists": ProviderRejected,
        "Conflict": ProviderRejected,
        "Expired": ProviderUnreachable,
        "Timeout": ProviderTimeout,
        "ServerTimeout": ProviderTimeout,
        "TooManyRequests": ProviderRateLimited,
    },
    words=((_QUOTA, ProviderQuota),),
)


class Api:
    """One cluster. Closed with `close`; one thread at a time."""

    def __init__(self, account: Account) -> None:
        found = access(account.settings)
        trust = replace(account, ca_pem=account.ca_pem or found.ca_pem)
        headers = {"Authorization": f"Bearer {found.token}"} if found.token else {}
        self._rest = Rest(Http(trust, found.url, client_pem=found.client_pem), _DIALECT, headers)
        self.where = self._rest.where
        self.namespace: str | None = account.settings.namespace
        self._groups: set[str] | None = None

    def close(self) -> None:
        self._rest.close()

    def all(self, path: str, **params: Any) -> list[Json]:
        """Every object, every page, of the backend's namespace or of all. `path` has the place of a namespace."""
        where = path.format(self._within(self.namespace))
        follow = by_cursor(lambda body: (body.get("metadata") or {}).get("continue"), "continue")
        found = self._rest.pages(where, "items", follow, limit=_PAGE, **params)
        with understood(self.where):
            for each in found:
                if not isinstance(each["metadata"]["name"], str):
                    raise TypeError(each["metadata"]["name"])
        return found

    def one(self, path: str, namespace: str, name: str) -> Json:
        return self._rest.get(self._at(path, namespace, name))

    def get(self, path: str) -> Json:
        return self._rest.get(path)

    def make(self, path: str, namespace: str, body: Json) -> Json:
        try:
            return self._rest.post(path.format(self._within(namespace)), body)
        except ProviderRejected as error:
            if error.facts.get("vendor_code") == "AlreadyExists":
                raise AlreadyExists(error.message, **error.facts) from None
            raise

    def change(self, path: str, namespace: str, name: str, body: Json) -> Json:
        """Merged into the object; null takes away. Conflict when a stated version is no longer the object's."""
        try:
            told = self._rest.call("PATCH", self._at(path, namespace, name), body=body, headers=_MERGE)
        except ProviderRejected as error:
            if error.facts.get("vendor_code") == "Conflict":
                raise Conflict("Somebody else changed it at the same moment; try again.", **error.facts) from None
            raise
        with understood(self.where):
            return dict(told)

    def order(self, path: str, namespace: str, name: str, verb: str, body: Json | None = None) -> None:
        """A verb of an object, that is answered with nothing. Conflict when its state forbids that."""
        try:
            self._rest.ask("PUT", f"{self._at(path, namespace, name)}/{verb}", body=body or {})
        except ProviderRejected as error:
            if error.facts.get("status") == 409:
                raise Conflict(error.message, **error.facts) from None
            raise

    def delete(self, path: str, namespace: str, name: str) -> None:
        """What is gone already is no error."""
        try:
            self._rest.ask("DELETE", self._at(path, namespace, name))
        except ProviderNotFound:
            return

    def serves(self, group: str) -> bool:
        """Whether the cluster has that group of the API: an extension that is not installed has no path at all."""
        if self._groups is None:
            told = self._rest.get("/apis")
            with understood(self.where):
                self._groups = {str(each["name"]) for each in told["groups"]}
        return group in self._groups

    def _at(self, path: str, namespace: str, name: str) -> str:
        return f"{path.format(self._within(namespace))}{at('/{}', name)}"

    def _within(self, namespace: str | None) -> str:
        return "" if namespace is None else at("/namespaces/{}", namespace)
