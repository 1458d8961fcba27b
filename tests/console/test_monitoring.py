"""Monitoring from a machine's page: on with its progress, graphs and sparklines that move, and off again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.integration.monitoring.conftest import named
from tests.lab.debian import plain
from tests.lab.docker import DockerHost
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.lab.waiting import eventually
from tests.support.browser import Console
from tests.support.drawn import points
from tests.support.front import Front
from tests.support.service import Service

LONG_MS = 40_000


@pytest.fixture(scope="module")
def door(lab_key: KeyPair) -> Iterator[Sshd]:
    with sshd(key=lab_key) as server:
        yield server


@pytest.fixture(scope="module")
def front(service: Service) -> Front:
    return Front(service, service.sign_in(), [])


@pytest.fixture(scope="module")
def server(front: Front, door: Sshd) -> str:
    """The id of a machine that SSH leads to."""
    front.done("POST", "/keys", {"name": "lab", "private": door.private_key_pem})
    settings = {"machine_ip": door.host, "machine_user": door.user, "machine_port": door.port}
    front.done("POST", "/backends", {"name": "host", "provider": "bare_metal", "settings": settings})
    return named(front, door.host)


def switch_on(page: Page, way: str, seconds: str) -> None:
    page.get_by_role("radio", name=way).check()
    page.get_by_label("Seconds between samples").fill(seconds)
    page.get_by_role("button", name="Enable monitoring").click()


def moves(drawing: Locator) -> None:
    for _ in range(2):
        before = drawing.get_attribute("aria-label") or ""
        expect(drawing).not_to_have_attribute("aria-label", before)


def row_of(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_it_goes_on_moves_and_goes_off(console: Console, server: str, door: Sshd) -> None:
    page = console.open(f"/machines/{server}?range=10min")
    switch_on(page, "Without an agent", "1")
    expect(page.get_by_role("region", name="Job")).to_contain_text("wait for data")
    moves(page.locator("[data-chart='cpu']").get_by_role("img"))

    console.open("/machines")
    row = row_of(page, door.host)
    for name in ("CPU", "Memory"):
        expect(row.get_by_role("img", name=re.compile(rf"^{name} [\d.]+ %$"))).to_be_visible()
    others = page.get_by_role("row").filter(has_not=page.get_by_role("link", name=door.host, exact=True))
    expect(others.get_by_role("img", name=re.compile("^CPU"))).to_have_count(0)
    assert console.accessibility() == []
    console.shot("machines-sparklines")
    page.get_by_role("columnheader", name="CPU").get_by_role("button").click()
    expect(page).to_have_url(re.compile("sort=cpu"))

    page = console.open(f"/machines/{server}/monitoring")
    expect(page.get_by_role("region", name="Monitoring")).to_contain_text("data comes")
    page.get_by_role("button", name="Stop monitoring").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop monitoring").click()
    expect(page.get_by_text("This machine is not monitored.")).to_be_visible()
    page.get_by_role("link", name="Events", exact=True).last.click()
    expect(page.get_by_role("region", name="Events")).to_contain_text("monitoring.disabled")


@pytest.mark.full
@pytest.mark.packages
def test_an_agent_is_installed_with_its_progress(console: Console, docker_engine: DockerHost, front: Front) -> None:
    with plain(docker_engine, "debian") as made:
        settings = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tcp_port}
        front.done("POST", "/backends", {"name": "Engine", "provider": "docker", "settings": settings})
        page = console.open(f"/machines/{named(front, made.name)}?range=10min")
        switch_on(page, "With an agent", "1")
        steps = page.get_by_role("region", name="Job").get_by_role("listitem")
        expect(steps.filter(has_text="install")).to_be_visible()
        moves(page.locator("[data-chart='cpu']").get_by_role("img"))
        assert made.exec_run("pidof collectd").exit_code == 0

        page = console.open("/machines")
        drawn = row_of(page, made.name).get_by_role("img", name=re.compile("^CPU"))
        before = eventually(lambda: points(drawn))
        eventually(lambda: points(drawn) > before)
        page.go_back()
        page.get_by_role("link", name="Monitoring", exact=True).click()
        page.get_by_role("button", name="Stop monitoring").click()
        page.get_by_role("dialog").get_by_role("button", name="Stop monitoring").click()
        expect(page.get_by_text("This machine is not monitored.")).to_be_visible(timeout=LONG_MS)
        assert made.exec_run("pidof collectd").exit_code != 0
