"""The wheel alone gives the command line and the Python API; the service says what it lacks."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIGHT = ["urllib3", "prettytable", "wcwidth", "argcomplete", "yaml", "websockets", "rich"]


@pytest.fixture(scope="module")
def bare_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the built wheel and the base requirements only, as a bare environment has them."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    site = folder / "site"
    with zipfile.ZipFile(next((folder / "dist").glob("*.whl"))) as wheel:
        wheel.extractall(site)
    for name in LIGHT:
        module = __import__(name)
        source = Path(module.__file__ or "")
        (site / name).symlink_to(source.parent) if source.name == "__init__.py" else (site / source.name).symlink_to(
            source
        )
    return site


def _run(site: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.argv[0]='mist'; from mistcli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-S", "-c", program, *argv],
        env={"PYTHONPATH": str(site), "HOME": str(site), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_works(bare_site: Path) -> None:
    result = _run(bare_site, "--help")

    assert result.returncode == 0, result.stderr
    assert "create-machine" in result.stdout


def test_the_sdk_can_be_imported(bare_site: Path) -> None:
    result = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            "from mistclient import MistClient; from mistclient.model import Backend, Key, Machine",
        ],
        env={"PYTHONPATH": str(bare_site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stderr


def test_serve_says_which_extra_to_install(bare_site: Path) -> None:
    result = _run(bare_site, "serve")

    assert result.returncode == 1
    assert "mist[server]" in result.stderr
    assert "Traceback" not in result.stderr


def test_mistplay_says_which_extra_to_install(bare_site: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-S", "-c", "import sys; from mistansible.play import main; sys.exit(main(['site.yml']))"],
        env={"PYTHONPATH": str(bare_site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (result.returncode, result.stdout) == (1, "")
    assert "pip install 'mist[ansible]'" in result.stderr


def test_the_wheel_carries_no_secret_and_all_data(bare_site: Path) -> None:
    collection = bare_site / "mistansible" / "collection" / "ansible_collections" / "mist" / "mist"
    assert (bare_site / "mistclient" / "providers.json").is_file()
    assert {"galaxy.yml", "README.md", "meta", "plugins"} <= {path.name for path in collection.iterdir()}
    assert (collection / "meta" / "runtime.yml").is_file()
    assert not [path for path in bare_site.rglob("*") if path.suffix in (".pem", ".key")]
