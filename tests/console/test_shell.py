"""A shell in the browser, over a real sshd: typing, colours under the policy, sizes, tabs, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.integration.monitoring.conftest import named
from tests.lab.sshd import KeyPair, sshd
from tests.lab.waiting import eventually
from tests.support.browser import Console
from tests.support.front import Front
from tests.support.service import PASSWORD, Service

RED = "rgb(191, 42, 37)"
TRUE = "rgb(170, 20, 120)"


@pytest.fixture(scope="module")
def front(service: Service) -> Front:
    return Front(service, service.sign_in(), [])


@pytest.fixture(scope="module")
def machine(front: Front, lab_key: KeyPair) -> Iterator[str]:
    with sshd(key=lab_key) as door:
        front.done("POST", "/keys", {"name": "lab", "private": lab_key.private})
        settings = {"machine_ip": door.host, "machine_user": door.user, "machine_port": door.port}
        front.done("POST", "/backends", {"name": "host", "provider": "bare_metal", "settings": settings})
        yield named(front, door.host)


@pytest.fixture
def page(console: Console, machine: str) -> Page:
    """A page with a shell that has a prompt."""
    page = console.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{console.service.uri}/shell?machine={machine}")
    expect(page.locator(".xterm-rows")).to_contain_text("$")
    return page


def typed(page: Page, text: str) -> None:
    page.keyboard.type(f"{text}\n")


def shown(page: Page, pattern: str) -> None:
    expect(page.locator(".xterm-rows:visible")).to_contain_text(re.compile(pattern))


def cells(page: Page) -> int:
    """How many rows the terminal has."""
    return page.locator(".xterm-rows > div").count()


def test_colours_are_what_the_program_asked_for(console: Console, page: Page) -> None:
    typed(page, r"printf '\033[31mcrimson\033[0m \033[38;2;170;20;120mviolet\033[0m\n'")
    red = page.locator(".xterm-rows span.xterm-fg-1", has_text="crimson")
    expect(red).to_be_visible()

    expect(red).to_have_css("color", RED)
    expect(page.locator(".xterm-rows span", has_text=re.compile("^violet$"))).to_have_css("color", TRUE)
    assert console.violations() == []
    assert console.accessibility() == []


def test_top_runs_and_takes_the_size_of_the_window(console: Console, page: Page) -> None:
    typed(page, "TERM=xterm top -d 1")
    shown(page, "load average")
    console.shot("shell")
    before = cells(page)
    page.set_viewport_size({"width": 900, "height": 500})
    eventually(lambda: cells(page) < before)
    shown(page, "load average")
    page.locator(".xterm-helper-textarea").press("q")
    shown(page, r"\$ *$")
    typed(page, "echo rows=$(stty size | tr ' ' x)")

    shown(page, f"rows={cells(page)}x")


def test_it_goes_on_while_other_pages_are_looked_at(page: Page) -> None:
    typed(page, "KEPT=still; clear; echo set-$((1+1))")
    shown(page, "set-2")
    page.get_by_role("link", name="Machines", exact=True).first.click()
    expect(page.get_by_role("heading", name="Machines", level=1)).to_be_visible()
    page.go_back()
    page.locator(".xterm-helper-textarea").focus()
    typed(page, "echo $KEPT-there")

    shown(page, "still-there")


def test_several_shells_in_tabs(page: Page, machine: str) -> None:
    typed(page, "echo first-$((1+1))")
    shown(page, "first-2")
    page.get_by_role("button", name="Open another shell").click()
    page.get_by_role("dialog").get_by_label("Find a machine").fill("127.0.0.1")
    page.keyboard.press("Enter")
    tabs = page.get_by_role("list", name="Open shells").get_by_role("listitem")
    expect(tabs).to_have_count(2)
    shown(page, r"\$")
    typed(page, "echo second-$((1+1))")
    shown(page, "second-2")
    tabs.first.get_by_role("button").first.click()
    shown(page, "first-2")
    tabs.last.get_by_role("button", name=re.compile("Close")).click()
    expect(tabs).to_have_count(1)


def test_the_keyboard_gets_out_and_nothing_of_a_shell_is_taken(page: Page) -> None:
    typed(page, "echo abXcd")
    page.keyboard.type("echo lost")
    page.keyboard.press("Control+u")
    page.keyboard.type("echo kepX")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+k")  # the console's own search stays closed
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Shift+Escape")
    expect(page.get_by_role("button", name="Open another shell")).to_be_focused()
    expect(page.get_by_text("leaves the terminal")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Copy what is selected")).to_be_focused()


def test_an_end_is_told_and_enter_opens_a_new_one(page: Page, front: Front, machine: str) -> None:
    typed(page, "exit 3")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("exit code 3")
    page.keyboard.press("Enter")
    expect(notice).to_have_count(0)
    typed(page, "echo again-$((1+1))")
    shown(page, "again-2")
    typed(page, "kill -9 $PPID")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Open again").click()
    expect(notice).to_have_count(0)

    kinds = [event["kind"] for event in front.done("GET", f"/events?subject={machine}&limit=100")["items"]]
    assert {"channel.opened", "channel.closed"} <= set(kinds)


def test_it_fills_the_screen(page: Page) -> None:
    page.get_by_role("button", name="Full screen").click()
    expect(page.get_by_role("button", name="Leave full screen")).to_be_visible()
    page.get_by_role("button", name="Leave full screen").click()
    expect(page.get_by_role("button", name="Full screen", exact=True)).to_be_visible()


def test_a_user_who_is_gone_has_no_shell_any_more(visitor: Console, machine: str, front: Front) -> None:
    user = front.done("POST", "/users", {"email": "o@example.com", "password": PASSWORD, "role": "operator"})
    visitor.sign_in("o@example.com")
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{visitor.service.uri}/shell?machine={machine}")
    expect(page.locator(".xterm-rows")).to_contain_text("$")

    front.done("PATCH", f"/users/{user['id']}", {"role": "viewer"})

    expect(page.get_by_role("alert")).to_contain_text("withdrawn")
