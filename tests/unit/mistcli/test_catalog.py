"""Images, sizes, locations and networks on the command line, and the sizes of all backends."""

from __future__ import annotations

import json

import pytest

from tests.support.rest_records import AT
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

TROUBLE = {"code": "provider_timeout", "message": "Juno did not answer.", "at": AT, "failures": 1}


@pytest.mark.parametrize("noun", ["images", "sizes", "locations", "networks"])
def test_refresh_has_the_provider_asked(mist: Mist, service: RestStub, noun: str) -> None:
    mist(f"list-{noun}", "--backend", "Icehouse")
    mist(f"list-{noun}", "--backend", "Icehouse", "--refresh")

    queries = [seen.query for seen in service.seen if seen.path.endswith(f"/{noun}")]
    assert ["refresh" in query for query in queries] == [False, True]
    assert queries[1]["refresh"] == "true"


@pytest.mark.parametrize("noun", ["images", "sizes", "locations", "networks"])
def test_what_could_not_be_read_anew_is_shown_with_its_age(mist: Mist, service: RestStub, noun: str) -> None:
    service.catalog_reading = {"read_at": AT, "age_s": 720.0, "trouble": TROUBLE}

    result = mist(f"list-{noun}", "--backend", "Icehouse", "-o", "json")

    assert result.code == 0
    assert json.loads(result.out)
    assert result.err == f"Warning: Icehouse: Juno did not answer. (its {noun} are shown as of 12 min ago)\n"


def test_an_older_reading_is_told_to_people_and_not_to_programs(mist: Mist, service: RestStub) -> None:
    service.catalog_reading = {"read_at": AT, "age_s": 240.0, "trouble": None}
    people, programs = (
        mist("list-sizes", "--backend", "Icehouse"),
        mist("list-sizes", "--backend", "Icehouse", "-o", "csv"),
    )
    service.catalog_reading = {"read_at": AT, "age_s": 3.0, "trouble": None}

    assert people.err == "As of 4 min ago; --refresh asks the provider now.\n"
    assert programs.err == ""
    assert mist("list-sizes", "--backend", "Icehouse").err == ""


def test_wide_shows_what_a_size_has_and_costs(mist: Mist, service: RestStub) -> None:
    priced = {"price": 0.0000125, "currency": "USD", "price_date": "2026-03-01"}
    sizes = [{"id": "1", "name": "tiny", "cores": 2.0, "ram_mb": 512, "disk_gb": 25, **priced}]
    answer = (200, {"items": sizes, "next_cursor": None})
    service.scripted[("GET", "/backends/4ukW6Juooqa8bTu2YgM4mE8RAsk7/sizes")] = [answer, answer, answer]

    wide = mist("list-sizes", "--backend", "Icehouse", "-o", "wide").out.splitlines()
    some = mist("list-sizes", "--backend", "Icehouse", "--columns", "id,ram_mb,price", "-o", "csv").out
    told = json.loads(mist("list-sizes", "--backend", "Icehouse", "-o", "json").out)

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in wide if line.startswith("|")]
    assert cells == [
        ["Name", "ID", "Cores", "RAM MB", "Disk GB", "Price", "Currency", "Price Date"],
        ["tiny", "1", "2", "512", "25", "0.0000125", "USD", "2026-03-01"],
    ]
    assert some == "id,ram_mb,price\n1,512,0.0000125\n"
    assert told == sizes


def test_the_sizes_of_all_backends_are_one_listing_that_names_who_failed(mist: Mist, service: RestStub) -> None:
    service.backend_health = [
        {"id": "a", "name": "Azure", "read_at": AT, "age_s": 1.0, "trouble": None},
        {"id": "j", "name": "Juno", "read_at": None, "age_s": None, "trouble": TROUBLE},
    ]

    result = mist("list-sizes", "--all", "--sort", "price", "--refresh", "--pretty")

    query = next(seen.query for seen in service.seen if seen.path == "/sizes")
    assert (result.code, query["sort"], query["refresh"]) == (0, "price", "true")
    assert "| Backend | Cores | RAM MB | Disk GB | Price |" in result.out.replace("  ", " ").replace("  ", " ")
    assert result.out.count("Azure") == 2
    assert result.err == "Warning: Juno: Juno did not answer. (it was never read)\n"


def test_all_backends_and_one_backend_contradict(mist: Mist) -> None:
    assert mist("list-sizes", "--all", "--backend", "Icehouse").code == 2
    assert mist("list-sizes").code == 2


def test_machines_are_sorted_by_the_service(mist: Mist, service: RestStub) -> None:
    mist("list-machines", "--sort", "created_at:desc", "--tag", "dev")

    query = next(seen.query for seen in service.seen if seen.path == "/machines")
    assert (query["sort"], query["tag"]) == ("created_at:desc", "dev")


def test_wide_machines_have_every_column(mist: Mist) -> None:
    heading = mist("list-machines", "-o", "wide").out.splitlines()[1]

    assert all(title in heading for title in ("Name", "Tags", "Private Ips", "Image", "Size", "Created At"))
