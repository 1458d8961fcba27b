"""What the list of providers says beside its table."""

from __future__ import annotations

import json

from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

ACME = {
    "id": "acme", "title": "acme", "regions": [], "state": "unknown", "retired_since": None, "package": "mist-acme",
    "available": False, "unavailable_because": "The provider 'acme' of the package 'mist-acme' cannot be loaded.",
    "settings": [], "capabilities": [],
}  # fmt: skip


def test_retired_and_doubtful_vendors_are_marked_below_the_table(mist: Mist) -> None:
    plain, pretty, programs = (
        mist("list-providers"),
        mist("list-providers", "--pretty"),
        mist("list-providers", "-o", "csv"),
    )

    assert plain.err == pretty.err
    retired, doubtful = plain.err.splitlines()
    assert retired.startswith("Retired by their vendors")
    assert all(f"{id} ({since})" in retired for id, since in (("azure", 2024), ("nephoscale", 2018), ("hpcloud", 2016)))
    assert doubtful == "Whether their vendors still answer is not known: indonesian_vcloud."
    assert programs.err == ""


def test_state_and_capabilities_are_columns_too(mist: Mist) -> None:
    lines = mist("list-providers", "--columns", "provider,state,retired_since", "-o", "csv").out.splitlines()
    heading = mist("list-providers", "-o", "wide").out.splitlines()[1]

    assert lines[0] == "provider,state,retired_since"
    assert {"azure,retired,2024", "indonesian_vcloud,unknown,", "docker,live,"} <= set(lines)
    assert all(title in heading for title in ("Provider ID", "State", "Retired Since", "Capabilities"))


def test_json_holds_what_a_form_needs(mist: Mist) -> None:
    ec2 = next(one for one in json.loads(mist("list-providers", "-o", "json").out) if one["id"] == "ec2")

    secret = next(setting for setting in ec2["settings"] if setting["name"] == "api_secret")
    assert {"name", "help", "default", "secret", "required", "kind", "flag"} <= set(secret)
    assert (secret["secret"], secret["required"]) == (True, True)
    assert (ec2["state"], "resize" in ec2["capabilities"]) == ("live", True)


def test_a_provider_of_another_package_that_is_broken_is_named(mist: Mist, service: RestStub) -> None:
    service.scripted[("GET", "/providers")] = [(200, {"items": [*records.providers(), ACME]})]

    result = mist("list-providers")

    assert result.code == 0
    assert result.err.splitlines()[-1] == ACME["unavailable_because"]
    assert "acme" in result.out
