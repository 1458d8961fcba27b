"""Which machines are monitored, and which of them are silent, in listings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mistclient import MistClient
from tests.support.rest_stub import TOKEN, RestStub
from tests.unit.mistcli.conftest import Mist


def heard(age_s: float | None, silent: bool | None) -> dict[str, Any]:
    newest_at = None if age_s is None else "2026-11-23T12:00:00Z"
    return {"way": "agent", "interval_s": 10, "enabled_at": "2026-11-23T11:00:00Z"} | {
        "newest_at": newest_at,
        "age_s": age_s,
        "silent": silent,
    }


@pytest.mark.parametrize(
    ("monitoring", "shown"),
    [
        (heard(3.4, False), "3 s ago"),
        (heard(300.0, True), "silent for 5 min"),
        (heard(None, False), "nothing came yet"),
        (heard(None, True), "silent: nothing came"),
        (heard(None, None), "unknown"),
        (None, ""),
    ],
)
def test_a_listing_says_how_old_the_newest_sample_is(
    mist: Mist, service: RestStub, monitoring: dict[str, Any] | None, shown: str
) -> None:
    first = service.machines[0]
    service.heard = {} if monitoring is None else {first["id"]: monitoring}

    told = mist("list-machines", "--columns", "name,monitoring", "-o", "csv")

    assert told.out.splitlines()[1] == f"{first['name']},{shown}"
    assert ("Monitoring: " + shown in mist("describe-machine", first["name"]).out) == bool(shown)


def test_it_is_asked_for_only_where_it_is_shown(mist: Mist, service: RestStub) -> None:
    service.heard = {service.machines[0]["id"]: heard(3.0, False)}

    assert "monitoring" not in mist("list-machines").out
    assert "Monitoring" not in mist("list-machines", "--pretty").out
    assert not any(seen.query.get("monitoring") for seen in service.seen)
    assert "3 s ago" in mist("list-machines", "-o", "wide").out
    first, second, *_ = json.loads(mist("list-machines", "-o", "json").out)
    assert (first["monitoring"]["age_s"], second["monitoring"]) == (3.0, None)


def test_python_asks_of_one_machine(service: RestStub) -> None:
    client = MistClient(service.uri, api_token=TOKEN)
    machine = client.machines(id=service.machines[0]["id"])[0]

    before = machine.monitoring
    service.heard = {machine.id: heard(3.0, False)}
    assert (before, machine.monitoring) == (None, heard(3.0, False))
    client.close()
