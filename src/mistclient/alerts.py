"""Rules on metrics, the alerts that they make, silences, and the channels that are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mistclient.transport import segment

if TYPE_CHECKING:
    from mistclient.transport import Transport


class Alerts:
    """The part of the client that is about rules and what becomes of them. Records are dictionaries."""

    transport: Transport

    def rules(self, machine: object = None) -> list[dict[str, Any]]:
        """All rules by name; with a machine (or its id) those that are about it alone."""
        return list(self.transport.pages("/rules", {"machine": getattr(machine, "id", machine)}))

    def rule(self, rule_id: str) -> dict[str, Any]:
        return dict(self.transport.call("GET", f"/rules/{segment(rule_id)}"))

    def add_rule(
        self,
        metric: str,
        operator: str = "gt",
        value: float | None = None,
        machine: object = None,
        tag: str | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """A rule for one machine (or its id), or for every monitored machine with a tag.

        Options: `aggregate` ("all", "any", "avg"), `window_s`, `for_s`, `action` ("notify", "command", "script",
        "reboot", "start", "destroy"), `command`, `script` (its text), `sudo`, `allow_destroy`, `channels` (names or
        ids; without any all are told), `reminder_offset_s`, `name`.
        """
        about = {"machine_id": getattr(machine, "id", machine), "tag": tag}
        asked = {"metric": metric, "operator": operator, "value": value, **about, **options}
        body = {name: given for name, given in asked.items() if given is not None}
        return dict(self.transport.call("POST", "/rules", body=body))

    def update_rule(self, rule_id: str, **changes: Any) -> dict[str, Any]:
        """Change what `add_rule` takes but the machine or tag, or `enabled`."""
        return dict(self.transport.call("PATCH", f"/rules/{segment(rule_id)}", body=changes))

    def delete_rule(self, rule_id: str) -> None:
        """With its alerts."""
        self.transport.call("DELETE", f"/rules/{segment(rule_id)}")

    def alerts(
        self, state: str | None = None, rule_id: str | None = None, machine: object = None
    ) -> list[dict[str, Any]]:
        """The newest first: those that are pending or firing, or with `state` "resolved", "all" or one of the two."""
        query = {"state": state, "rule": rule_id, "machine": getattr(machine, "id", machine)}
        return list(self.transport.pages("/alerts", query))

    def alert(self, alert_id: str) -> dict[str, Any]:
        return dict(self.transport.call("GET", f"/alerts/{segment(alert_id)}"))

    def silences(self) -> list[dict[str, Any]]:
        """Those that hold now."""
        return list(self.transport.call("GET", "/silences")["items"])

    def silence(
        self,
        duration_s: float,
        rule_id: str | None = None,
        machine: object = None,
        tag: str | None = None,
        reason: str = "",
    ) -> dict[str, Any]:
        """For so long no alert tells anybody or acts that matches all that is given; without anything, none at all."""
        about = {"rule_id": rule_id, "machine_id": getattr(machine, "id", machine), "tag": tag}
        given = {name: value for name, value in about.items() if value is not None}
        body = {"duration_s": duration_s, "reason": reason, **given}
        return dict(self.transport.call("POST", "/silences", body=body))

    def end_silence(self, silence_id: str) -> None:
        self.transport.call("DELETE", f"/silences/{segment(silence_id)}")

    def channels(self) -> list[dict[str, Any]]:
        """By name, without their URLs."""
        return list(self.transport.pages("/channels"))

    def add_channel(self, name: str, url: str) -> dict[str, Any]:
        """`url` is a receiver's (`mailtos://...`, `jsons://...`, `slack://...`); it is kept as a secret."""
        return dict(self.transport.call("POST", "/channels", body={"name": name, "url": url}))

    def test_channel(self, channel_id: str) -> None:
        """Send a message on it now; ReceiverError when it is not taken."""
        self.transport.call("POST", f"/channels/{segment(channel_id)}/test", timeout_s=60.0)

    def delete_channel(self, channel_id: str) -> None:
        self.transport.call("DELETE", f"/channels/{segment(channel_id)}")
