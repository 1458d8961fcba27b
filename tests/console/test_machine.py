"""One machine: graphs that move, zoom and gaps, rules in them, custom metrics, who gets in, over a real sshd."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.integration.monitoring.conftest import named
from tests.integration.serve.test_monitoring import Posting, value_list
from tests.lab.sshd import KeyPair, Sshd, key_pair, sshd
from tests.lab.waiting import eventually
from tests.support.browser import TAKEN, Console
from tests.support.drawn import columns_drawn, points
from tests.support.front import Front
from tests.support.service import Service

COUNTING = "n = 0\ndef read():\n    global n\n    n += 1\n    print('call', n)\n    return 40 + n\n"
PICTURED_S = 420
FAILING = "def read():\n    raise KeyError('disk')\n"


@pytest.fixture(scope="module")
def door(lab_key: KeyPair) -> Iterator[Sshd]:
    with sshd(key=lab_key) as server:
        yield server


@pytest.fixture(scope="module")
def front(service: Service, door: Sshd) -> Front:
    front = Front(service, service.sign_in(), [])
    front.done("POST", "/keys", {"name": "lab", "private": door.private_key_pem})
    settings = {"machine_ip": door.host, "machine_user": door.user, "machine_port": door.port}
    front.done("POST", "/backends", {"name": "host", "provider": "bare_metal", "settings": settings})
    return front


@pytest.fixture(scope="module")
def sampled(front: Front, door: Sshd) -> str:
    """The id of a machine that is sampled over SSH each second."""
    id = named(front, door.host)
    job = front.finished(front.done("POST", f"/machines/{id}/monitoring", {"agent": False, "interval_s": 1}))
    assert job["state"] == "succeeded", job
    return id


class Sender(Posting):
    """The machine that the service runs on."""

    def __init__(self, front: Front) -> None:
        self.service, self.token = front.service, front.token
        items = front.done("GET", "/machines")["items"]
        self.id = next(item["id"] for item in items if item["backend_name"] != "host")
        self.password = self.enable()


@pytest.fixture(scope="module")
def posting(front: Front) -> Posting:
    """This machine, which sends what a test says. Ten minutes of it are there, with a gap, and a rule on its load."""
    machine = Sender(front)
    now = int(time.time())
    for second in range(now - 600, now - 30, 10):
        if not now - 400 < second < now - 300:
            send(machine, 1.0 + second % 7 / 10, second)
    limit = {"metric": "load", "operator": "gt", "value": 6, "aggregate": "any", "window_s": 90}
    front.done("POST", "/rules", {"name": "too much", "machine_id": machine.id, **limit})
    return machine


def send(machine: Posting, load: float, second: int | None = None) -> None:
    values = {"shortterm": load, "midterm": load / 2, "longterm": load / 4}
    at = int(time.time()) if second is None else second
    assert machine.post(json.dumps([value_list("load", "load", at, values)]).encode()) == 204


def graph(page: Page, key: str) -> Locator:
    return page.locator(f"[data-chart='{key}']")


def now(page: Page, key: str, line: int = 0) -> Locator:
    return graph(page, key).locator("tbody tr").nth(line).locator("td").first


@pytest.mark.timeout(900)
def test_graphs_move_while_samples_come(console: Console, sampled: str) -> None:
    if TAKEN:  # a picture of some minutes, and not of a second
        until = time.time() + PICTURED_S
        eventually(lambda: time.time() > until, PICTURED_S * 2)
    page = console.open(f"/machines/{sampled}?range=10min")
    for key in ("cpu", "load", "memory", "network"):
        expect(now(page, key)).to_have_text(re.compile(r"\d"))
    drawing = graph(page, "cpu").get_by_role("img")
    for _ in range(2):
        before = drawing.get_attribute("aria-label")
        expect(drawing).not_to_have_attribute("aria-label", before or "")

    assert re.fullmatch(r"[\d.]+ %", now(page, "cpu").inner_text())
    assert re.fullmatch(r"[\d.]+ [kM]?B/s", now(page, "network").inner_text())
    console.shot("machine", full=True)


def test_a_point_is_drawn_when_it_was_taken(console: Console, posting: Posting) -> None:
    page = console.open(f"/machines/{posting.id}?range=10min")
    expect(now(page, "load")).to_have_text(re.compile(r"\d"))

    send(posting, 3.25)

    expect(now(page, "load")).to_have_text("3.25")
    expect(now(page, "load", 1)).to_have_text("1.63")


def test_a_gap_is_no_line(console: Console, posting: Posting) -> None:
    page = console.open(f"/machines/{posting.id}?range=10min")
    expect(now(page, "load")).to_have_text(re.compile(r"\d"))

    assert columns_drawn(page) == (True, False, True)


def test_dragging_zooms_all_graphs_and_a_double_click_goes_back(console: Console, posting: Posting) -> None:
    page = console.open(f"/machines/{posting.id}?range=10min")
    expect(now(page, "load")).to_have_text(re.compile(r"\d"))
    box = graph(page, "load").locator(".u-over").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2

    page.mouse.move(box["x"] + box["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.35, middle, steps=4)
    page.mouse.up()

    expect(page).to_have_url(re.compile(r"span=\d+-\d+"))
    found = re.search(r"span=(\d+)-(\d+)", page.url)
    assert found
    assert 80 <= int(found[2]) - int(found[1]) <= 100  # 15 % of ten minutes
    expect(page.get_by_role("button", name="Back to live")).to_be_visible()
    page.mouse.dblclick(box["x"] + box["width"] / 2, middle)
    expect(page).not_to_have_url(re.compile("span="))
    page.go_back()
    expect(page).to_have_url(re.compile("span="))


def test_one_cursor_goes_over_all_graphs(console: Console, sampled: str) -> None:
    page = console.open(f"/machines/{sampled}?range=10min")
    expect(now(page, "memory")).to_have_text(re.compile(r"\d"))
    graph(page, "cpu").locator(".u-over").hover()

    for key in ("cpu", "load", "memory"):
        expect(graph(page, key).locator("thead .when")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    page.get_by_role("heading", level=1).hover()
    expect(graph(page, "memory").locator("thead .when")).to_have_text("Now")


def test_every_range_has_its_address(console: Console, posting: Posting) -> None:
    page = console.open(f"/machines/{posting.id}")
    for text, key in (("10 min", "10min"), ("24 h", "24h"), ("30 d", "30d"), ("1 year", "1y")):
        page.get_by_role("button", name=text, exact=True).click()
        expect(page).to_have_url(re.compile(f"range={key}"))
        console.settle()
        expect(now(page, "load")).to_have_text(re.compile(r"\d"))
    labels = graph(page, "load").get_by_role("img").get_attribute("aria-label") or ""
    assert "between" in labels


def test_a_file_becomes_a_metric_after_its_test_run(console: Console, sampled: str) -> None:
    page = console.open(f"/machines/{sampled}/monitoring")
    page.get_by_role("region", name="Custom metrics").get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Counted")
    dialog.get_by_label("Python file").fill(FAILING)
    dialog.get_by_role("button", name="Try and add").click()
    expect(dialog.get_by_role("alert")).to_contain_text("KeyError")
    expect(dialog.locator("pre")).to_contain_text("read() 1: KeyError")

    file = FilePayload(name="counted.py", mimeType="text/x-python", buffer=COUNTING.encode())
    dialog.locator("input[type=file]").set_input_files([file])
    expect(dialog.get_by_label("Python file")).to_have_value(COUNTING)
    dialog.get_by_role("button", name="Try and add").click()
    expect(dialog.locator("pre")).to_contain_text("call 3")
    expect(dialog.get_by_role("button", name="Close").last).to_be_visible(timeout=30_000)
    assert console.accessibility() == []
    dialog.get_by_role("button", name="Close").last.click()

    page.get_by_role("link", name="Overview", exact=True).last.click()
    expect(now(page, "mist.python.counted")).to_have_text(re.compile(r"\d"))


def test_a_metric_is_added_to_the_graphs_and_taken_away(console: Console, sampled: str) -> None:
    page = console.open(f"/machines/{sampled}/monitoring")
    page.get_by_label("Filter metrics").fill("memory free")
    page.get_by_role("button", name="Add Memory free").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Free")
    dialog.get_by_label("Unit").fill("B")
    dialog.get_by_role("button", name="Add").click()
    item = page.get_by_role("listitem").filter(has_text="memory.free")
    expect(item).to_contain_text("Free B")
    item.get_by_role("button", name="Remove").click()
    expect(item.get_by_role("button", name="Add")).to_be_visible()


def test_who_gets_in(console: Console, sampled: str, door: Sshd, front: Front) -> None:
    second = key_pair()
    front.done("POST", "/keys", {"name": "second", "private": second.private})
    page = console.open(f"/machines/{sampled}/access")
    page.get_by_role("button", name="Probe").click()
    expect(page.get_by_role("region", name="Probe")).to_contain_text(f"as {door.user}")

    page.get_by_role("region", name="Keys", exact=True).get_by_role("button", name="Add").click()
    page.get_by_role("dialog").get_by_label("Key").select_option("second")
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="second")).to_be_visible()
    page.get_by_role("button", name="Take second away").click()
    page.get_by_role("dialog").get_by_role("button", name="Take away").click()
    expect(page.get_by_role("link", name="second")).to_have_count(0)


def test_tags(console: Console, sampled: str, front: Front) -> None:
    page = console.open(f"/machines/{sampled}")
    page.get_by_label("New tag").fill("<b>web")
    page.get_by_role("button", name="Add the tag").click()
    expect(page.get_by_text("<b>web", exact=True)).to_be_visible()
    assert tags(front, sampled) == ["<b>web"]
    page.get_by_role("button", name="Remove the tag <b>web").click()
    expect(page.get_by_text("<b>web", exact=True)).to_have_count(0)
    assert tags(front, sampled) == []


def tags(front: Front, id: str) -> Any:
    return front.done("GET", f"/machines/{id}")["tags"]


def test_a_rule_and_its_firing_stand_in_the_graph(console: Console, posting: Posting) -> None:
    page = console.open(f"/machines/{posting.id}?range=10min")
    mark = graph(page, "load").get_by_role("link", name="> 6")
    expect(mark).to_contain_text("ok")

    send(posting, 9)

    expect(mark).to_contain_text("firing", timeout=60_000)  # a new rule is judged half a minute after it came
    expect(page.get_by_role("region", name="Alerts")).to_contain_text("too much")


def test_monitoring_goes_off_and_on_with_its_progress(console: Console, posting: Posting) -> None:
    page = console.open(f"/machines/{posting.id}/monitoring")
    page.get_by_role("button", name="Stop monitoring").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop monitoring").click()
    page.get_by_role("radio", name="By hand").check()
    page.get_by_role("button", name="Enable monitoring").click()
    expect(page.locator("pre")).to_contain_text("Password")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("region", name="Monitoring")).to_contain_text("waiting for data")

    page.get_by_role("button", name="Change").click()
    page.get_by_role("radio", name="Without an agent").check()
    page.get_by_label("Seconds between samples").fill("1")
    page.get_by_role("dialog").get_by_role("button", name="Enable monitoring").click()
    expect(page.get_by_role("region", name="Job")).to_contain_text("wait for data")
    expect(page.get_by_role("region", name="Monitoring")).to_contain_text("data comes", timeout=30_000)


def test_the_table_has_sparklines_of_the_last_minutes(console: Console, sampled: str, door: Sshd) -> None:
    page = console.open("/machines")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=door.host, exact=True))
    for name in ("CPU", "Memory"):
        spark = row.get_by_role("img", name=re.compile(rf"^{name} [\d.]+ %$"))
        expect(spark).to_be_visible()
        assert eventually(lambda spark=spark: points(spark)) > 1  # type: ignore[misc]
    console.settle()
    console.shot("machines-sparklines")


def test_a_changed_host_key_is_refused_until_it_is_accepted(console: Console, sampled: str, door: Sshd) -> None:
    page = console.open(f"/machines/{sampled}/access")
    keys = page.get_by_role("region", name="Host keys")
    expect(keys.locator("code")).to_contain_text("SHA256:")
    before = keys.locator("code").inner_text()
    door.set_host_keys("ed25519")
    door.restart()

    keys.get_by_role("button", name="Accept").click()
    page.get_by_role("dialog").get_by_role("button", name="Accept").click()

    expect(keys.locator("code")).not_to_have_text(before)
    page.get_by_role("button", name="Probe").click()
    expect(page.get_by_role("region", name="Probe")).to_contain_text(f"as {door.user}")


def test_a_phone_shows_the_graphs(phone: Console, sampled: str) -> None:
    page = phone.open(f"/machines/{sampled}?range=10min")
    expect(now(page, "cpu")).to_have_text(re.compile(r"\d"))

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.accessibility() == []
    phone.shot("machine-phone")
