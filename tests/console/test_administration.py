"""Keys, users, tokens, channels, rules, alerts, silences and events, as an admin and as a viewer use them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.lab.receivers import Webhook, webhook
from tests.lab.sshd import key_pair
from tests.support.browser import Console, console_of
from tests.support.service import Service

VIEWER, PASSWORD = "viewer@example.com", "a long enough password"


def test_keys_are_made_uploaded_renamed_and_deleted(console: Console) -> None:
    page = console.open("/keys")
    page.get_by_role("button", name="Add a key").click()
    page.get_by_label("Name").fill("fleet")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", name="fleet")).to_be_visible()
    expect(page.get_by_text("SHA256:")).to_be_visible()

    console.open("/keys")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("I have one").check()
    page.get_by_label("Name").fill("own")
    page.get_by_role("textbox", name="Private key").fill("no key at all")
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("textbox", name="Private key")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="Private key").fill(key_pair().private)
    page.get_by_role("button", name="Add the key").click()
    expect(page.get_by_role("heading", name="own")).to_be_visible()

    page.get_by_role("button", name="Make it the default").click()
    expect(page.get_by_text("the default of new machines")).to_be_visible()
    page.get_by_role("button", name="More").click()
    with page.expect_download() as taken:
        page.get_by_role("menuitem", name="Download").click()
        page.get_by_role("button", name="Download", exact=True).click()
    assert "PRIVATE KEY" in taken.value.path().read_text()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_label("Type its name").fill("own")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    expect(page.get_by_role("grid", name="Keys")).not_to_contain_text("own")
    console.shot("keys")


def test_a_viewer_is_added_and_cannot_change_things(console: Console, browser: Browser, service: Service) -> None:
    page = console.open("/users")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Email").fill(VIEWER)
    page.get_by_label("Password").fill("short")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Add the user").click()
    expect(page.get_by_role("grid", name="Users")).to_contain_text(VIEWER)

    with console_of(browser, service) as other:
        other.sign_in(VIEWER, PASSWORD)
        for path in ("/keys", "/channels", "/rules", "/users"):
            expect(other.open(path).get_by_role("button", name="Add", exact=True)).to_have_count(0)
        other.open("/tokens").get_by_role("button", name="Create").click()
        expect(other.page.locator("option[value=admin]")).to_be_disabled()


def test_sessions_say_where_they_began_and_which_is_ones_own(
    console: Console, visitor: Console, service: Service
) -> None:
    visitor.sign_in()
    page = console.open("/tokens")
    own = page.get_by_role("row").filter(has_text="this session")
    expect(own).to_have_count(1)
    expect(own).to_contain_text(re.compile("console, Chrome on Linux.*admin"))
    page.get_by_role("button", name="Revoke console, Chrome on Linux").nth(-1).click()
    expect(page.get_by_role("dialog")).to_contain_text("sign in again")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    console.settle()
    assert console.accessibility() == []
    console.shot("tokens")


def test_a_token_is_shown_once_works_and_is_revoked(console: Console, service: Service) -> None:
    page = console.open("/tokens")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_label("Name").fill("backups")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    text = page.get_by_text(re.compile("^mist_")).inner_text()
    assert service.request("GET", "/me", token=text)[0] == 200
    console.shot("token")
    page.get_by_role("button", name="Done").click()
    expect(page.locator("body")).not_to_contain_text(text)

    page.get_by_role("button", name="Revoke backups").click()
    page.get_by_role("button", name="Revoke", exact=True).click()
    expect(page.get_by_role("grid", name="Tokens")).not_to_contain_text("backups")
    assert service.request("GET", "/me", token=text)[0] == 401


@pytest.fixture(scope="module")
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def test_a_rule_fires_is_told_silenced_and_ends(console: Console, service: Service, hook: Webhook) -> None:
    token = service.sign_in()
    items = service.request("GET", "/machines", token=token)[1]["items"]
    here = next(machine for machine in items if machine["provider"] == "localhost")
    service.request("POST", f"/machines/{here['id']}/monitoring", {"interval_s": 1, "agent": False}, token)

    page = console.open("/channels")
    page.get_by_role("button", name="Add a channel").click()
    page.get_by_label("Name").fill("on call")
    page.get_by_label("Kind").select_option("json")
    page.get_by_label("Address").fill(hook.url.replace("json://", "http://"))
    page.get_by_role("button", name="Add the channel").click()
    page.get_by_role("button", name="Send a test on on call").click()
    expect(page.get_by_role("region", name="Messages")).to_contain_text("took the message")
    assert len(hook.posts) == 1

    console.open("/rules/new")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_text("Choose a machine, or a tag.")).to_be_visible()
    page.get_by_role("combobox", name="Machine").select_option(here["id"])
    page.get_by_label("Metric").fill("load.shortterm")
    page.get_by_label("Value").fill("-1")
    page.get_by_label("Of the last").select_option("30")
    page.get_by_label("Name").fill("always")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("heading", name="always")).to_be_visible()
    expect(page.get_by_role("list", name="Alerts").get_by_text("firing")).to_be_visible(timeout=60_000)
    console.shot("rule")

    console.open("/alerts")
    page.get_by_role("button", name=re.compile("^Silence always")).click()
    page.get_by_label("Reason").fill("planned work")
    page.get_by_role("dialog").get_by_role("button", name="Silence").click()
    expect(page.get_by_role("region", name="Silences")).to_contain_text("planned work")
    console.shot("alerts")
    page.get_by_role("button", name=re.compile("^End the silence")).click()
    expect(page.get_by_role("region", name="Silences")).to_have_count(0)

    console.open("/rules").get_by_role("link", name="always").click()
    page.get_by_role("button", name="Change").click()
    page.get_by_label("Value").fill("100000")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("load.shortterm > 100000")).to_be_visible()
    expect(page.get_by_role("list", name="Alerts").get_by_text("firing")).to_have_count(0, timeout=60_000)


def test_events_are_followed_held_and_filtered(console: Console, service: Service) -> None:
    asked: list[str] = []
    console.page.on("request", lambda request: asked.append(request.url))
    page, token = console.open("/events"), service.sign_in()
    region = page.get_by_role("region", name="Events")
    service.request("POST", "/keys", {"name": "seen at once", "generate": {}}, token)
    expect(region).to_contain_text("seen at once")
    console.shot("events")

    page.get_by_role("button", name="Hold").click()
    service.request("POST", "/keys", {"name": "seen later", "generate": {}}, token)
    expect(page.get_by_role("button", name=re.compile(r"Follow \(\d+ new\)"))).to_be_visible()
    expect(region).not_to_contain_text("seen later")
    page.get_by_role("button", name=re.compile("Follow")).click()
    expect(region).to_contain_text("seen later")

    page.get_by_label("Filter events").fill("at once")
    expect(region).not_to_contain_text("seen later")
    expect(region).to_contain_text("seen at once")
    assert len([url for url in asked if "/api/v1/events?limit=100" in url]) == 1, "each page is read once"
    page.reload()
    expect(page.get_by_label("Filter events")).to_have_value("at once")
