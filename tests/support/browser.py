"""A page of the console in a real Chromium, and what must hold on every one of them, whatever a test does."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, expect

from tests.support.service import EMAIL, PASSWORD, Service

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = ROOT / "docs" / "images" / "console"
TAKEN = os.environ.get("MIST_SCREENSHOTS") == "1"  # only when asked: pictures differ from machine to machine
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
_REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (4\d\d|50[0-4])")
_LOST = re.compile(r"Failed to load resource: net::ERR_|net::ERR_INCOMPLETE_CHUNKED_ENCODING")
_WATCH = """
window.__violations = []
document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(
  `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`))
"""
# drawn, and at the end of every transition, whose colours are no one's
_AT_REST = """new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))).then(() =>
  Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null))))"""
_NO_TRANSITIONS = """() => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync('*, *::before, *::after { transition: none !important }')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}"""
_LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def launch(playwright: Playwright) -> Browser:
    """Debian's own Chromium."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))


@dataclass
class Seen:
    """What a page did that no page of the console may do."""

    uri: str
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on("console", self._on_console)
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        expected = _REFUSED.search(message.text) or _LOST.search(message.text)  # the page tells the user itself
        if message.type in ("error", "warning") and not expected:
            self.faults.append(f"{message.location.get('url')}: {message.text}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != urlsplit(self.uri).netloc:
            self.foreign.append(request.url)


@dataclass
class Console:
    """One browser's console of a service. `page` is the tab that it began with."""

    service: Service
    context: BrowserContext
    page: Page
    seen: Seen

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> None:
        """As the page does it, without typing."""
        answer = self.context.request.post(
            f"{self.service.uri}/api/v1/sessions",
            headers={"X-Mist-Console": "1", "Origin": self.service.uri},
            data={"email": email, "password": password},
        )
        assert answer.status == 201, answer.text()

    def open(self, path: str) -> Page:
        """The view at an address, loaded anew, its heading shown."""
        self.page.goto(self.service.uri + path)
        expect(self.page.get_by_role("heading", level=1).first).to_be_visible()
        return self.page

    def settle(self) -> None:
        """Until nothing is a skeleton or busy any more."""
        expect(self.page.locator("[aria-busy=true], .skeleton")).to_have_count(0)

    def colours(self, scheme: Literal["light", "dark"]) -> None:
        """What the system asks for, once the page has followed it, at once and not by and by."""
        self.page.evaluate(_NO_TRANSITIONS)
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        expect(self.page.locator("html")).to_have_attribute("data-theme", scheme)

    def violations(self) -> list[str]:
        found: list[str] = self.page.evaluate("window.__violations")
        return found

    def check(self) -> None:
        """What holds on every page: no fault, no request to another host, no violation of the policy."""
        if self.page.url.startswith(self.service.uri):
            assert not self.violations(), self.violations()
        assert not self.seen.faults, self.seen.faults
        assert not self.seen.foreign, self.seen.foreign

    def accessibility(self, *rules: str) -> list[str]:
        """What axe-core has against the page as it stands, by these rules or all of WCAG 2.2 A and AA.

        Without its own copy of the style sheets, which it would make by an inline style that the policy refuses.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        self.page.evaluate(_AT_REST)
        result: dict[str, Any] = self.page.evaluate(
            "(only) => axe.run(document, {runOnly: only, resultTypes: ['violations'], preload: false})",
            {"type": "rule", "values": rules} if rules else {"type": "tag", "values": _LEVELS},
        )
        return [
            f"{found['id']}: {node['html'][:200]}: {node['failureSummary'][:300]}"
            for found in result["violations"]
            for node in found["nodes"][:4]
        ]

    def shot(self, name: str, full: bool = False) -> None:
        """A picture for the documents, where the environment asks for it (MIST_SCREENSHOTS=1)."""
        if TAKEN:
            SHOTS.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=SHOTS / f"{name}.png", full_page=full, animations="disabled", caret="hide")


@contextmanager
def console_of(browser: Browser, service: Service, **options: Any) -> Iterator[Console]:
    """A fresh browser session, which `Console.check` ends."""
    settings: dict[str, Any] = {"viewport": WIDE, "reduced_motion": "reduce", "locale": "en-GB", **options}
    context = browser.new_context(timezone_id="Europe/Berlin", base_url=service.uri, **settings)
    context.add_init_script(_WATCH)
    seen = Seen(service.uri)
    context.on("page", seen.watch)
    try:
        console = Console(service, context, context.new_page(), seen)
        yield console
        console.check()
    finally:
        context.close()
