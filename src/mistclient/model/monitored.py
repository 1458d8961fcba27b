"""The monitoring members of a machine, which this version answers with one clear error."""

from __future__ import annotations

from typing import Any, NoReturn

from mistclient.errors import NotSupported


def refuse() -> NoReturn:
    raise NotSupported("Monitoring is not part of this version of Mist.", details={"feature": "monitoring"})


class Monitored:
    """What a machine will be able to tell once monitoring is part of Mist."""

    def enable_monitoring(self, no_ssh: bool = False) -> dict[str, Any]:
        refuse()

    def disable_monitoring(self, no_ssh: bool = False) -> dict[str, Any]:
        refuse()

    def get_stats(self, start: float | None = None, stop: float | None = None, step: int = 10) -> dict[str, Any]:
        refuse()

    @property
    def available_metrics(self) -> dict[str, Any]:
        refuse()

    def add_metric(self, metric_id: str) -> None:
        refuse()

    def remove_metric(self, metric_id: str) -> None:
        refuse()

    def add_python_plugin(
        self, name: str, python_file: str, value_type: str = "gauge", unit: str | None = None
    ) -> dict[str, Any]:
        refuse()
