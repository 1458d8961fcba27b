"""One vocabulary, and a provider is known in its own file alone."""

from __future__ import annotations

import re
from pathlib import Path

from mistserver.providers import registry

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
NOT_A_PROVIDER = {"src/mistserver/services/status.py": "the name of the loopback address"}
EMPTY_NAMES = {"utils", "helpers", "common", "misc", "manager", "util", "helper"}


def test_no_module_has_an_empty_name() -> None:
    found = [str(p.relative_to(ROOT)) for p in SOURCES if EMPTY_NAMES & {p.stem, *p.relative_to(ROOT).parts}]

    assert found == []


def test_providers_are_named_in_their_own_files_only() -> None:
    names = "|".join(re.escape(row.id) for row in registry.rows())
    quoted = re.compile(rf"""["']({names})["']""")

    offenders = {
        str(path.relative_to(ROOT)): quoted.findall(path.read_text())
        for path in SOURCES
        if "providers" not in path.parts
        and "modules" not in path.parts  # their documentation has examples
        and str(path.relative_to(ROOT)) not in NOT_A_PROVIDER
        and quoted.search(path.read_text())
    }

    assert offenders == {}
