"""A shell in the browser, over a real sshd: typing, colours under the policy, sizes, tabs, and the way out."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from mistclient import MistClient
from mistclient.channel import Channel
from tests.integration.monitoring.conftest import named
from tests.lab.sshd import KeyPair, sshd
from tests.lab.waiting import eventually
from tests.support.browser import Console
from tests.support.front import Front
from tests.support.service import EMAIL, PASSWORD, Service

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


def operator(console: Console, front: Front, email: str, machine: str) -> tuple[str, Page]:
    """Somebody's id, and their page with a shell that has a prompt."""
    user = front.done("POST", "/users", {"email": email, "password": PASSWORD, "role": "operator"})
    console.sign_in(email)
    page = console.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{console.service.uri}/shell?machine={machine}")
    expect(page.locator(".xterm-rows")).to_contain_text("$")
    return user["id"], page


def test_a_user_who_may_no_more_has_no_shell_within_5_s(visitor: Console, machine: str, front: Front) -> None:
    user, page = operator(visitor, front, "o@example.com", machine)

    front.done("PATCH", f"/users/{user}", {"role": "viewer"})

    expect(page.get_by_role("alert")).to_contain_text("withdrawn", timeout=5_000)


def test_a_revoked_session_ends_its_shell_and_the_next_to_sign_in_sees_nothing_of_it(
    visitor: Console, machine: str, front: Front
) -> None:
    user, page = operator(visitor, front, "p@example.com", machine)
    typed(page, "echo private-$((1+1))")
    shown(page, "private-2")
    [theirs] = [token for token in front.done("GET", "/tokens?limit=1000")["items"] if token["user_id"] == user]

    front.done("DELETE", f"/tokens/{theirs['id']}")

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=5_000)
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Open shells").get_by_role("listitem")).to_have_count(1)
    shown(page, r"\$")
    expect(page.locator(".xterm-rows")).not_to_contain_text("private")


def test_a_question_whether_it_still_answers_needs_no_answer_of_the_machine(
    console: Console, machine: str, front: Front
) -> None:
    [found] = MistClient(console.service.uri, api_token=front.token).machines(id=machine)
    with Channel(found, "command", command="sleep 60") as channel:
        channel.control(ping=True)
        assert next(iter(channel)).control == {"pong": True}


def test_a_phone_is_given_the_keys_that_it_has_not(phone: Console, machine: str) -> None:
    page = phone.page
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{phone.service.uri}/shell?machine={machine}")
    shown(page, r"\$")
    typed(page, "echo up-$((1+1)); sleep 60")
    shown(page, "up-2")
    page.get_by_role("button", name="Ctrl").tap()
    expect(page.get_by_role("button", name="Ctrl")).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("c")
    shown(page, r"\^C")
    typed(page, "read -r line; echo $line | od -An -c")
    page.get_by_role("button", name="Up").tap()
    typed(page, "")
    shown(page, r"033 +\[ +A")
    assert phone.accessibility() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.shot("shell-phone")


@pytest.mark.full
def test_a_connection_that_falls_silent_is_told_and_goes_on_if_it_comes_back(console: Console, page: Page) -> None:
    notice = page.get_by_role("alert").filter(has_text="does not answer")
    os.kill(console.service.pid, signal.SIGSTOP)
    try:
        expect(notice).to_be_visible(timeout=40_000)
        assert page.locator(".xterm-rows").is_visible()
        console.shot("shell-silent")
    finally:
        os.kill(console.service.pid, signal.SIGCONT)
    expect(notice).to_have_count(0)
    typed(page, "echo still-$((1+1))")
    shown(page, "still-2")


def test_after_a_lost_connection_a_new_one_is_offered_and_what_was_there_is_kept(console: Console, page: Page) -> None:
    typed(page, r"echo before-$((1+1)); printf '\033[?1049h\033[?25lsecond %s' screen; sleep 60")
    shown(page, "second screen")
    console.service.kill()
    notice = page.get_by_role("alert").filter(has_text="The connection to the machine was lost.")
    expect(notice).to_be_visible()
    shown(page, "before-2.*connection to the machine was lost")
    assert console.accessibility() == []
    console.shot("shell-lost")
    expect(page.get_by_text("The service has not answered since")).to_be_visible()
    notice.get_by_role("button", name="Open again").click()
    expect(page.get_by_role("alert").filter(has_text="The service does not answer.")).to_be_visible()

    console.service.start()
    expect(page.get_by_text("The service has not answered since")).to_have_count(0, timeout=30_000)
    page.get_by_role("button", name="Open again").click()

    expect(page.get_by_role("button", name="Open again")).to_have_count(0)
    typed(page, "echo after-$((1+1))")
    shown(page, "before-2.*after-2")
