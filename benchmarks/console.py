"""The console in a real Chromium beside plain pages of the same data.

Each page is opened by turns in a browser session of its own, so that neither finds anything kept from before. The
static pages come as the service sends the console's own: by the same code, with the same headers, compressed as well.
The first page counts when it can be used: its sections, heading and lists are there, and every figure has its value.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from benchmarks import plain_pages
from benchmarks.console_data import DAY_S, STEP_S, fill_day, measured_machine
from benchmarks.console_pages import Opened, opened
from benchmarks.listing import MACHINES, fill
from benchmarks.measure import Figure, ms
from mistserver.console.files import STATIC, is_there
from tests.lab.daemon import Daemon, answers, free_port
from tests.support.browser import CHROMIUM, ROOT, launch
from tests.support.service import EMAIL, PASSWORD, Service

FEW = 100  # machines of the first page
MOST_KB = 120
ROUNDS, FULL_ROUNDS = 4, 12
CHARTS = (
    ("cpu.total.nonidle",),
    ("load.shortterm", "load.midterm", "load.longterm"),
    ("memory.nonfree_percent",),
    ("disk.total.disk_octets.read", "disk.total.disk_octets.write"),
    ("interface.total.if_octets.rx", "interface.total.if_octets.tx"),
    ("users",),
)
_UPLOT = ROOT / "console" / "node_modules" / "uplot" / "dist"
_SCROLLS = 3
_LONG_MS = 50  # what browsers call long, and the shortest that they tell of
_BUDGET_S = 12  # a machine that is busy with other things opens fewer pages
_ASKED = ("machines", "backends", "alerts", "events", "providers", "sizes", "monitoring")
_SCRIPTS = re.compile(r"<script.*?</script>|<link[^>]+preload[^>]*>|<!--.*?-->| style=\"[^\"]*\"", re.DOTALL)
_COMPLETE = "document.readyState === 'complete'"
_FIRST = (
    "document.querySelector('nav') && document.querySelector('h1') && document.querySelector('.figures')"
    " && !document.querySelector('.skeleton, .loading, [aria-busy=true]')"
)
_ALL_ROWS = f"document.querySelector('[role=grid][aria-rowcount=\"{MACHINES + 2}\"] [role=row] a.name')"
_GRAPHS = f"document.querySelectorAll('.u-wrap canvas').length === {len(CHARTS)}"

_Turns = Sequence[Callable[[], AbstractContextManager[Opened]]]


@dataclass
class Pages:
    """A service with the session of its admin, and a folder of plain pages with its bare server."""

    browser: Browser
    service: Service
    token: str
    session: Any
    folder: Path
    plain: str

    def console(self, path: str, ready: str, step: int | None = None) -> AbstractContextManager[Opened]:
        return opened(self.browser, self.service.uri + path, ready, self.session, step)

    def beside(self, name: str, ready: str) -> AbstractContextManager[Opened]:
        return opened(self.browser, f"{self.plain}{plain_pages.SCRIPTED}/{name}", ready)

    def static(self, name: str) -> AbstractContextManager[Opened]:
        return opened(self.browser, f"{self.plain}/{name}", _COMPLETE)

    def keep(self, name: str, text: str) -> None:
        """A static page, compressed beside as the console's files are."""
        path = self.folder / plain_pages.STATIC / name
        path.write_text(text)
        path.with_name(f"{name}.gz").write_bytes(gzip.compress(text.encode(), 9))

    def ask(self, path: str) -> Any:
        status, answer = self.service.request("GET", path, token=self.token)
        assert status == 200, answer
        return answer


def figures(full: bool = False) -> Iterator[Figure]:
    for missing in _missing():
        print(missing)
        return
    rounds = FULL_ROUNDS if full else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(folder / "data", flags=("--manage-this-host",)).start()
        try:
            machine = measured_machine(service)
            service.stop()
            fill(folder / "data" / "mist.db", FEW, "few")
            asyncio.run(fill_day(folder / "data" / "metrics", machine))
            service.start()
            with sync_playwright() as playwright, _pages(launch(playwright), service, folder / "plain") as pages:
                yield from _first_page(pages, rounds)
                yield from _graphs(pages, machine, rounds)
                service.stop()
                fill(folder / "data" / "mist.db", MACHINES - FEW, "many")
                service.start()
                yield from _table(pages, rounds)
        finally:
            service.stop()


def _missing() -> Iterator[str]:
    if not CHROMIUM.exists():
        yield f"There is no Chromium at {CHROMIUM}: make packages"
    if not is_there():
        yield "The console is not built: make console"
    if not (_UPLOT / "uPlot.iife.min.js").exists():
        yield f"There is no uPlot in {_UPLOT}: make console"


@contextmanager
def _pages(browser: Browser, service: Service, folder: Path) -> Iterator[Pages]:
    folder.mkdir()
    shutil.copytree(STATIC, folder / plain_pages.STATIC)
    port = free_port()
    log = folder.parent / "plain.log"
    bare = Daemon([sys.executable, "-m", "benchmarks.plain_pages", str(folder), str(port)], log)
    try:
        bare.wait_until(lambda: answers("127.0.0.1", port))
        context = browser.new_context()
        headers = {"X-Mist-Console": "1", "Origin": service.uri}
        body = {"email": EMAIL, "password": PASSWORD}
        answer = context.request.post(f"{service.uri}/api/v1/sessions", headers=headers, data=body)
        assert answer.status == 201, answer.text()
        session = context.storage_state()
        context.close()
        yield Pages(browser, service, service.sign_in(), session, folder, f"http://127.0.0.1:{port}")
    finally:
        bare.stop()
        browser.close()


def _first_page(pages: Pages, rounds: int) -> Iterator[Figure]:
    """Beside itself as it was drawn, without a script; and beside a page that has to ask for what it shows too."""
    with pages.console("/", _FIRST) as found:
        drawn = found.page.content()
        loaded = found.page.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)")
    names = [urlsplit(each).path.lstrip("/") for each in loaded if "/assets/" in each]
    scripts = [gzip.compress((STATIC / each).read_bytes(), 9) for each in names if each.endswith(".js")]
    pages.keep("first.html", _SCRIPTS.sub("", drawn))
    for each in ("me", *_ASKED):
        (pages.folder / f"{each}.json").write_text(json.dumps(pages.ask(f"/{each}")))
    (pages.folder / "reading.html").write_text(plain_pages.overview(_ASKED))
    yield _beside_both(
        "first page",
        (
            lambda: pages.console("/", _FIRST),
            lambda: pages.static("first.html"),
            lambda: pages.beside("reading.html", "window.all"),
        ),
        rounds,
    )
    kb = sum(map(len, scripts)) / 1000
    notes: dict[str, object] = {"scripts": len(scripts)}
    yield Figure("kB of JavaScript of the first page, gzip", kb, MOST_KB, f"{kb:.1f} kB", f"{MOST_KB} kB", notes=notes)


def _graphs(pages: Pages, machine: str, rounds: int) -> Iterator[Figure]:
    """A point for each sample, which are more than the console asks for; from their arrival to the picture."""
    status, answer = pages.service.request("PUT", f"/machines/{machine}/metrics/users", {"name": "Users"}, pages.token)
    assert status < 300, answer
    now = int(time.time())
    stats = pages.service.request(
        "GET", f"/machines/{machine}/stats?start={now - DAY_S}&step={STEP_S}", token=pages.token
    )[1]
    (pages.folder / "stats.json").write_text(json.dumps(stats))
    for name in ("uPlot.iife.min.js", "uPlot.min.css"):
        shutil.copy(_UPLOT / name, pages.folder)
    address = f"/machines/{machine}?range=24h"
    with pages.console(address, _GRAPHS, STEP_S) as found:
        width = found.page.evaluate("document.querySelector('.u-wrap').parentElement.clientWidth")
    (pages.folder / "graphs.html").write_text(plain_pages.graphs(CHARTS, width))
    (ours, floor), _ = _by_turns(
        (lambda: pages.console(address, _GRAPHS, STEP_S), lambda: pages.beside("graphs.html", _GRAPHS)),
        rounds,
        lambda page: page.since_arrival_s("/stats"),
    )
    points = len(stats["metrics"]["users"]["datapoints"])
    notes: dict[str, object] = {"points of a line": points, "lines": sum(map(len, CHARTS))}
    yield Figure("6 graphs of 24 h, arrived to drawn : bare uPlot", ours / floor, 2.0, ms(ours), ms(floor), notes=notes)


def _table(pages: Pages, rounds: int) -> Iterator[Figure]:
    """Until all rows are there: beside static HTML, and beside a page that reads them too and shows those in view."""
    answer = pages.ask(f"/machines?limit={MACHINES}&sort=name")
    pages.keep("table.html", plain_pages.table(answer["items"]))
    (pages.folder / "machines.json").write_text(json.dumps(answer))
    (pages.folder / "virtual.html").write_text(plain_pages.virtual_table())
    yield _beside_both(
        f"table of {MACHINES} machines",
        (
            lambda: pages.console("/machines", _ALL_ROWS),
            lambda: pages.static("table.html"),
            lambda: pages.beside("virtual.html", "document.querySelector('.row')"),
        ),
        rounds,
    )
    yield _scrolling(pages)


def _beside_both(name: str, pages: _Turns, rounds: int) -> Figure:
    """The console : a static page. What a page of some lines takes that asks for its data too is told beside it."""
    (ours, static, reading), busy = _by_turns(pages, rounds)
    notes: dict[str, object] = {"a plain page that reads the same": ms(reading), "its ratio": round(ours / reading, 2)}
    notes["processor time of the three pages' threads"] = [ms(each) for each in busy]
    return Figure(f"{name} : the same as a static page", ours / static, 2.0, ms(ours), ms(static), notes=notes)


def _scrolling(pages: Pages) -> Figure:
    """The best of some: what the page itself needs is in each of them, what others take from the machine is not."""
    ours, plain = [], []
    for _ in range(_SCROLLS):
        with pages.console("/machines", _ALL_ROWS) as found:
            ours.append(found.scrolled("[role=grid]"))
        with pages.beside("virtual.html", "document.querySelector('.row')") as found:
            plain.append(found.scrolled("#table"))
    longest, floor = (min(each["longest"] for each in all) for all in (ours, plain))
    notes: dict[str, object] = {
        "longest of each, ms": [round(each["longest"]) for each in ours],
        "of the plain page": [round(each["longest"]) for each in plain],
        "95 % of frames within, ms": [round(min(each["frame"] for each in all), 1) for all in (ours, plain)],
        "processor time a frame, ms": [round(min(each["busy"] for each in all), 2) for all in (ours, plain)],
    }
    name = "ms of the longest task while scrolling"
    return Figure(name, longest, _LONG_MS, _task(longest), _task(floor), notes=notes)


def _task(longest: float) -> str:
    return f"{longest:.0f} ms" if longest else f"none over {_LONG_MS} ms"


def _by_turns(
    pages: _Turns, rounds: int, took: Callable[[Opened], float] = lambda page: page.painted_s
) -> tuple[list[float], list[float]]:
    """The medians of pages opened by turns, once each before it counts, then at least twice: took, worked."""
    times: list[list[tuple[float, float]]] = [[] for _ in pages]
    until = time.monotonic() + _BUDGET_S * rounds / ROUNDS
    while len(times[0]) < 3 or (len(times[0]) <= rounds and time.monotonic() < until):
        for page, its in zip(pages, times, strict=True):
            with page() as found:
                its.append((took(found), found.busy_s))
    medians = [[statistics.median(each[n] for each in its[1:]) for its in times] for n in range(2)]
    return medians[0], medians[1]
