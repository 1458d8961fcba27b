"""What holds on every page: the policy is kept, nobody else is asked, names are text, everybody can use it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.lab.hostile_docker import hostile_docker
from tests.lab.waiting import eventually
from tests.support import hostile
from tests.support.browser import PHONE, ROOT, WIDE, Console, console_of
from tests.support.service import PASSWORD, Service

MARKUP = ["<script>window.__obeyed=1</script>", "<img src=x onerror=window.__obeyed=1>", "{@html 'x'}", "אבג‏ abc"]
NAMES = [*MARKUP, *hostile.SHOWN, *hostile.HIDDEN, hostile.ENDLESS]
PAGES = dict(re.findall(r"(\w+): page\('([^']+)'", (ROOT / "console/src/pages/index.ts").read_text()))
OPEN = ("setup", "signIn")


@pytest.fixture(scope="module")
def ids(service: Service) -> Iterator[dict[str, str]]:
    """One of everything, called as nobody should; the id for each page that shows one."""
    token = service.sign_in()

    def ask(method: str, path: str, body: object = None) -> dict[str, str]:
        status, answer = service.request(method, path, body, token)
        assert status < 300, (method, path, answer)
        return answer if isinstance(answer, dict) else {}

    with hostile_docker(NAMES) as port:
        settings = {"docker_host": "127.0.0.1", "docker_port": port}
        backend = ask("POST", "/backends", {"provider": "docker", "name": MARKUP[1], "settings": settings})
        machines = eventually(lambda: _of(service, token, backend["id"]))
        machine = next(found for found in machines if found["name"] == MARKUP[1])
        key = ask("POST", "/keys", {"name": MARKUP[0], "generate": {}})
        ask("PUT", f"/machines/{machine['id']}/tags/%3Cb%3Ebold")
        ask("POST", "/users", {"email": "v@example.com", "name": MARKUP[1], "password": PASSWORD, "role": "viewer"})
        ask("POST", "/tokens", {"name": MARKUP[0]})
        ask("POST", "/channels", {"name": MARKUP[1], "url": "json://127.0.0.1:9/"})
        ask("POST", f"/machines/{machine['id']}/monitoring", {"by_hand": True})
        rule = ask("POST", "/rules", {"machine_id": machine["id"], "metric": "load", "value": 5})
        run = ask("POST", "/runs", {"command": f"echo '{MARKUP[0]}'", "all": True})
        yield {
            "machine": machine["id"],
            "backend": backend["id"],
            "key": key["id"],
            "rule": rule["id"],
            "job": run["id"],
        }


def _of(service: Service, token: str, backend_id: str) -> list[dict[str, str]]:
    found = service.request("GET", f"/machines?backend={backend_id}&limit=1000", token=token)[1]["items"]
    return found if len(found) == len(NAMES) else []


def address(name: str, ids: dict[str, str]) -> str:
    noun = {"machineTab": "machine", "runResult": "job"}.get(name, name)
    return PAGES[name].replace(":id", ids.get(noun, "")).replace(":tab", "graphs")


@pytest.fixture(scope="module")
def tour(browser: Browser, service: Service, session: Any) -> Iterator[Console]:
    """One tab for all pages."""
    with console_of(browser, service, storage_state=session) as opened:
        yield opened


@pytest.mark.parametrize("name", [name for name in PAGES if name not in OPEN])
def test_every_page_keeps_the_policy_and_can_be_used_by_everybody(
    tour: Console, ids: dict[str, str], name: str
) -> None:
    page = tour.page
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # from its first paint on
    tour.open(address(name, ids))
    tour.colours("light")
    tour.settle()

    light = tour.accessibility()
    tour.colours("dark")
    dark = tour.accessibility("color-contrast")
    page.set_viewport_size(PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    small = tour.accessibility("target-size", "scrollable-region-focusable", "color-contrast")

    assert (light, dark, small) == ([], [], [])
    assert width <= PHONE["width"], "a phone has to scroll sideways"
    assert page.evaluate("window.__obeyed") is None
    tour.check()


@pytest.mark.parametrize("name", OPEN)
def test_who_is_not_signed_in_can_use_it_too(visitor: Console, ids: dict[str, str], name: str) -> None:
    visitor.open(PAGES[name])
    light = visitor.accessibility()
    visitor.colours("dark")
    dark = visitor.accessibility("color-contrast")

    assert (light, dark) == ([], [])


def test_hostile_names_are_text(console: Console, ids: dict[str, str]) -> None:
    page = console.open("/machines")
    page.get_by_role("searchbox").first.fill("onerror")

    expect(page.get_by_text(MARKUP[1]).first).to_be_visible()
    assert page.locator("script:not([src])").count() == 0
    assert page.evaluate("window.__obeyed") is None


def test_no_script_can_read_the_session(console: Console) -> None:
    page = console.open("/")

    assert page.evaluate("document.cookie") == ""
    assert "mist_" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert [kept["name"] for kept in console.context.cookies()] == ["mist_session"]


def test_inline_scripts_and_markup_from_strings_are_refused(console: Console) -> None:
    page = console.open("/")

    refused = page.evaluate(
        """() => {
          const script = document.createElement('script')
          const tried = [
            () => { script.text = 'window.__obeyed = 1'; document.head.append(script) },
            () => { document.body.innerHTML = '<b>x</b>' },
            () => { window.trustedTypes.createPolicy('mine', { createHTML: (text) => text }) },
          ]
          return tried.map((attempt) => { try { attempt(); return '' } catch (error) { return error.name } })
        }"""
    )

    assert page.evaluate("window.__obeyed") is None
    assert refused == ["TypeError"] * 3
    told = eventually(lambda: found if len(found := console.violations()) == len(refused) else [])
    assert all("trusted-types" in each for each in told), told
    page.evaluate("window.__violations.length = 0")  # these were meant
    console.seen.faults.clear()


def test_no_other_site_can_frame_it_or_act_through_it(browser: Browser, service: Service) -> None:
    with _other_site(service) as site, console_of(browser, service) as console:
        console.sign_in()
        page = console.page
        page.goto(site)
        expect(page.locator("#done")).to_have_text("done")
        said = json.loads(page.locator("#said").inner_text())
        framed = page.frames[1].evaluate("document.body ? document.body.innerText : ''")
        console.seen.faults.clear()  # the browser tells what it refused to the other site
        console.seen.foreign.clear()

    assert "Mist" not in framed
    assert said == {"read": "refused", "act": "refused", "form": "refused"}
    token = service.sign_in()
    assert "evil" not in [found["name"] for found in service.request("GET", "/tokens", token=token)[1]["items"]]


class _other_site:
    """A page of another origin that tries to use the console of whoever looks at it."""

    def __init__(self, service: Service) -> None:
        page = _ATTACK.replace("SERVICE", service.uri).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page if self.path == "/" else b"")

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://localhost:{self._server.server_address[1]}/"

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


_ATTACK = """<!doctype html><iframe src="SERVICE/machines"></iframe><p id=said></p><p id=done></p><script>
const attempt = (path, more) => fetch('SERVICE/api/v1' + path, {credentials: 'include', ...more}).then(
  (answer) => answer.ok ? 'worked' : 'refused', () => 'refused')
const body = JSON.stringify({name: 'evil'})
Promise.all([
  attempt('/me', {}),
  attempt('/tokens', {method: 'POST', body, headers: {'Content-Type': 'application/json', 'X-Mist-Console': '1'}}),
  attempt('/tokens', {method: 'POST', body, headers: {'Content-Type': 'text/plain'}}),
]).then(([read, act, form]) => {
  document.querySelector('#said').textContent = JSON.stringify({read, act, form})
  document.querySelector('#done').textContent = 'done'
})
</script>"""
