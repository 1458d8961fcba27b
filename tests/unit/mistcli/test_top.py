"""The table of all monitored machines."""

from __future__ import annotations

import json

from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist


def monitored(name: str, cpu: float | None) -> dict[str, object]:
    metrics = {"cpu.total.nonidle": cpu, "interface.total.if_octets.rx": 1500.0}
    heard = {"newest_at": "2026-11-23T12:00:00Z", "age_s": 4.0 if cpu else 400.0, "silent": cpu is None}
    return {"machine_id": f"id-{name}", "name": name, "interval_s": 10, **heard, "metrics": metrics}


def test_the_busiest_machine_is_the_first(mist: Mist, service: RestStub) -> None:
    service.monitored = [monitored("idle", 2.0), monitored("silent", None), monitored("busy", 97.25)]

    told = mist("top", "-o", "table")

    assert told.code == 0
    rows = [line for line in told.out.splitlines() if "1.5k" in line]
    assert [next(name for name in ("busy", "idle", "silent") if name in row) for row in rows] == [
        "busy",
        "idle",
        "silent",
    ]
    assert "97.2" in rows[0]
    assert "4 s ago" in rows[0]
    assert "silent for 7 min" in rows[2]
    assert mist("top") == told


def test_a_program_gets_the_numbers_once(mist: Mist, service: RestStub) -> None:
    service.monitored = [monitored("one", 1.0)]

    assert json.loads(mist("top", "-o", "json").out) == service.monitored


def test_without_monitored_machines_that_is_said(mist: Mist, service: RestStub) -> None:
    assert mist("top") == (0, "No machine is monitored\n", "")
