"""The rules that are about one machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistclient.client import MistClient


class Ruled:
    """The members of a machine that are about rules and alerts; see `MistClient` for what they take."""

    _client: MistClient

    @property
    def id(self) -> str:
        raise NotImplementedError

    def rules(self) -> list[dict[str, Any]]:
        """Those of this machine alone; rules for tags are among `MistClient.rules()`."""
        return self._client.rules(self.id)

    def add_rule(self, metric: str, operator: str = "gt", value: float | None = None, **options: Any) -> dict[str, Any]:
        return self._client.add_rule(metric, operator, value, machine=self.id, **options)

    def alerts(self, state: str | None = None) -> list[dict[str, Any]]:
        """Those that are pending or firing; with `state` others."""
        return self._client.alerts(state, machine=self.id)

    def silence(self, duration_s: float, reason: str = "") -> dict[str, Any]:
        """No alert of this machine tells anybody or acts for so long."""
        return self._client.silence(duration_s, machine=self.id, reason=reason)
