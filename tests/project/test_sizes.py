"""Files, functions and parameter lists stay small enough to be read in one go."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

ROOT = Path(__file__).parents[2]
# a migration is a list of columns that nobody edits any more
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if "versions" not in path.parts)
MAX_FILE, MAX_FUNCTION, MAX_PARAMETERS, MAX_MEDIAN, MAX_COMMENTS = 300, 60, 5, 120, 0.04

# what may be larger, each with its reason
EXEMPT_PARAMETERS = {
    "src/mistserver/providers/base.py": "HasExec.exec and SshBridge.run name what a command needs, by keyword",
    "src/mistserver/services/ssh_bridge.py": "implements SshBridge.run",
}
EXEMPT_FOLDERS = {"api": "a query parameter is an argument of its handler"}


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def _positional(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
    return len([name for name in names if name not in ("self", "cls")])


def test_no_file_is_over_the_limit() -> None:
    long = {str(p.relative_to(ROOT)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > MAX_FILE}

    assert long == {}


def test_no_function_is_over_the_limit() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": length
        for path in SOURCES
        for function in _functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MAX_FUNCTION
    }

    assert long == {}


def test_no_function_takes_too_many_positional_parameters() -> None:
    wide = {
        f"{path.relative_to(ROOT)}:{function.name}": count
        for path in SOURCES
        if str(path.relative_to(ROOT)) not in EXEMPT_PARAMETERS and path.parent.name not in EXEMPT_FOLDERS
        for function in _functions(path)
        if (count := _positional(function)) > MAX_PARAMETERS
    }

    assert wide == {}


def test_files_are_small_on_the_whole() -> None:
    sizes = [len(path.read_text().splitlines()) for path in SOURCES if path.name != "__init__.py"]

    assert statistics.median(sizes) <= MAX_MEDIAN


def test_comments_are_few() -> None:
    lines = [line.strip() for path in SOURCES for line in path.read_text().splitlines() if line.strip()]

    assert len([line for line in lines if line.startswith("#")]) / len(lines) < MAX_COMMENTS
