"""Backends through their form: a real Docker Engine, EC2 with a wrong secret first, one that goes away, and its end."""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.lab.daemon import free_port
from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service
from tests.lab.relay import Relay
from tests.lab.sshd import KeyPair, key_pair, sshd
from tests.support.browser import Console
from tests.support.front import Front
from tests.support.service import Service

pytestmark = pytest.mark.full

HOSTILE = "<img src=x onerror=alert(1)> \u05e9\u05dc\u05d5\u05dd"  # right to left, too


@dataclass(frozen=True)
class Door:
    """A way to the engine that a test may close."""

    port: int
    close: Callable[[], None]


@pytest.fixture(scope="module")
def image(docker_engine: DockerHost, lab_key: KeyPair) -> str:
    return docker_engine.mini_image(lab_key.public)


@pytest.fixture
def door(docker_engine: DockerHost) -> Iterator[Door]:
    def dial() -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(docker_engine.socket))
        return line

    with contextlib.ExitStack() as stack:
        yield Door(stack.enter_context(Relay(dial)).port, stack.close)


def add(service: Service, body: dict[str, object]) -> str:
    status, answer = service.request("POST", "/backends", body, service.sign_in())
    assert status == 201, answer
    return str(answer["id"])


def form_of(console: Console, title: str) -> Page:
    page = console.open("/backends/new")
    page.get_by_role("searchbox", name="Search providers").fill(title.lower())
    page.get_by_role("main").get_by_role("link", name=title).first.click()
    expect(page.get_by_role("heading", name=f"Add {title}")).to_be_visible()
    return page


def messages(page: Page) -> Locator:
    return page.get_by_role("region", name="Messages")


def test_a_docker_host_is_added_and_read(console: Console, docker_engine: DockerHost, image: str) -> None:
    page = form_of(console, "Docker")
    assert console.accessibility() == []
    console.shot("backend-add")
    page.get_by_role("button", name="Add the backend").click()
    expect(page.get_by_text("This is needed.")).to_be_visible()
    page.get_by_label("Name optional", exact=True).fill("Engine")
    page.get_by_label("Address of the Docker host").fill("127.0.0.1")
    port = page.get_by_label("Port of the Docker API")
    port.fill("99999")
    page.get_by_role("button", name="Add the backend").click()
    expect(page.get_by_text("A port is 1 to 65535.")).to_be_visible()
    expect(port).to_be_focused()

    port.fill(str(docker_engine.tcp_port))
    page.get_by_role("button", name="Add the backend").click()

    expect(page.get_by_role("heading", name="Engine")).to_be_visible()
    expect(messages(page)).to_contain_text("Engine was added.")
    page.get_by_role("link", name="Images").click()
    expect(page.get_by_role("row").filter(has_text=image)).to_be_visible()
    console.settle()
    assert console.accessibility() == []
    page.get_by_role("button", name=f"Star {image}").click()
    expect(page.get_by_text("No image has a star")).to_be_visible()
    page.get_by_role("button", name="All images").click()
    page.get_by_role("button", name=f"Star {image}").click()
    expect(page.get_by_role("button", name=f"Star {image}")).to_have_attribute("aria-pressed", "true")


def test_a_wrong_secret_is_told_and_what_was_typed_is_kept(console: Console, ec2_cloud: Ec2Service) -> None:
    page = form_of(console, "EC2")
    page.get_by_label("Region").select_option("eu-central-1")
    page.get_by_label("Access key ID").fill(ec2_cloud.api_key)
    page.get_by_label("Secret access key").fill("not-the-secret")
    page.get_by_text("Network", exact=True).click()
    page.get_by_label("Endpoint").fill(ec2_cloud.endpoint)
    page.get_by_role("button", name="Add the backend").click()

    secret = page.get_by_label("Secret access key")
    expect(page.get_by_role("alert")).to_contain_text("Request")
    expect(secret).to_have_attribute("aria-invalid", "true")
    expect(secret).to_be_focused()
    assert console.accessibility() == []
    console.shot("backend-wrong-secret")
    expect(page.get_by_label("Access key ID")).to_have_value(ec2_cloud.api_key)
    expect(page.get_by_label("Region")).to_have_value("eu-central-1")
    expect(page.get_by_label("Endpoint")).to_have_value(ec2_cloud.endpoint)

    secret.fill(ec2_cloud.api_secret)
    page.get_by_role("button", name="Add the backend").click()
    expect(messages(page)).to_contain_text("was added.")
    page.get_by_role("link", name="Access and events").click()
    expect(page.get_by_text(ec2_cloud.api_key)).to_be_visible()
    assert ec2_cloud.api_secret not in page.content()


def test_credentials_are_replaced_only_by_ones_that_work(console: Console, ec2_cloud: Ec2Service) -> None:
    settings = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
    body = {"provider": "ec2", "region": "eu-west-1", "endpoint": ec2_cloud.endpoint, "settings": settings}
    page = console.open(f"/backends/{add(console.service, {'name': 'Dublin', **body})}")
    page.get_by_role("button", name="Change").click()
    page.get_by_role("menuitem", name="Replace credentials").click()
    dialog = page.get_by_role("dialog", name="Credentials of Dublin")
    dialog.get_by_label("Secret access key").fill("not-the-secret")
    dialog.get_by_role("button", name="Try and replace").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(dialog.get_by_label("Secret access key")).to_have_value("not-the-secret")

    dialog.get_by_label("Secret access key").fill(ec2_cloud.api_secret)
    dialog.get_by_role("button", name="Try and replace").click()
    expect(dialog).to_be_hidden()
    expect(messages(page)).to_contain_text("The new credentials work")


def test_it_is_renamed_disabled_and_deleted(console: Console, image: str, door: Door) -> None:
    settings = {"docker_host": "127.0.0.1", "docker_port": door.port}
    page = console.open(
        f"/backends/{add(console.service, {'name': 'Old', 'provider': 'docker', 'settings': settings})}"
    )
    page.get_by_role("button", name="Change").click()
    page.get_by_role("menuitem", name="Name and network").click()
    dialog = page.get_by_role("dialog", name="Change Old")
    dialog.get_by_label("Name").fill(HOSTILE)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)

    page.get_by_role("button", name="Change").click()
    page.get_by_role("menuitem", name="Disable").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_text("disabled", exact=True)).to_be_visible()
    page.get_by_role("button", name="Change").click()
    page.get_by_role("menuitem", name="Enable").click()
    expect(page.get_by_text("online", exact=True)).to_be_visible()

    page.get_by_role("button", name="Change").click()
    page.get_by_role("menuitem", name="Delete").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("At the provider nothing changes")
    question.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/backends$"))
    expect(page.get_by_text(HOSTILE, exact=True)).to_have_count(0)


def test_a_jump_host_is_told_what_is_wrong_with_it_at_its_fields(console: Console, lab_key: KeyPair) -> None:
    ask = Front(console.service, console.service.sign_in(), []).done
    ask("POST", "/keys", {"name": "lab", "private": lab_key.private})
    ask("POST", "/keys", {"name": "other", "private": key_pair().private})
    with sshd(key=lab_key) as server, sshd(key=lab_key) as jump:
        page = form_of(console, "Other Server")
        page.get_by_label("Address or name of the server").fill(server.host)
        page.get_by_label("User to sign in as").fill(server.user)
        page.get_by_label("Port of the SSH server").fill(str(server.port))
        page.get_by_text("Network", exact=True).click()
        page.get_by_role("checkbox", name="Reach it through a jump host").check()
        page.get_by_role("button", name="Add the backend").click()
        address = page.get_by_label("Jump host address")
        expect(address).to_be_focused()
        expect(address).to_have_accessible_description("This is needed.")

        address.fill(jump.host)
        page.get_by_label("Port", exact=True).fill(str(free_port()))
        page.get_by_label("User", exact=True).fill(jump.user)
        key = page.get_by_label("Key", exact=True)
        key.select_option("other")
        page.get_by_role("button", name="Add the backend").click()
        expect(address).to_have_accessible_description(re.compile("cannot be reached"))
        assert console.accessibility() == []
        console.shot("backend-jump-host")
        page.get_by_label("Port", exact=True).fill(str(jump.port))
        page.get_by_role("button", name="Add the backend").click()
        expect(key).to_be_focused()
        expect(key).to_have_accessible_description(re.compile("accepted none of 1 key"))
        key.select_option("lab")
        page.get_by_role("button", name="Add the backend").click()

        expect(messages(page)).to_contain_text("was added.")
        assert "Accepted publickey" in jump.log_text()
        page.get_by_role("link", name="Access and events").click()
        expect(page.get_by_text(f"{jump.user}@{jump.host}:{jump.port}")).to_be_visible()
        page.get_by_role("button", name="Change").click()
        page.get_by_role("menuitem", name="Name and network").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Key", exact=True).select_option("other")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_label("Key", exact=True)).to_have_attribute("aria-invalid", "true")
        dialog.get_by_role("checkbox", name="Reach it through a jump host").uncheck()
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_be_hidden()


def test_trouble_is_told_with_its_reason_and_goes_by_itself(console: Console, door: Door) -> None:
    settings = {"docker_host": "127.0.0.1", "docker_port": door.port}
    backend = add(console.service, {"name": "Shaky", "provider": "docker", "settings": settings})
    page = console.open(f"/backends/{backend}")
    expect(page.get_by_text("online", exact=True)).to_be_visible()

    door.close()
    page.get_by_role("button", name="Read it again").click()

    expect(page.get_by_text("in trouble", exact=True)).to_be_visible()
    note = page.get_by_role("status").filter(has_text="failed reading")
    expect(note).to_contain_text("What is shown is as of")
    assert console.accessibility() == []
    console.shot("backend-trouble")
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Backends").click()
    expect(page.get_by_role("row").filter(has_text="Shaky")).to_contain_text("in trouble")
    assert console.accessibility() == []
    console.shot("backends")


def test_on_a_phone_each_backend_has_two_lines(phone: Console) -> None:
    page = phone.open("/backends")
    expect(page.get_by_role("row").filter(has_text="Engine")).to_contain_text("Docker")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.accessibility() == []
    phone.shot("backends-phone")
