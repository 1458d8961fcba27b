"""How long a page takes in a real Chromium: until it is painted whole, and the tasks that keep it from answering."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Route

_PATIENCE_MS = 45_000
_VIEWPORT = {"width": 1280, "height": 800}
_OWN_PAGES_MS = 400  # a new window of Chromium loads pages of its own, such as that of its address bar
_FRAMES = 150
_STEP = re.compile(r"([?&]step=)\d+")

# The frame that shows what was waited for is painted when the message that it sent arrives; the page is free then.
_PROBE = """(() => {
  window.__longest = []
  new PerformanceObserver((list) => window.__longest.push(...list.getEntries().map((each) => each.duration)))
    .observe({ type: 'longtask', buffered: true })
  window.__painted = new Promise((done, failed) => {
    const channel = new MessageChannel()
    channel.port1.onmessage = () => done(performance.now())
    const look = () => (%s) ? channel.port2.postMessage(0) : requestAnimationFrame(look)
    requestAnimationFrame(look)
    setTimeout(() => failed(new Error('the page was not there in time')), %d)
  })
})()"""
_ARRIVED = """(part) => Math.max(0, ...performance.getEntriesByType('resource')
  .filter(({ name }) => name.includes(part)).map(({ responseEnd }) => responseEnd))"""
# Down the whole length in even steps, a step a frame, then by leaps to places far from each other.
_SCROLL = """async ([selector, frames]) => {
  const table = document.querySelector(selector)
  const frame = () => new Promise(requestAnimationFrame)
  await new Promise((done) => setTimeout(done, 300))
  window.__longest.length = 0
  const end = table.scrollHeight - table.clientHeight, times = []
  let before = await frame()
  for (let n = 0; n < frames; n += 1) {
    table.scrollTop = n < frames * 2 / 3 ? 90 * n : (end * ((n * 37) % 100)) / 100
    const now = await frame()
    times.push(now - before)
    before = now
  }
  await new Promise((done) => setTimeout(done, 200))
  times.sort((a, b) => a - b)
  return { longest: Math.max(0, ...window.__longest), frame: times[Math.floor(times.length * 0.95)] }
}"""


@dataclass
class Opened:
    """A page that is painted: how long after its navigation began, and how much its thread worked, in seconds."""

    page: Page
    tools: CDPSession
    painted_s: float
    busy_s: float

    def since_arrival_s(self, part: str) -> float:
        """From the last byte of an answer whose address has `part` in it, until the page was painted."""
        return self.painted_s - float(self.page.evaluate(_ARRIVED, part)) / 1000

    def scrolled(self, selector: str) -> dict[str, float]:
        """In ms. `longest`: of tasks of over 50 ms, 0 without any; `frame`: between most frames; `busy`: in each."""
        before = worked_s(self.tools)
        found: dict[str, float] = self.page.evaluate(_SCROLL, [selector, _FRAMES])
        return {**found, "busy": (worked_s(self.tools) - before) * 1000 / _FRAMES}


@contextmanager
def opened(
    browser: Browser, address: str, ready: str, session: Any = None, step: int | None = None
) -> Iterator[Opened]:
    """With nothing kept from before. `ready`: an expression of JavaScript. `step`: of the stats, instead of its own."""
    options: Mapping[str, Any] = {"viewport": _VIEWPORT, "reduced_motion": "reduce", "storage_state": session}
    context = browser.new_context(**options)
    try:
        context.add_init_script(_PROBE % (ready, _PATIENCE_MS))
        if step is not None:
            context.route(re.compile(r"/stats\?"), lambda route: _with_step(route, step))
        page = context.new_page()
        tools = context.new_cdp_session(page)
        tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.wait_for_timeout(_OWN_PAGES_MS)
        page.goto(address, wait_until="commit")
        painted_s = float(page.evaluate("window.__painted")) / 1000
        yield Opened(page, tools, painted_s, worked_s(tools))
    finally:
        context.close()


def worked_s(tools: CDPSession) -> float:
    """Processor time that the page's thread has had, which does not grow while others have the processor."""
    found = {each["name"]: each["value"] for each in tools.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


def _with_step(route: Route, step: int) -> None:
    route.continue_(url=_STEP.sub(rf"\g<1>{step}", route.request.url))
