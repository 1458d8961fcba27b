"""All that plays playbooks, played once more by the oldest ansible-core that the collection is for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.environments import environment
from tests.support.playbooks import OTHER_ANSIBLE, Player

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "tests" / "lab" / "ansible-2.16.txt"


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.version_info >= (3, 13), reason="ansible-core 2.16 is for Python 3.10 to 3.12")
def test_the_collection_works_with_ansible_core_2_16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = environment("ansible", REQUIREMENTS) / "lib" / python / "site-packages"
    monkeypatch.setenv(OTHER_ANSIBLE, str(packages))
    assert "[core 2.16." in Player(tmp_path).run("--version").stdout

    played = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("tests/acceptance/test_seed_playbooks.py", "tests/integration/ansible"),
            "--deselect=tests/integration/ansible/test_inventory.py::test_fifty_hosts",
        ],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=3500,
        check=False,
    )

    assert played.returncode == 0, played.stdout[-8000:]
