"""Signing in at Keystone: a token and the catalogue of services, by keystoneauth over the backend's own transport.

https://docs.openstack.org/api-ref/identity/v3/ and https://docs.openstack.org/api-ref/identity/v2/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mistserver.domain.errors import (
    MistError,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderNotFound,
    ProviderRejected,
)
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, vendors_words
from mistserver.providers.nova.dialect import dialect
from mistserver.providers.rest import refusal

if TYPE_CHECKING:
    import requests

_VERSION = re.compile(r"/(v3|v2\.0)(/auth)?(/tokens)?$")
_REDIRECTS = (301, 302, 303, 305, 307, 308)
DEFAULT_DOMAIN = "default"  # the id of the domain that every Keystone begins with


@dataclass(frozen=True)
class Credentials:
    """Who signs in, and for which project. Secrets stay out of the repr.

    The domains are `user_domain_id` or `user_domain_name` and their values; likewise for the project.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    project_name: str | None = None
    project_id: str | None = None
    user_domain: Mapping[str, str | None] = field(default_factory=lambda: {"user_domain_id": None})
    project_domain: Mapping[str, str | None] = field(default_factory=lambda: {"project_domain_id": None})
    application_id: str | None = None
    application_name: str | None = None
    application_secret: str | None = field(default=None, repr=False)

    @property
    def project(self) -> str | None:
        return self.project_id or self.project_name

    @property
    def speaks_domains(self) -> bool:
        return any((*self.user_domain.values(), *self.project_domain.values(), self.application_secret))


@dataclass(frozen=True)
class Access:
    """A token, the project that it is for, and the catalogue (keystoneauth's ServiceCatalog)."""

    token: str = field(repr=False)
    project_id: str
    catalogue: Any = field(repr=False)


def root_of(auth_url: str) -> str:
    """The address of Keystone without version and resource, in whichever spelling it was given."""
    return _VERSION.sub("", auth_url.rstrip("/")).rstrip("/")


class Keystone:
    """One identity service. Closed with `close`."""

    def __init__(self, account: Account, auth_url: str, title: str) -> None:
        given = (account.endpoint or auth_url).rstrip("/")
        version = _VERSION.search(given)
        self.given = version[1] if version else None
        self.title = title
        self.path = urlsplit(root_of(given)).path
        parts = urlsplit(given)
        self.http = Http(replace(account, endpoint=None), f"{parts.scheme}://{parts.netloc}")
        self.where = self.http.where
        self.dialect = dialect(title)

    def close(self) -> None:
        self.http.close()

    def sign_in(self, credentials: Credentials) -> Access:
        """ProviderAuthFailed tells whether it is the user or the project that is not accepted, where Keystone does."""
        version = self._version(credentials)
        try:
            return self._token(version, credentials)
        except ProviderAuthFailed as error:
            if credentials.application_secret:
                raise ProviderAuthFailed(
                    f"{self.title} does not accept the application credential; is its secret right, and has it neither "
                    "expired nor been deleted?",
                    **error.facts,
                ) from None
            raise self._who_failed(version, credentials, error) from None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """What keystoneauth asks of a session. Only the path of a URL counts: passwords go to the given host alone."""
        answer = self.http.exchange(
            method,
            urlsplit(url).path,
            params=options.get("params"),
            headers=options.get("headers"),
            body=options.get("data"),
        )
        if answer.status_code in _REDIRECTS:
            to = vendors_words(answer.headers.get("Location", ""), 200)
            raise ProviderBadAnswer(f"{self.where} is no identity service: it leads on to {to or 'nowhere'}.")
        if answer.status_code >= 400:
            raise refusal(answer, self.dialect, self.where)
        return answer

    def _version(self, credentials: Credentials) -> str:
        """An address that names version 3 is taken at its word; else Keystone is asked for the newest that it has."""
        if self.given == "v3":
            return "v3"
        from keystoneauth1 import discover

        try:
            with self._understood():
                told = discover.get_version_data(self._session(), f"{self.http.url}{self.path}/")
                offered = {str(each["id"])[:2] for each in told if _is_identity(each)}
        except (ProviderNotFound, ProviderRejected, ProviderAuthFailed):  # the list of versions may be closed
            return self.given or "v3"
        except ProviderBadAnswer:  # or something else may stand above an address that names the version
            if self.given is None:
                raise
            return self.given
        if "v3" in offered:
            return "v3"
        if "v2" not in offered:
            raise bad_answer(self.where)
        if credentials.speaks_domains:
            raise ProviderRejected(
                f"{self.where} offers version 2 of the identity service only, which knows neither domains nor "
                "application credentials; leave them out."
            )
        return "v2.0"

    def _token(self, version: str, credentials: Credentials) -> Access:
        with self._understood():
            plugin = self._plugin(f"{self.http.url}{self.path}/{version}", version, credentials)
            access = plugin.get_access(self._session())
            return Access(str(access.auth_token), str(access.project_id or ""), access.service_catalog)

    def _plugin(self, url: str, version: str, who: Credentials) -> Any:
        from keystoneauth1.identity import v2, v3

        project = {"project_id": who.project_id, "project_name": None if who.project_id else who.project_name}
        if version == "v2.0":
            project = {name.replace("project", "tenant"): value for name, value in project.items()}
            return v2.Password(url, who.username, who.password, **project)  # type: ignore[arg-type]
        if who.application_secret:
            whose = {} if who.application_id else {"username": who.username, **_domain(who.user_domain)}
            secret, id, name = who.application_secret, who.application_id, who.application_name
            return v3.ApplicationCredential(url, secret, id, name, **whose)  # type: ignore[arg-type]
        scope = {**project, **_domain(who.project_domain)} if project["project_name"] else project
        return v3.Password(url, who.password, username=who.username, **_domain(who.user_domain), **scope)  # type: ignore[arg-type]

    def _who_failed(self, version: str, who: Credentials, error: ProviderAuthFailed) -> ProviderAuthFailed:
        """Keystone answers alike to a wrong password and to a wrong project: without a project it tells."""
        try:
            token = self._token(version, replace(who, project_name=None, project_id=None)).token
            known = self._projects(version, token)
        except ProviderAuthFailed:
            whose = _called(who.user_domain) or "Default"
            where = f" in the domain {whose[:80]!a}" if version == "v3" else ""
            return ProviderAuthFailed(
                f"{self.title} does not accept the user name and the password{where}.", **error.facts
            )
        except MistError:
            return error
        shown = ", ".join(f"{name} (domain {domain})" if domain else name for name, domain in known[:20]) or "none"
        its = _called(who.project_domain)
        where = f" in the domain {its[:80]!a}" if its else ""
        return ProviderAuthFailed(
            f"{self.title} accepts the password, but the user has no project {(who.project or '')[:80]!a}{where}; "
            f"it has {vendors_words(shown)}.",
            **error.facts,
        )

    def _projects(self, version: str, token: str) -> list[tuple[str, str | None]]:
        """The names of a user's projects, with their domains."""
        path, key = ("/v3/auth/projects", "projects") if version == "v3" else ("/v2.0/tenants", "tenants")
        headers = {"X-Auth-Token": token, "Accept": "application/json"}
        with self._understood():
            found = self.request("GET", self.path + path, headers=headers).json()[key]
            return [(str(each["name"]), each.get("domain_id")) for each in found]

    def _session(self) -> Any:
        from keystoneauth1.session import Session

        return Session(session=self, redirect=False, user_agent="mist")  # type: ignore[arg-type]

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """What keystoneauth cannot make sense of is a bad answer."""
        from keystoneauth1.exceptions import ClientException

        try:
            yield
        except (ClientException, LookupError, TypeError, AttributeError, ValueError):
            raise bad_answer(self.where) from None


def _is_identity(version: Mapping[str, Any]) -> bool:
    """Other services have a version 2 too; only Keystone's names its kind."""
    return str(version["id"]).startswith("v3") or "identity" in str(version)


def _called(given: Mapping[str, str | None]) -> str | None:
    return next(filter(None, given.values()), None)


def _domain(given: Mapping[str, str | None]) -> dict[str, str | None]:
    """As given; what says nothing of domains means the default one."""
    if any(given.values()):
        return dict(given)
    return {name: DEFAULT_DOMAIN if name.endswith("_id") else None for name in given}
