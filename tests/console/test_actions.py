"""What is done to one machine from its page, with its state told all the while: containers, and EC2 for other sizes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import docker
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.integration.monitoring.conftest import named
from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service, client
from tests.lab.sshd import KeyPair
from tests.support.browser import Console
from tests.support.front import Front
from tests.support.service import Service

LEISURELY = ["sh", "-c", "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done"]  # what takes its time to stop
LONG_MS = 40_000
TABS = 40  # more than lie before any button of these pages


@pytest.fixture(scope="module")
def front(service: Service) -> Front:
    return Front(service, service.sign_in(), [])


@pytest.fixture(scope="module")
def engine(docker_engine: DockerHost, lab_key: KeyPair, front: Front) -> Iterator[docker.APIClient]:
    """A backend of the service. Its containers are gone at the end."""
    docker_engine.mini_image(lab_key.public)
    with contextlib.closing(docker.APIClient(f"unix://{docker_engine.socket}")) as api:
        settings = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tcp_port}
        front.done("POST", "/backends", {"name": "Engine", "provider": "docker", "settings": settings})
        yield api
        for found in api.containers(all=True):
            api.remove_container(found["Id"], force=True)


def container(front: Front, engine: docker.APIClient, name: str) -> str:
    """The machine's id in Mist."""
    engine.create_container("lab/ssh:mini", LEISURELY, name=name)
    engine.start(name)
    return named(front, name)


def state(page: Page) -> Locator:
    return page.locator(".page-head > .state")


def job(page: Page) -> Locator:
    return page.get_by_role("region", name="Job")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=name, exact=True)


def confirm(page: Page, title: str, action: str) -> None:
    page.get_by_role("dialog", name=title).get_by_role("button", name=action, exact=True).click()


def test_a_machine_is_stopped_started_and_rebooted(console: Console, engine: docker.APIClient, front: Front) -> None:
    page = console.open(f"/machines/{container(front, engine, 'deck-1')}")
    expect(state(page)).to_have_text("running")
    expect(button(page, "Start")).to_be_disabled()

    button(page, "Stop").click()
    confirm(page, "Stop deck-1?", "Stop")
    expect(job(page)).to_contain_text(re.compile("stop deck-1.*running.*ask the provider", re.S))
    expect(button(page, "Reboot")).to_be_disabled()
    expect(button(page, "Reboot")).to_have_attribute("title", "Another job works on it")
    assert console.accessibility() == []
    console.shot("machine-stopping")
    expect(state(page)).to_have_text("stopped")
    expect(job(page)).to_contain_text("succeeded")
    assert not engine.inspect_container("deck-1")["State"]["Running"]

    button(page, "Start").click()
    expect(state(page)).to_have_text("running")
    first = engine.inspect_container("deck-1")["State"]["StartedAt"]
    expect(button(page, "Reboot")).to_be_enabled()
    button(page, "Reboot").click()
    confirm(page, "Reboot deck-1?", "Reboot")
    expect(job(page)).to_contain_text(re.compile("reboot deck-1.*succeeded", re.S))
    expect(state(page)).to_have_text("running")
    assert engine.inspect_container("deck-1")["State"]["StartedAt"] > first


def test_a_machine_is_destroyed_when_its_name_was_typed(
    console: Console, engine: docker.APIClient, front: Front
) -> None:
    id = container(front, engine, "deck-2")
    page = console.open(f"/machines/{id}")
    expect(state(page)).to_have_text("running")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Destroy").click()
    dialog = page.get_by_role("dialog", name="Destroy deck-2?")
    expect(dialog).to_contain_text("gone for ever, at Engine too")
    dialog.get_by_label("Type deck-2 to go on").fill("deck-1")
    expect(dialog.get_by_role("button", name="Destroy")).to_be_disabled()
    dialog.get_by_label("Type deck-2 to go on").fill("deck-2")
    dialog.get_by_role("button", name="Destroy").click()

    expect(page.get_by_text("This machine is gone")).to_be_visible(timeout=LONG_MS)
    assert not engine.containers(all=True, filters={"name": "deck-2"})
    page.get_by_role("link", name="Its events").click()
    expect(page.get_by_role("region", name="Events")).to_contain_text("machine.destroyed")
    expect(page.get_by_role("region", name="Events")).not_to_contain_text("backend.added")


def test_what_the_provider_refuses_is_told_with_the_step(
    console: Console, engine: docker.APIClient, front: Front
) -> None:
    page = console.open(f"/machines/{container(front, engine, 'deck-3')}")
    expect(state(page)).to_have_text("running")
    engine.remove_container("deck-3", force=True)

    button(page, "Stop").click()
    confirm(page, "Stop deck-3?", "Stop")

    expect(job(page)).to_contain_text(re.compile("stop deck-3.*failed", re.S))
    expect(job(page).get_by_role("listitem").first).to_contain_text(re.compile("failed.*No such container", re.S))


def test_by_keyboard_alone_from_anywhere_to_a_stopped_machine(
    console: Console, engine: docker.APIClient, front: Front
) -> None:
    container(front, engine, "deck-4")
    page = console.open("/")
    expect(page.get_by_role("region", name="Machines by backend")).to_contain_text("Engine")

    page.keyboard.press("Control+k")
    page.keyboard.type("deck-4")
    expect(page.get_by_role("option").first).to_contain_text("deck-4")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="deck-4", level=1)).to_be_focused()
    expect(button(page, "Stop")).to_be_enabled()
    tabbed_to(page, button(page, "Stop"))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Stop deck-4?")
    expect(dialog).to_be_visible()
    tabbed_to(page, dialog.get_by_role("button", name="Stop", exact=True))
    page.keyboard.press("Enter")

    expect(state(page)).to_have_text("stopped")
    expect(button(page, "Stop")).to_be_focused()
    expect(button(page, "Stop")).to_have_attribute("title", "Not while it is stopped")
    tabbed_to(page, page.get_by_role("button", name="More actions"))
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Destroy")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Type deck-4 to go on")).to_be_focused()
    page.keyboard.type("deck-4")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This machine is gone")).to_be_visible(timeout=LONG_MS)


def tabbed_to(page: Page, wanted: Locator) -> None:
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{TABS} times Tab do not lead to {wanted}")


@pytest.fixture
def instance(ec2_cloud: Ec2Service, front: Front) -> Iterator[str]:
    """The id in Mist of a stopped instance of EC2."""
    cloud = client(ec2_cloud, "eu-central-1")
    image = cloud.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    labels = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "grows"}]}]
    made = cloud.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1, TagSpecifications=labels)[
        "Instances"
    ][0]["InstanceId"]
    settings = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
    where = {"region": "eu-central-1", "endpoint": ec2_cloud.endpoint}
    front.done("POST", "/backends", {"name": "Frankfurt", "provider": "ec2", "settings": settings, **where})
    yield named(front, "grows")
    cloud.terminate_instances(InstanceIds=[made])


@pytest.mark.full
def test_a_machine_gets_another_size(console: Console, instance: str) -> None:
    page = console.open(f"/machines/{instance}")
    expect(state(page)).to_have_text("running")
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="Resize")).to_contain_text("Not while it is running")
    page.keyboard.press("Escape")
    button(page, "Stop").click()
    confirm(page, "Stop grows?", "Stop")
    expect(state(page)).to_have_text("stopped")

    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Resize").click()
    dialog = page.get_by_role("dialog", name="Resize grows")
    expect(dialog).to_contain_text("Now: t3.nano")
    size = dialog.get_by_label("New size").locator("option[value='t3.small']")
    expect(size).to_have_text(re.compile(r"t3\.small · US\$[\d.]+ a month · 2 cores · 2 GiB"))
    dialog.get_by_label("New size").select_option("t3.small")
    console.shot("machine-resize")
    dialog.get_by_role("button", name="Resize", exact=True).click()

    expect(job(page)).to_contain_text(re.compile("resize grows.*succeeded", re.S))
    expect(page.get_by_role("region", name="Facts")).to_contain_text("t3.small")
