"""Signing in, users and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mistclient.transport import segment

if TYPE_CHECKING:
    from mistclient.transport import Transport


class Accounts:
    """The part of the client that is about who may do what."""

    transport: Transport
    email: str | None

    def sign_in(self, email: str, password: str, name: str | None = None) -> dict[str, Any]:
        """Trade email and password for a session's token, which this client then uses."""
        body = {"email": email, "password": password, **({"name": name} if name else {})}
        return self._adopt(self.transport.call("POST", "/sessions", body=body))

    def set_up(self, code: str, email: str, password: str, name: str = "", account_name: str = "") -> dict[str, Any]:
        """Make the first user of a new service; `code` is the one that the service printed where it was started."""
        given = {"code": code, "email": email, "password": password, "name": name, "account_name": account_name}
        body = {key: value for key, value in given.items() if value}
        return self._adopt(self.transport.call("POST", "/setup", body=body))

    def setup_needed(self) -> bool:
        return bool(self.transport.call("GET", "/setup")["needed"])

    def _adopt(self, session: dict[str, Any]) -> dict[str, Any]:
        self.transport.token = str(session["token"])
        self.email = str(session["user"]["email"])
        return session

    def sign_out(self) -> None:
        """End this session at the service."""
        self.transport.call("DELETE", "/sessions/current")
        self.transport.token = None

    def me(self) -> dict[str, Any]:
        """The user, the account and the scope of this client, with `user_details` and `current_plan`."""
        return dict(self.transport.call("GET", "/me"))

    @property
    def user_details(self) -> dict[str, Any]:
        return self.me()

    def about(self) -> dict[str, Any]:
        """The service's `version` and `python`, its `database` and store of `metrics`, and the `time` there."""
        return dict(self.transport.call("GET", "/about"))

    def users(self) -> list[dict[str, Any]]:
        return list(self.transport.pages("/users"))

    def add_user(self, email: str, password: str, role: str = "operator", name: str = "") -> dict[str, Any]:
        """`role` is `viewer`, `operator` or `admin`."""
        body = {"email": email, "password": password, "role": role, "name": name}
        return dict(self.transport.call("POST", "/users", body=body))

    def update_user(self, user_id: str, **changes: Any) -> dict[str, Any]:
        """Change `role` or `name`."""
        return dict(self.transport.call("PATCH", f"/users/{segment(user_id)}", body=changes) or {})

    def delete_user(self, user_id: str) -> None:
        self.transport.call("DELETE", f"/users/{segment(user_id)}")

    def set_password(self, user_id: str, password: str, current_password: str | None = None) -> None:
        """The current password is needed for one's own."""
        body = {"password": password, **({"current_password": current_password} if current_password else {})}
        self.transport.call("PUT", f"/users/{segment(user_id)}/password", body=body)

    def tokens(self) -> list[dict[str, Any]]:
        return list(self.transport.pages("/tokens"))

    def create_token(self, name: str, scope: str = "read", expires_in_s: int | None = None) -> dict[str, Any]:
        """A token with its text in `token`, which the service shows this once."""
        body = {"name": name, "scope": scope, "expires_in_s": expires_in_s}
        return dict(self.transport.call("POST", "/tokens", body=body))

    def revoke_token(self, token_id: str) -> None:
        self.transport.call("DELETE", f"/tokens/{segment(token_id)}")
