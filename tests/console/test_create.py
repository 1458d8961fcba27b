"""A machine created from the form to running: on a real Docker Engine, and on EC2 with its sizes and prices."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import docker
import pytest
from playwright.sync_api import Page, expect

from tests.lab.docker import DockerHost
from tests.lab.moto import Ec2Service
from tests.lab.sshd import KeyPair
from tests.support.browser import Console
from tests.support.service import Service

LONG_MS = 60_000


@pytest.fixture(scope="module")
def image(docker_engine: DockerHost, lab_key: KeyPair) -> str:
    return docker_engine.mini_image(lab_key.public)


@pytest.fixture(scope="module")
def engine(docker_engine: DockerHost, image: str, service: Service) -> Iterator[str]:
    """The id of the backend. What was created there is destroyed at the end."""
    settings = {"docker_host": "127.0.0.1", "docker_port": docker_engine.tcp_port}
    yield add(service, {"name": "Engine", "provider": "docker", "settings": settings})
    with contextlib.closing(docker.DockerClient(f"unix://{docker_engine.socket}")) as client:
        for container in client.containers.list(all=True):
            container.remove(force=True)


@pytest.fixture(scope="module")
def frankfurt(ec2_cloud: Ec2Service, service: Service) -> str:
    settings = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
    where = {"region": "eu-central-1", "endpoint": ec2_cloud.endpoint}
    return add(service, {"name": "Frankfurt", "provider": "ec2", "settings": settings, **where})


def add(service: Service, body: dict[str, object]) -> str:
    status, answer = service.request("POST", "/backends", body, service.sign_in())
    assert status == 201, answer
    return str(answer["id"])


def names(service: Service) -> list[str]:
    answer = service.request("GET", "/machines?limit=1000", token=service.sign_in())[1]
    return [machine["name"] for machine in answer["items"]]


def make_a_key(page: Page, name: str) -> None:
    page.get_by_role("button", name="Add a key").click()
    dialog = page.get_by_role("dialog", name="Add a key")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Add the key").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("SSH key").locator("option:checked")).to_have_text(name)


def test_a_container_is_created_to_running(console: Console, engine: str, image: str) -> None:
    page = console.open(f"/machines/new?backend={engine}")
    page.get_by_role("radio", name=image).check()
    expect(page.get_by_role("radiogroup", name="Size")).to_have_count(0)  # the engine has no sizes
    make_a_key(page, "fresh")
    console.settle()
    assert console.accessibility() == []
    create = page.get_by_role("button", name="Create the machine")
    create.click()
    expect(page.get_by_text("Give it a name.")).to_be_visible()
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill("not a name!")
    create.click()
    expect(page.get_by_text("Docker does not take the name")).to_be_visible()
    expect(name).to_have_attribute("aria-invalid", "true")

    name.fill("box-1")
    page.get_by_role("textbox", name="Tags optional").fill("web, made-here")
    create.dblclick()

    expect(page).to_have_url(re.compile(r"/jobs/\w+$"))
    expect(page.get_by_role("main")).to_contain_text("succeeded", timeout=LONG_MS)
    steps = page.get_by_role("region", name="Steps").get_by_role("listitem")
    expect(steps).to_contain_text(["validate", "create", "wait until running"])
    page.evaluate("getSelection().removeAllRanges()")  # the double click chose the text under it
    console.settle()
    assert console.accessibility() == []
    console.shot("job-create")
    page.get_by_role("link", name="Open the machine").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("box-1")
    assert names(console.service).count("box-1") == 1


def test_a_failure_says_at_which_step_and_the_form_is_still_filled(console: Console, engine: str) -> None:
    page = console.open(f"/machines/new?backend={engine}&image=lab/nowhere:1")
    page.get_by_role("textbox", name="Name", exact=True).fill("never-1")
    page.get_by_role("button", name="Create the machine").click()

    note = page.get_by_role("alert")
    expect(note).to_contain_text(re.compile(r"It ended at the step (validate|create)\."), timeout=LONG_MS)
    console.settle()
    assert console.accessibility() == []
    console.shot("job-failed")
    page.get_by_role("link", name="Back to the form").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("never-1")


def test_a_size_is_chosen_by_price(console: Console, frankfurt: str, engine: str) -> None:
    page = console.open(f"/machines/new?backend={frankfurt}")
    page.get_by_role("radio", name="x86_64").first.check()
    size = page.get_by_role("radiogroup", name="Size")
    expect(size.get_by_role("radio").first).to_be_visible(timeout=LONG_MS)
    prices = [float(text.replace(",", "").lstrip("US$")) for text in size.locator(".month").all_inner_texts()]
    assert len(prices) > 5
    assert prices == sorted(prices)
    expect(page.get_by_text("of another architecture than the image")).to_be_visible()
    page.get_by_role("searchbox", name="Filter sizes").fill("t3a.")
    size.get_by_role("radio", name="t3a.nano").check()
    page.get_by_role("textbox", name="Name", exact=True).fill("web")
    page.get_by_role("spinbutton", name="Quantity").fill("2")
    summary = page.get_by_role("complementary", name="Summary")
    expect(summary).to_contain_text("t3a.nano")
    expect(summary).to_contain_text("list price as of 20")
    expect(page.get_by_text("They will be called web-1 to web-2.")).to_be_visible()
    assert console.accessibility() == []
    console.shot("create")

    page.get_by_role("button", name="Create 2 machines").click()

    expect(page).to_have_url(re.compile(r"/jobs/\w+$"))
    expect(page.get_by_role("button", name=re.compile("^web-[12] succeeded"))).to_have_count(2, timeout=LONG_MS)
    assert {"web-1", "web-2"} <= set(names(console.service))


def test_the_overview_sums_up_what_they_cost(console: Console, frankfurt: str) -> None:
    token = console.service.sign_in()
    sizes = console.service.request("GET", f"/backends/{frankfurt}/sizes?limit=1000", token=token)[1]
    [hourly] = [size["price"] for size in sizes["items"] if size["name"] == "t3a.nano"]
    page = console.open("/")

    cost = page.get_by_role("region", name="Monthly cost")
    expect(cost).to_contain_text(f"US${2 * hourly * 730:.2f}")
    expect(cost).to_contain_text(re.compile(r"estimated, without \d machines? of unknown price"))


def test_the_list_of_jobs_is_filtered_in_its_address(console: Console, engine: str) -> None:
    page = console.open("/jobs?kind=machine.create")
    expect(page.get_by_role("row").filter(has_text="create box-1")).to_contain_text("succeeded")
    page.get_by_label("State").select_option("failed")
    expect(page).to_have_url(re.compile("state=failed"))
    expect(page.get_by_role("row").filter(has_text="create never-1")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="create box-1")).to_have_count(0)
    console.settle()
    assert console.accessibility() == []


def test_on_a_phone_the_form_stands_in_one_column(phone: Console, engine: str, image: str) -> None:
    page = phone.open(f"/machines/new?backend={engine}")
    expect(page.get_by_role("radio", name=image)).to_be_visible()
    phone.settle()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.accessibility() == []
    phone.shot("create-phone")
