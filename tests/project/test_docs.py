"""What the code declares is documented, and the documentation is current."""

from __future__ import annotations

import re
from pathlib import Path

from docs import generate
from mistserver.domain.event_kinds import KINDS

ROOT = Path(__file__).parents[2]


def test_the_generated_pages_are_current() -> None:
    stale = [
        name
        for name, text in generate.pages().items()
        if not (generate.FOLDER / name).exists() or (generate.FOLDER / name).read_text() != text
    ]

    assert stale == [], "run `make docs`"


def test_every_event_that_is_written_is_declared() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src" / "mistserver").rglob("*.py"))
    written = set(re.findall(r"events\.record\(\s*\w+,\s*[\w.]+,\s*\"([a-z_.]+)\"", source))

    assert written, "no event was found in the source: the pattern is out of date"
    assert written <= set(KINDS)


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}

    assert {page for page in pages if page not in navigation} == set()


def test_version_and_changelog_agree() -> None:
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    import mistserver

    assert version is not None
    assert mistserver.__version__ == version.group(1)
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
