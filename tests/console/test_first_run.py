"""Set-up with the one-time code, what a new service leads to, and signing in and out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import PHONE, Console, console_of
from tests.support.service import Service

OWNER, PASSWORD = "owner@example.com", "a long enough password"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Nobody has claimed it yet."""
    unclaimed = {"MIST_ADMIN_EMAIL": "", "MIST_ADMIN_PASSWORD": ""}
    running = Service(tmp_path_factory.mktemp("first") / "data", ("--manage-this-host",), unclaimed).start()
    yield running
    assert running.stop() == 0


def code(service: Service) -> str:
    found = re.findall(r"mist setup --code (\S+)", service.log.read_text())
    assert found, service.log.read_text()
    return str(found[-1])


@pytest.fixture
def claimed(service: Service) -> None:
    """It has its first user, whichever test ran before."""
    if service.request("GET", "/setup")[1]["needed"]:
        body = {"code": code(service), "email": OWNER, "password": PASSWORD}
        assert service.request("POST", "/setup", body)[0] == 201


def test_the_first_user_is_led_from_the_code_to_a_watched_machine(visitor: Console) -> None:
    page = visitor.page
    page.goto("/machines")  # whatever the address was
    expect(page.get_by_role("heading", name="Set up Mist")).to_be_visible()
    assert visitor.accessibility() == []
    visitor.shot("first-run")

    page.get_by_label("One-time code").fill("not-it")
    page.get_by_label("Email").fill(OWNER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD[1:])
    expect(page.get_by_text("The two passwords differ.")).to_be_visible()
    expect(page.get_by_role("button", name="Create the admin")).to_be_disabled()
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create the admin").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("That is not the one-time code")
    expect(alert).to_contain_text(re.compile(r"Request \w{10,}"))

    page.get_by_label("One-time code").fill(code(visitor.service))
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    begin = page.get_by_role("region", name="Begin")
    expect(begin.get_by_role("button", name="Watch this machine")).to_be_visible()
    visitor.settle()
    assert visitor.accessibility() == []
    visitor.shot("begin")
    begin.get_by_role("link", name="Add a backend").click()
    expect(page).to_have_url(re.compile("/backends/new$"))


@pytest.mark.usefixtures("claimed")
def test_signing_in_leads_back_to_the_address_that_was_asked_for(visitor: Console) -> None:
    page = visitor.page
    page.goto("/machines?q=state%3Arunning")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visitor.accessibility() == []

    page.get_by_label("Email").fill(OWNER)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Request")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Machines")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/machines\?q=state%3Arunning$"))
    cookies = visitor.context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]


@pytest.mark.usefixtures("claimed")
def test_whoever_signs_out_is_out(visitor: Console) -> None:
    visitor.sign_in(OWNER, PASSWORD)
    page = visitor.open("/machines")

    page.get_by_role("button", name=OWNER).click()
    page.get_by_role("menuitem", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.usefixtures("claimed")
def test_an_address_of_nothing_says_so_and_leads_on(visitor: Console) -> None:
    visitor.sign_in(OWNER, PASSWORD)
    page = visitor.open("/nothing/here")

    expect(page.get_by_text("There is nothing at this address")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Machines").click()
    expect(page.get_by_role("heading", name="Machines")).to_be_focused()


@pytest.mark.usefixtures("claimed")
def test_the_palette_finds_pages_and_machines_by_keyboard(visitor: Console) -> None:
    visitor.sign_in(OWNER, PASSWORD)
    page = visitor.open("/")

    page.keyboard.press("Control+k")
    page.keyboard.type("keys")
    expect(page.get_by_role("option").first).to_have_text(re.compile("Keys"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/keys$"))

    page.keyboard.press("Control+k")
    page.keyboard.type("no such thing anywhere")
    expect(page.get_by_text("Nothing has that name.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.usefixtures("claimed")
def test_light_and_dark_are_of_the_system_or_by_choice(browser: Browser, service: Service) -> None:
    with console_of(browser, service, color_scheme="dark") as console:
        console.sign_in(OWNER, PASSWORD)
        page = console.open("/")
        html = page.locator("html")
        expect(html).to_have_attribute("data-theme", "dark")
        page.get_by_role("button", name="Theme").click()
        page.get_by_role("menuitemcheckbox", name="Light").click()
        expect(html).to_have_attribute("data-theme", "light")

        console.open("/")
        expect(html).to_have_attribute("data-theme", "light")


@pytest.mark.usefixtures("claimed")
def test_a_phone_has_its_sections_at_the_bottom(browser: Browser, service: Service) -> None:
    with console_of(browser, service, viewport=PHONE, has_touch=True, is_mobile=True) as console:
        console.sign_in(OWNER, PASSWORD)
        page = console.open("/")
        page.get_by_role("button", name="More").tap()
        page.get_by_role("link", name="About").tap()
        expect(page).to_have_url(re.compile("/about$"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
