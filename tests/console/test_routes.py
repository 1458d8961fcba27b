"""Every public route has its place in the console, or a written reason why it has none."""

from __future__ import annotations

import re
import tomllib

from docs.rest import document
from tests.support.browser import ROOT

LISTED = tomllib.loads((ROOT / "console" / "routes.toml").read_text())
SOURCES = ROOT / "console" / "src"
FRAME = "frame"


def routes() -> set[str]:
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in document()["paths"].items()
        for method in operations
    }


def pages() -> dict[str, str]:
    """Each page's name with the folder or file of its sources."""
    text = (SOURCES / "pages" / "index.ts").read_text()
    return dict(re.findall(r"(\w+): page\(.*import\('\./([\w-]+)/", text))


def test_every_route_is_listed_once() -> None:
    views, exempt = LISTED["views"], LISTED["exempt"]

    assert sorted(routes() - set(views) - set(exempt)) == []
    assert sorted((set(views) | set(exempt)) - routes()) == []
    assert sorted(set(views) & set(exempt)) == []


def test_every_exemption_says_why() -> None:
    assert {route: why for route, why in LISTED["exempt"].items() if len(why.split()) < 4} == {}


def test_every_place_is_a_page() -> None:
    assert {route: view for route, view in LISTED["views"].items() if view not in {*pages(), FRAME}} == {}


def test_every_route_that_has_a_place_is_asked_for_by_the_console() -> None:
    text = "\n".join(path.read_text() for path in SOURCES.rglob("*") if _is_source(path.name))

    assert [route for route in LISTED["views"] if f"'{route.split()[1]}'" not in text] == []


def _is_source(name: str) -> bool:
    return name.endswith((".ts", ".svelte")) and not name.endswith((".test.ts", "schema.ts"))
