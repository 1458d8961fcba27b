"""The table of machines over a real Docker Engine: filter, order, keyboard, many at once, a service that goes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import docker
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.lab.docker import DockerHost
from tests.lab.hostile_docker import hostile_docker
from tests.lab.sshd import KeyPair
from tests.lab.waiting import eventually
from tests.support.browser import Console
from tests.support.service import Service

NAMES = ("web-2", "web-10", "db-1", "spare-1", "spare-2")
MANY = 3000


@pytest.fixture(scope="module")
def engine(docker_engine: DockerHost, lab_key: KeyPair, service: Service) -> Iterator[docker.APIClient]:
    """Five containers, in one backend of the service."""
    image = docker_engine.mini_image(lab_key.public)
    with contextlib.closing(docker.APIClient(f"unix://{docker_engine.socket}")) as client:
        for name in NAMES:
            client.create_container(image, name=name)
            client.start(name)
        token = service.sign_in()
        settings = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tcp_port}
        status, answer = service.request(
            "POST", "/backends", {"provider": "docker", "name": "Engine room", "settings": settings}, token
        )
        assert status == 201, answer
        eventually(lambda: len(machines(service, token)) >= len(NAMES))
        yield client
        for found in client.containers(all=True):
            client.remove_container(found["Id"], force=True)


def machines(service: Service, token: str) -> list[str]:
    items = service.request("GET", "/machines?limit=1000", token=token)[1]["items"]
    return [item["name"] for item in items if item["backend_name"] == "Engine room"]


def read_again(service: Service) -> None:
    assert service.request("GET", "/machines?refresh=true&limit=1", token=service.sign_in())[0] == 200


def shown(page: Page) -> list[str]:
    """Names in the order of the rows."""
    found: list[str] = page.locator("[role=row] a.name").all_inner_texts()
    return found


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_the_filter_narrows_while_typing_and_stands_in_the_address(console: Console, engine: docker.APIClient) -> None:
    page = console.open("/machines")
    expect(row(page, "web-10")).to_be_visible()
    assert console.accessibility() == []
    console.shot("machines")

    page.get_by_role("searchbox", name="Filter machines").press_sequentially('web backend:"Engine room" state:running')
    expect(page.get_by_role("status").filter(has_text="2 of")).to_be_visible()
    assert shown(page) == ["web-2", "web-10"]  # numbers in names are numbers
    expect(page).to_have_url(re.compile(r"\?q=web\+backend"))

    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"sort=name%3Adesc"))
    page.reload()
    expect(row(page, "web-2")).to_be_visible()
    assert shown(page) == ["web-10", "web-2"]
    row(page, "web-2").get_by_role("link", name="web-2").click()
    expect(page).to_have_url(re.compile(r"/machines/\w+$"))
    page.go_back()
    expect(row(page, "web-2")).to_be_visible()
    assert shown(page) == ["web-10", "web-2"]


def test_what_changes_elsewhere_is_shown_without_a_reload(console: Console, engine: docker.APIClient) -> None:
    page = console.open("/machines")
    expect(row(page, "db-1")).to_contain_text("running")

    engine.kill("db-1")
    read_again(console.service)
    page.get_by_role("button", name="Read all backends again").click()

    expect(row(page, "db-1")).to_contain_text("stopped")
    engine.start("db-1")
    engine.rename("db-1", "db-one")
    read_again(console.service)
    page.get_by_role("button", name="Read all backends again").click()
    expect(row(page, "db-one")).to_contain_text("running")


def test_a_machine_is_reached_and_chosen_by_keyboard_alone(console: Console, engine: docker.APIClient) -> None:
    page = console.open("/machines?q=web")
    expect(row(page, "web-10")).to_be_visible()
    grid = page.get_by_role("grid", name="Machines")
    grid.focus()

    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.get_by_role("toolbar")).to_contain_text("2 machines chosen")
    expect(page.get_by_role("row", selected=True)).to_have_count(2)
    assert console.accessibility() == []
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar")).to_have_count(0)

    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/machines/\w+$"))


def test_many_are_stopped_and_destroyed_at_once(console: Console, engine: docker.APIClient) -> None:
    page = console.open("/machines?q=spare")
    expect(row(page, "spare-1")).to_contain_text("running")
    page.get_by_role("checkbox", name="Choose all").click()

    page.get_by_role("button", name="Stop", exact=True).click()
    dialog = page.get_by_role("dialog", name="Stop 2 machines?")
    expect(dialog).to_contain_text("spare-1, spare-2")
    dialog.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("region", name="Messages")).to_contain_text("2 machines asked to stop.")
    expect(row(page, "spare-1")).to_contain_text("stopped", timeout=40_000)
    expect(row(page, "spare-2")).to_contain_text("stopped", timeout=40_000)

    page.get_by_role("button", name="Destroy", exact=True).click()
    dialog = page.get_by_role("dialog", name="Destroy machines")
    button = dialog.get_by_role("button", name="Destroy")
    expect(button).to_be_disabled()
    dialog.get_by_label("Type 2 to confirm").fill("3")
    expect(button).to_be_disabled()
    dialog.get_by_label("Type 2 to confirm").fill("2")
    button.click()
    expect(page.get_by_text("No machine passes this filter")).to_be_visible(timeout=40_000)
    assert not [found for found in engine.containers(all=True) if "spare" in found["Names"][0]]


def test_tags_come_and_go_on_many(console: Console, engine: docker.APIClient) -> None:
    page = console.open("/machines?q=web&columns=state,tags")
    expect(row(page, "web-2")).to_be_visible()
    page.get_by_role("checkbox", name="Choose all").click()

    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Tag", exact=True).fill("env=<i>lab")
    page.keyboard.press("Enter")
    expect(row(page, "web-2")).to_contain_text("env=<i>lab")
    expect(row(page, "web-10")).to_contain_text("env=<i>lab", timeout=5000)  # told by an event, not by the next reading

    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("button", name="Remove the tag env=<i>lab").click()
    expect(row(page, "web-2")).not_to_contain_text("env")


def test_on_a_phone_a_machine_is_two_lines(phone: Console, engine: docker.APIClient) -> None:
    page = phone.open("/machines")
    expect(row(page, "web-2")).to_contain_text("Engine room")

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert phone.accessibility() == []
    phone.shot("machines-phone")
    row(page, "web-2").tap()
    expect(page).to_have_url(re.compile(r"/machines/\w+$"))


def test_of_thousands_only_those_in_view_are_rows(console: Console) -> None:
    token = console.service.sign_in()
    with hostile_docker([f"many-{number}" for number in range(MANY)]) as port:
        settings = {"docker_host": "127.0.0.1", "docker_port": port}
        body = {"provider": "docker", "name": "Many", "settings": settings}
        status, backend = console.service.request("POST", "/backends", body, token)
        assert status == 201
        page = console.open("/machines?q=many-")
        expect(page.get_by_role("status").filter(has_text=f"{MANY:,} of")).to_be_visible()
        page.get_by_role("grid").focus()

        page.keyboard.press("End")
        expect(row(page, f"many-{MANY - 1}")).to_be_visible()
        assert page.get_by_role("row").count() < 80
        active = page.get_by_role("grid").get_attribute("aria-activedescendant")
        assert page.locator(f"[id='{active}']").get_attribute("aria-rowindex") == str(MANY + 1)

        console.service.request("DELETE", f"/backends/{backend['id']}", token=token)
        expect(page.get_by_text("No machine passes this filter")).to_be_visible()


def test_a_service_that_goes_is_told_and_comes_back_by_itself(console: Console, engine: docker.APIClient) -> None:
    page = console.open("/machines")
    expect(row(page, "web-2")).to_be_visible()

    console.service.kill()
    banner = page.get_by_text("The service has not answered since")
    expect(banner).to_be_visible()
    expect(row(page, "web-2")).to_be_visible()

    console.service.start()
    expect(banner).to_have_count(0, timeout=30_000)
    expect(row(page, "web-2")).to_be_visible()
