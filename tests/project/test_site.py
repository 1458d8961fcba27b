"""The documentation's site builds, and whoever reads it is not seen by anybody else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
)
IMPORTED = re.compile(r"""(?:@import|url\()\s*["']?(?:https?:)?//""")


def test_the_site_builds_and_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    pages = {path: path.read_text() for path in (tmp_path / "site").rglob("*.html")}
    styles = {path: path.read_text() for path in (tmp_path / "site").rglob("*.css")}

    assert (built.returncode, built.stdout) == (0, ""), built.stderr
    assert pages
    assert [path.name for path, text in pages.items() if FETCHED.search(text)] == []
    assert [path.name for path, text in styles.items() if IMPORTED.search(text)] == []
