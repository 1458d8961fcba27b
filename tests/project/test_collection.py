"""The Ansible collection: what it may import, what it carries, and what Ansible's own check of modules says of it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mistansible import render
from mistansible.paths import COLLECTION, ROOT

OURS = {"mistserver", "mistcli", "mistansible"}
PLUGINS = sorted((COLLECTION / "plugins").rglob("*.py"))
MODULES = sorted(path.stem for path in (COLLECTION / "plugins" / "modules").glob("*.py"))


def _imported(path: Path) -> set[str]:
    """The first parts of the names of what a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_the_collection_speaks_to_the_service_through_the_client_only() -> None:
    # it has no __init__.py, so that import-linter does not look into it
    offenders = {str(path.relative_to(COLLECTION)): _imported(path) & OURS for path in PLUGINS}

    assert {name: found for name, found in offenders.items() if found} == {}


def test_options_of_backends_are_those_that_providers_declare() -> None:
    assert render.main(["--check"]) == 0, "run `make docs`"


def test_every_module_is_in_the_group_and_the_readme() -> None:
    group = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text())["action_groups"]["mist"]
    readme = (COLLECTION / "README.md").read_text()

    assert sorted([*group, "mist_register"]) == MODULES  # which does not talk to the service
    assert [name for name in MODULES if f"`{name}`" not in readme] == []


def test_the_collection_has_the_version_of_the_distribution() -> None:
    import mistserver

    assert yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"] == mistserver.__version__


@pytest.mark.parametrize("kind", ["module", "inventory", "connection"])
def test_documentation_and_options_agree(kind: str) -> None:
    pytest.importorskip("voluptuous", reason="voluptuous is not installed: make install")
    pytest.importorskip("antsibull_docs_parser", reason="antsibull-docs-parser is not installed: make install")
    import ansible_test

    tool = Path(ansible_test.__file__).parent / "_util" / "controller" / "sanity" / "validate-modules" / "validate.py"
    folder = COLLECTION / "plugins" / ("modules" if kind == "module" else kind)
    paths = [str(path.relative_to(COLLECTION)) for path in sorted(folder.glob("*.py"))]
    checked = subprocess.run(
        [
            *(sys.executable, str(tool), "--format", "plain", "--arg-spec", "--plugin-type", kind),
            *("--collection", "ansible_collections/mist/mist", "--collection-version", "1.0.0"),
            *paths,
        ],
        cwd=COLLECTION,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    told = (checked.stdout + checked.stderr).splitlines()
    # Ansible's own modules are under the GPL; a collection may have another licence
    assert [line for line in told if "missing-gplv3-license" not in line] == []
    assert len(told) == len(paths), "the check did not look at every file"
