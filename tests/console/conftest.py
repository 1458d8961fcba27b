"""Real Chromium against a real service: one browser, one service a module, one browser session a test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.console import is_there
from tests.support.service import Service

sync_api = pytest.importorskip("playwright.sync_api")

from tests.support import browser as browsers  # noqa: E402 - it needs Playwright
from tests.support.browser import CHROMIUM, PHONE, Console, console_of  # noqa: E402

TIMEOUT_MS = 15_000


@pytest.fixture(scope="package")
def browser() -> Iterator[sync_api.Browser]:
    """One for all files here, and gone after them: beside its event loop no asynchronous test can run."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}: make packages")
    if not is_there():
        pytest.skip("the console is not built: make console")
    sync_api.expect.set_options(timeout=TIMEOUT_MS)
    with sync_api.sync_playwright() as playwright:
        running = browsers.launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """With this machine as its first backend."""
    running = Service(tmp_path_factory.mktemp("console") / "data", flags=("--manage-this-host",)).start()
    running.wait_for_this_host()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def session(browser: sync_api.Browser, service: Service) -> Any:
    """The cookie of the admin, who signs in once a module: to verify a password takes its time."""
    with console_of(browser, service) as opened:
        opened.sign_in()
        return opened.context.storage_state()


@pytest.fixture
def console(browser: sync_api.Browser, service: Service, session: Any) -> Iterator[Console]:
    """The console, signed in as admin. The session is the module's: sign out of one of your own (`visitor`)."""
    with console_of(browser, service, storage_state=session) as opened:
        opened.page.set_default_timeout(TIMEOUT_MS)
        yield opened


@pytest.fixture
def visitor(browser: sync_api.Browser, service: Service) -> Iterator[Console]:
    """The console of somebody who has not signed in."""
    with console_of(browser, service) as opened:
        opened.page.set_default_timeout(TIMEOUT_MS)
        yield opened


@pytest.fixture
def phone(browser: sync_api.Browser, service: Service, session: Any) -> Iterator[Console]:
    """The console on a phone, signed in as admin."""
    options = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    with console_of(browser, service, storage_state=session, **options) as opened:
        opened.page.set_default_timeout(TIMEOUT_MS)
        yield opened
