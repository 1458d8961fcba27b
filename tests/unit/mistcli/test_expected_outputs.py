"""The outputs that the documentation promises, cell by cell (see `expected/`)."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

EXPECTED = Path(__file__).parent / "expected"


def cells(text: str) -> list[list[str]]:
    """Rows of a bordered table as their cells; other lines as their words."""
    rows = []
    for line in text.strip().splitlines():
        if set(line.strip()) <= {"+", "-"}:
            continue
        if line.strip().startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif line.strip():
            rows.append(line.split())
    return [row for row in rows if any(row)]


def expected(name: str) -> list[list[str]]:
    return cells((EXPECTED / f"{name}.txt").read_text())


@pytest.fixture
def documented(service: RestStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The providers, regions and machines that the documentation shows; today there are more."""
    listed = {word for row in expected("list-providers") for word in row}
    providers = [
        {**item, "regions": [region for region in item["regions"] if region["id"] in listed]}
        for item in records.providers()
        if item["id"] in listed
    ]
    monkeypatch.setattr(records, "providers", lambda: providers)
    service.machines = service.machines[:1]
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


REMARK = re.compile(r"(Retired by their vendors|Whether their vendors still answer)\b")  # below the table of providers


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list-providers", ["list-providers"]),
        ("list-providers-pretty", ["list-providers", "--pretty"]),
        ("list-backends", ["list-backends"]),
        ("list-backends-pretty", ["list-backends", "--pretty"]),
        ("describe-backend", ["describe-backend", "Icehouse"]),
        ("describe-backend", ["describe-backend", "4ukW6Juooqa8bTu2YgM4mE8RAsk7"]),
        ("describe-backend", ["describe-backend", "--id", "4ukW6Juooqa8bTu2YgM4mE8RAsk7"]),
        ("describe-backend", ["describe-backend", "--name", "Icehouse"]),
        ("list-images", ["list-images", "--backend", "Juno"]),
        ("list-images-pretty", ["list-images", "--backend", "Juno", "--pretty"]),
        ("list-sizes-pretty", ["list-sizes", "--backend", "Docker", "--pretty"]),
        ("list-locations-pretty", ["list-locations", "--backend", "Docker", "--pretty"]),
        ("user-info", ["user-info"]),
    ],
)
@pytest.mark.usefixtures("documented")
def test_a_documented_output(name: str, words: list[str], mist: Mist) -> None:
    result = mist(*words)

    assert result.code == 0
    assert [line for line in result.err.splitlines() if not REMARK.match(line)] == []
    assert cells(result.out) == expected(name)


def test_keys_are_listed_by_name(mist: Mist) -> None:
    assert mist("list-keys").out.split() == ["DemoKey", "Dummy", "ParisDemo", "TestKey", "testkey"]
    rows = cells(mist("list-keys", "--pretty").out)
    assert rows[0] == ["Name", "Is Default"]
    assert sorted(rows[1:]) == sorted(expected("list-keys-pretty")[1:])


def test_a_key_is_described_in_the_documented_words(mist: Mist) -> None:
    result = mist("describe-key", "Dummy")

    assert result.out == (f"Name: Dummy\n\nPrivate key:\n{records.PRIVATE}\nPuclic key:\n{records.PUBLIC}\n")


def test_a_run_says_the_documented_lines(mist: Mist, service: RestStub) -> None:
    result = mist("run", "--command", "touch something", "--tag", "dev")

    assert result.out == (EXPECTED / "run.txt").read_text()
    assert result.code == 0
    assert service.body("POST", "/runs") == {"command": "touch something", "tag": "dev"}


def test_metrics_are_listed_in_the_documented_columns(mist: Mist) -> None:
    plain = mist("list-metrics", "--machine", "db-server-1").out.splitlines()
    assert plain == [f"{'Load':<50} load.shortterm", f"{'Users':<50} users"]  # blanks at the end of a line are left out
    pretty = cells(mist("list-metrics", "--machine", "db-server-1", "--pretty").out)
    assert pretty == [["Metric Name", "Metric ID"], ["Load", "load.shortterm"], ["Users", "users"]]
