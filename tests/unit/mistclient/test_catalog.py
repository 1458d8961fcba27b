"""What a backend offers, in Python: records that know when they were read, and why they were not read anew."""

from __future__ import annotations

import pytest

from mistclient import MistClient
from tests.support import rest_records as records
from tests.support.rest_stub import RestStub

TROUBLE = {"code": "provider_timeout", "message": "It did not answer.", "at": records.AT, "failures": 3}


@pytest.mark.parametrize("noun", ["image", "size", "location", "network"])
def test_records_carry_their_age_and_refresh_asks(client: MistClient, service: RestStub, noun: str) -> None:
    service.catalog_reading = {"read_at": records.AT, "age_s": 42.0, "trouble": TROUBLE}
    backend = client.backends(name="Icehouse")[0]

    read = getattr(backend, f"{noun}_records")(refresh=True)
    listed = getattr(backend, f"{noun}s")

    assert [record["id"] for record in read] == [record["id"] for record in records.CATALOG[f"{noun}s"]]
    for found in (read, listed):
        assert (found.read_at, found.age_s, found.trouble) == (records.AT, 42.0, TROUBLE)
    assert [seen.query.get("refresh") for seen in service.seen if seen.path.endswith(f"/{noun}s")] == ["true", None]


def test_sizes_of_one_and_of_all_backends_are_sorted_by_the_service(client: MistClient, service: RestStub) -> None:
    service.backend_health = [{"id": "b", "name": "Azure", "trouble": TROUBLE}]

    client.backends(name="Icehouse")[0].size_records(sort="price:desc")
    sizes, backends = client.size_page(sort="price")

    asked = [seen.query["sort"] for seen in service.seen if seen.path.endswith("/sizes")]
    assert asked == ["price:desc", "price"]
    assert {size["backend_name"] for size in sizes} == {"Azure"}
    assert backends == service.backend_health


def test_pages_of_machines_keep_their_order_and_what_the_first_said_of_the_backends(
    client: MistClient, service: RestStub
) -> None:
    health = [{"id": "b", "name": "Azure", "trouble": None}]
    service.scripted[("GET", "/machines")] = [
        (200, {"items": [{"id": "2"}], "next_cursor": "c", "backends": health}),
        (200, {"items": [{"id": "1"}], "next_cursor": None, "backends": []}),
    ]

    machines, backends = client.machine_page(sort="id:desc", refresh=True)

    queries = [seen.query for seen in service.seen if seen.path == "/machines"]
    assert ([one["id"] for one in machines], backends) == (["2", "1"], health)
    assert [(query["sort"], query.get("refresh"), query.get("cursor")) for query in queries] == [
        ("id:desc", "true", None),
        ("id:desc", None, "c"),
    ]


def test_a_backend_says_what_is_wrong_with_it(client: MistClient, service: RestStub) -> None:
    service.backends[0]["trouble"] = TROUBLE

    assert [backend.trouble for backend in client.backends[:2]] == [TROUBLE, None]
