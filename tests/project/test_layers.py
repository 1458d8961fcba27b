"""The import contracts of pyproject.toml hold, and nothing slips past them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_import_contracts_are_kept() -> None:
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]

    result = subprocess.run(lint, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)

    assert result.returncode == 0, result.stdout + result.stderr


def test_modules_are_imported_by_name_only_in_the_registries() -> None:
    # import-linter cannot see importlib, so it is allowed where providers and commands are looked up
    users = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"\bimportlib\b(?!\.(resources|metadata))|__import__\(", path.read_text())
    }

    registries = {"registry.py", "outside.py"}
    assert users <= {f"src/mistserver/providers/{name}" for name in registries} | {"src/mistcli/registry.py"}


def test_no_ssh_program_and_no_shell_is_started() -> None:
    source = {str(p.relative_to(ROOT)): p.read_text() for p in (ROOT / "src").rglob("*.py")}

    offenders = [name for name, text in source.items() if re.search(r"shell=True|os\.system\(|os\.popen\(", text)]

    assert offenders == []
