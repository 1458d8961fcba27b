"""The overview: machines by backend and state, a backend that gets into trouble, and what happened, as it happens."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.lab.hostile_docker import hostile_docker
from tests.lab.relay import Relay
from tests.lab.waiting import eventually
from tests.support.browser import Console
from tests.support.service import Service

NAMES = ["one", "two", "three"]


@pytest.fixture(scope="module")
def way(service: Service) -> Iterator[Relay]:
    """The way to a Docker Engine with three containers, which is a backend of the service."""
    with hostile_docker(NAMES) as port, Relay(lambda: socket.create_connection(("127.0.0.1", port))) as relay:
        token = service.sign_in()
        settings = {"docker_host": "127.0.0.1", "docker_port": relay.port}
        body = {"provider": "docker", "name": "Harbour", "settings": settings}
        status, backend = service.request("POST", "/backends", body, token)
        assert status == 201
        listing = f"/machines?backend={backend['id']}"
        eventually(lambda: len(service.request("GET", listing, token=token)[1]["items"]) == len(NAMES))
        yield relay


def test_it_counts_machines_by_backend_and_state(console: Console, way: Relay) -> None:
    page = console.open("/")
    console.settle()
    backends = page.get_by_role("region", name="Machines by backend")
    expect(backends.get_by_role("img", name="3 running")).to_be_visible()
    expect(page.get_by_role("region", name="Machines", exact=True)).to_contain_text("4")
    expect(page.get_by_role("region", name="Monthly cost")).to_contain_text("No size here has a price.")
    assert console.accessibility() == []

    backends.get_by_role("link", name="3 running").click()
    expect(page).to_have_url(re.compile(r"/machines\?q=backend%3AHarbour\+state%3Arunning$"))
    expect(page.get_by_role("link", name="three", exact=True)).to_be_visible()


def test_what_happens_appears_while_one_looks(console: Console, way: Relay) -> None:
    page = console.open("/")
    events = page.get_by_role("region", name="Recent events")
    expect(events.get_by_text("backend.added").first).to_be_visible()

    token = console.service.sign_in()
    console.service.request("POST", "/keys", {"name": "<b>fresh", "generate": {}}, token)
    expect(events.get_by_role("link", name="<b>fresh")).to_be_visible()


def test_a_service_that_goes_is_told_and_comes_back_by_itself(console: Console, way: Relay) -> None:
    page = console.open("/")
    console.settle()
    backends = page.get_by_role("region", name="Machines by backend")
    expect(backends.get_by_role("img", name="3 running")).to_be_visible()

    console.service.kill()
    banner = page.get_by_text("The service has not answered since")
    expect(banner).to_be_visible()
    expect(backends.get_by_role("img", name="3 running")).to_be_visible()
    expect(page.get_by_role("region", name="Machines", exact=True)).to_contain_text("4")
    assert console.accessibility() == []
    console.shot("lost")

    console.service.start()
    expect(banner).to_have_count(0, timeout=30_000)
    token = console.service.sign_in()
    console.service.request("POST", "/keys", {"name": "after the return", "generate": {}}, token)
    events = page.get_by_role("region", name="Recent events")
    expect(events.get_by_role("link", name="after the return")).to_be_visible()


def test_a_backend_in_trouble_is_told_with_the_reason_and_the_age(console: Console, way: Relay) -> None:
    page = console.open("/")
    backends = page.get_by_role("region", name="Machines by backend")
    expect(backends.get_by_role("img", name="3 running")).to_be_visible()

    way.__exit__(None, None, None)
    console.service.request("GET", "/machines?refresh=true&limit=1", token=console.service.sign_in())

    expect(page.get_by_role("region", name="Backends in trouble")).to_contain_text("1")
    expect(backends.locator(".trouble")).to_contain_text("refused the connection")
    expect(backends).to_contain_text(re.compile("what is shown was read (now|.* ago)"))
    expect(backends.get_by_role("img", name="3 running")).to_be_visible()  # kept
    console.shot("overview")
