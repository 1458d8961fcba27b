"""What a browser loads before it shows anything, and what only when it is asked for."""

from __future__ import annotations

import gzip
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from mistserver.console.files import STATIC
from tests.support.browser import Console

MOST_BYTES = 120_000


def scripts(page: Page) -> dict[str, bytes]:
    """The scripts that the page loaded, by name."""
    urls: list[str] = page.evaluate(
        "performance.getEntriesByType('resource').map((each) => each.name).filter((name) => name.endsWith('.js'))"
    )
    return {name: (STATIC / name).read_bytes() for url in urls if (name := urlsplit(url).path.lstrip("/"))}


def test_the_first_page_is_light(console: Console) -> None:
    page = console.open("/")
    console.settle()

    loaded = scripts(page)

    assert loaded
    assert sum(len(gzip.compress(body, 9)) for body in loaded.values()) <= MOST_BYTES
    assert [name for name, body in loaded.items() if b"xterm-helper-textarea" in body or b"u-over" in body] == []


@pytest.mark.parametrize("path", ["/", "/machines"])
def test_what_a_view_asks_at_once_is_on_its_way_before_its_script(console: Console, path: str) -> None:
    """Told of letter by letter as it is asked for: else the browser would fetch it twice, and for nothing once."""
    page = console.open(path)
    console.settle()

    asked = page.evaluate(_READS)

    early = [name for name, started_by in asked if started_by == "link"]
    assert len(early) >= 6
    assert "/api/v1/me" in early
    assert [name for name, started_by in asked if started_by != "link" and name in early] == []


_READS = """performance.getEntriesByType('resource').filter(({ name }) => name.includes('/api/')).map((each) =>
  [each.name.slice(location.origin.length), each.initiatorType])"""


def test_scripts_come_compressed_and_only_once(console: Console) -> None:
    page = console.open("/")
    console.settle()
    sizes = "performance.getEntriesByType('resource').filter((each) => each.name.includes('/assets/'))"

    first = page.evaluate(f"{sizes}.map((each) => [each.encodedBodySize, each.decodedBodySize, each.transferSize])")
    console.open("/")
    again = page.evaluate(f"{sizes}.map((each) => each.transferSize)")

    assert sum(encoded for encoded, _, _ in first) < sum(decoded for _, decoded, _ in first) / 2
    assert [size for size in again if size] == []  # all out of the browser's own store
