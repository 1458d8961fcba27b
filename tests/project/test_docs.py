"""What the code declares is documented, and the documentation is current."""

from __future__ import annotations

import re
from pathlib import Path

from docs import generate, providers
from mistserver.domain.event_kinds import KINDS
from mistserver.providers import registry

ROOT = Path(__file__).parents[2]


def test_the_generated_pages_are_current() -> None:
    stale = [
        name
        for name, text in generate.pages().items()
        if not (generate.FOLDER / name).exists() or (generate.FOLDER / name).read_text() != text
    ]

    assert [*stale, *generate.left_over(generate.pages())] == [], "run `make docs`"


def test_every_event_that_is_written_is_declared() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src" / "mistserver").rglob("*.py"))
    written = set(re.findall(r"events\.record\(\s*\w+,\s*[\w.]+,\s*\"([a-z_.]+)\"", source))

    assert written, "no event was found in the source: the pattern is out of date"
    assert written <= set(KINDS)


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}

    # those of the providers, and of the collection, are reached from their tables
    tables = "".join((ROOT / "docs" / "reference" / f"{name}.md").read_text() for name in ("providers", "ansible"))
    linked = {f"reference/{page}" for page in re.findall(r"\(((?:providers|ansible)/\w+\.md)\)", tables)}
    assert {page for page in pages if page not in navigation and page not in linked} == set()


def test_every_provider_says_how_it_is_tested_and_what_is_not_shown() -> None:
    levels = providers.read_levels()
    built = {row.id for row in registry.own_rows()}

    assert set(levels) == built, f"{providers.LEVELS} has to hold each built provider"
    for id, level in levels.items():
        assert set(level) <= {"level", "by", "shown", "missing"}, id
        assert level["level"] in providers.KINDS, id
        assert level["by"], id
        missing = level.get("missing", {})
        assert all(missing.values()), id
        # each thing once, shown or with a reason
        assert sorted([*level["shown"], *missing]) == sorted(providers.THINGS), id


def test_every_provider_has_a_guide() -> None:
    lacking = {
        row.id: [name for name in ("credentials", "permissions", "through") if not getattr(guide, name)]
        for row in registry.own_rows()
        if (guide := providers.guide_of(row.id))
    }

    assert {id: names for id, names in lacking.items() if names} == {}


def test_version_and_changelog_agree() -> None:
    version = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    import mistserver

    assert version is not None
    assert mistserver.__version__ == version.group(1)
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
