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


KNOWN_TO_THE_SERVICE = {
    **ACME,
    "title": "Acme Cloud", "available": True, "unavailable_because": None, "supported_as": {},
    "settings": [
        {"name": "user", "help": "User, 100 % yours", "flag": "acme-user", "kind": "text", "secret": False,
         "required": True, "default": None, "aliases": []},
        {"name": "token", "help": "Token", "flag": "acme-token", "kind": "text", "secret": True, "required": True,
         "default": None, "aliases": []},
    ],
}  # fmt: skip
ADD = ("add-backend", "--provider", "acme")


def newer(service: RestStub) -> None:
    service.scripted[("GET", "/providers")] = [
        (200, {"items": [*records.providers(), KNOWN_TO_THE_SERVICE]}) for _ in range(3)
    ]


def test_flags_of_a_provider_that_only_the_service_knows_are_taken(mist: Mist, service: RestStub) -> None:
    newer(service)

    result = mist(*ADD, "--name", "A", "--acme_user=me", "--acme--token", "-secret-", "--endpoint", "https://a.example")

    assert (result.code, result.out) == (0, "New backend added\n"), result.err
    assert service.body("POST", "/backends") == {
        "provider": "acme",
        "name": "A",
        "endpoint": "https://a.example",
        "settings": {"user": "me", "token": "-secret-"},
    }


def test_such_a_flag_with_another_provider_is_a_usage_error(mist: Mist, service: RestStub) -> None:
    newer(service)

    result = mist("add-backend", "--provider", "docker", "--docker-host", "h", "--acme-user", "me")

    assert result.code == 2
    assert "--acme-user is for Acme Cloud, not for Docker" in result.err


def test_what_such_a_provider_needs_is_said(mist: Mist, service: RestStub) -> None:
    newer(service)

    assert "Acme Cloud needs --acme-token (Token)" in mist(*ADD, "--acme-user", "me").err


def test_an_option_that_nobody_knows_is_a_usage_error_with_or_without_a_service(mist: Mist, service: RestStub) -> None:
    asked = mist("add-backend", "--provider", "docker", "--docker-hots", "h")
    alone = mist("--mist-uri", "http://127.0.0.1:1", "add-backend", "--provider", "docker", "--docker-hots", "h")

    assert (asked.code, alone.code) == (2, 2)
    assert asked.err == alone.err
    assert "There is no option --docker-hots of `mist add-backend`; did you mean --docker-host" in asked.err
