"""The files under deploy/ say what the service does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_is_valid(tmp_path: Path) -> None:
    # the program must exist for the check, so the unit is checked with one that does
    unit = (ROOT / "deploy" / "mist.service").read_text().replace("/opt/mist/bin/mist", "/bin/true")
    (tmp_path / "mist.service").write_text(unit)

    result = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / "mist.service")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")
