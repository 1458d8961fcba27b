"""What backends, keys and machines have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistclient.client import MistClient


class Thing:
    """One thing of the service. `record` is what the API last said of it; reading an attribute asks nothing."""

    def __init__(self, client: MistClient, record: dict[str, Any]) -> None:
        self._client = client
        self.record = record

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def name(self) -> str:
        return str(self.record["name"])
