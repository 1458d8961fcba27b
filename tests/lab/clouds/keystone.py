"""Keystone's versions 2 and 3 and Rackspace's key, as https://docs.openstack.org/api-ref/identity/ describes them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

USERNAME, PASSWORD, PROJECT = "ada", "right", "demo"
PROJECT_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
DENIED = "The request you have made requires authentication."


@dataclass(frozen=True)
class Service:
    """One entry of the catalogue; `path` may hold {tenant}. No region is no region."""

    type: str
    name: str
    path: str
    regions: tuple[str, ...]


class Keystone(StandIn):
    """Signs in, and checks the token of every other call. The catalogue names the host that was asked for it."""

    catalogue: tuple[Service, ...] = ()
    versions: tuple[str, ...] = ("v2.0", "v3")
    key_name = "passwordCredentials"

    def __init__(self, username: str = USERNAME, password: str = PASSWORD, project: str = PROJECT) -> None:
        super().__init__()
        self.username, self.password, self.project = username, password, project
        self.tokens: dict[str, bool] = {}  # token -> whether it is for the project

    def authorize(self, request: Request) -> Reply | None:
        open_paths = {"/", "/v2.0/tokens", "/v3/auth/tokens", "/v1.0"}
        if request.path in open_paths or request.headers.get("x-auth-token") in self.tokens:
            return None
        return _refused(401, DENIED)

    @route("GET", "/")
    def discover(self, request: Request) -> Answer:
        kind = {"base": "application/json", "type": "application/vnd.openstack.identity+json"}
        shown = [{"id": each, "status": "stable", "links": [], "media-types": [kind]} for each in self.versions]
        return Reply(300, {"versions": {"values": shown}})

    @route("POST", "/v2.0/tokens")
    def second(self, request: Request) -> Answer:
        auth = request.json["auth"]
        given = auth.get(self.key_name) or {}
        if "v2.0" not in self.versions or given.get("username") != self.username or not self._is_right(given):
            return _refused(401, DENIED)
        project = auth.get("tenantName") or auth.get("tenantId") or (self.project if "apiKey" in given else None)
        if project not in (self.project, PROJECT_ID, None):
            return _refused(401, DENIED)
        token: dict[str, Any] = {"id": self._token(scoped=project is not None), "expires": "2999-01-01T00:00:00Z"}
        if project is not None:
            token["tenant"] = {"id": PROJECT_ID, "name": self.project}
        shown = self._catalogue(request, "publicURL") if project is not None else []
        user = {"id": "u1", "name": self.username, "roles": []}
        return {"access": {"token": token, "user": user, "serviceCatalog": shown}}

    @route("POST", "/v3/auth/tokens")
    def third(self, request: Request) -> Answer:
        auth = request.json["auth"]
        user = auth["identity"].get("password", {}).get("user", {})
        if "v3" not in self.versions or not self._is_user(user):
            return _refused(401, DENIED)
        scope = auth.get("scope", {}).get("project")
        if scope is not None and not self._is_project(scope):
            return _refused(401, DENIED)
        token: dict[str, Any] = {"methods": ["password"], "expires_at": "2999-01-01T00:00:00Z", "user": {"id": "u1"}}
        if scope is not None:
            token |= {"project": {"id": PROJECT_ID, "name": self.project}, "catalog": self._catalogue(request, "url")}
        return Reply(201, {"token": token}, {"X-Subject-Token": self._token(scoped=scope is not None)})

    @route("GET", "/v3/auth/projects")
    def projects(self, request: Request) -> Answer:
        return {"projects": [{"id": PROJECT_ID, "name": self.project, "domain_id": "default"}]}

    @route("GET", "/v2.0/tenants")
    def tenants(self, request: Request) -> Answer:
        return {"tenants": [{"id": PROJECT_ID, "name": self.project}]}

    def scoped(self, request: Request) -> bool:
        return self.tokens.get(request.headers.get("x-auth-token", ""), False)

    def _is_right(self, given: dict[str, Any]) -> bool:
        return bool(given.get("password", given.get("apiKey")) == self.password)

    def _is_user(self, user: dict[str, Any]) -> bool:
        known = user.get("name") == self.username and user.get("password") == self.password
        return known and _is_default(user.get("domain"))

    def _is_project(self, project: dict[str, Any]) -> bool:
        by_name = project.get("name") == self.project and _is_default(project.get("domain"))
        return by_name or project.get("id") == PROJECT_ID

    def _token(self, *, scoped: bool) -> str:
        token = secrets.token_hex(16)
        self.tokens[token] = scoped
        return token

    def _catalogue(self, request: Request, kind: str) -> list[dict[str, Any]]:
        host = request.headers["host"]
        shown = []
        for service in self.catalogue:
            url = f"http://{host}{service.path.format(tenant=PROJECT_ID)}"
            places = [{"region": each} if each else {} for each in service.regions or ("",)]
            if kind == "url":
                ends = [{"interface": "public", "url": url, "region_id": p.get("region"), **p} for p in places]
            else:
                ends = [{kind: url, "tenantId": PROJECT_ID, **place} for place in places]
            shown.append({"type": service.type, "name": service.name, "endpoints": ends})
        return shown


def _is_default(domain: Any) -> bool:
    return domain in ({"id": "default"}, {"name": "Default"})


def _refused(status: int, message: str) -> Reply:
    return Reply(status, {"error": {"code": status, "title": "Unauthorized", "message": message}})
