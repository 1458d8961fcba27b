"""How soon the console shows a sample in the graph of its machine, in Chromium."""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.measure import Figure
from tests.integration.serve.test_monitoring import Posting, value_list
from tests.support import browser as browsers
from tests.support.service import Service

TIMES, FULL_TIMES = 5, 30
SOON_S = 2.0


class EachSecond(Posting):
    """The service's own machine, which sends by hand each second."""

    def enable(self) -> str:
        asked = {"by_hand": True, "interval_s": 1}
        commands: str = self.ask("POST", f"/machines/{self.id}/monitoring", asked)["commands"]
        found = re.search(r'Password "([^"]+)"', commands)
        assert found
        return found.group(1)

    def send(self, load: int, second: float) -> None:
        values = {"shortterm": load, "midterm": 1.0, "longterm": 1.0}
        assert self.post(json.dumps([value_list("load", "load", int(second), values)]).encode()) == 204


def figures(full: bool = False) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        service = Service(Path(folder) / "data", flags=("--manage-this-host",)).start()
        browser = browsers.launch(playwright)
        try:
            machine = EachSecond(service)
            machine.send(1, time.time() - 5)
            with browsers.console_of(browser, service) as console:
                console.sign_in()
                page = console.open(f"/machines/{machine.id}?range=10min")
                expect(page.locator("[data-chart='load'] tbody td").first).to_have_text("1")
                waits = [wait(page, machine, 11 + number) for number in range(FULL_TIMES if full else TIMES)]
        finally:
            browser.close()
            service.stop()
    told = f"{max(waits):.2f} s, in the middle {statistics.median(waits):.2f} s"
    yield Figure("a point is drawn after it was acknowledged", max(waits) / SOON_S, 1.0, told, f"{SOON_S:g} s")


def wait(page: Page, machine: EachSecond, load: int) -> float:
    """Seconds from the service's 204 to the frame that shows the load. No two samples are of one second."""
    page.evaluate(_WATCH, str(load))
    second = time.time()
    machine.send(load, second)
    taken = time.time()
    drawn: float = page.evaluate("window.__drawn") / 1000
    time.sleep(max(0.0, second + 1 - time.time()))
    return drawn - taken


_WATCH = """(value) => {
  const cell = () => document.querySelector("[data-chart='load'] tbody td").textContent
  window.__drawn = new Promise((done) => {
    const look = () => (cell() === value ? done(Date.now()) : requestAnimationFrame(look))
    look()
  })
}"""
