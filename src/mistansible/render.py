"""`python -m mistansible.render [--check]`: writes what providers declare into the collection, as module options."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from mistansible.paths import COLLECTION
from mistclient.declarations import bundled

TARGET = COLLECTION / "plugins" / "module_utils" / "_settings.py"
_HEAD = '''\
# SPDX-License-Identifier: Apache-2.0
"""What the providers of this version take: type, whether it is secret, and what it is. Made by `make docs`."""

from __future__ import annotations

SETTINGS: dict[str, tuple[str, bool, str]] = {
'''
_LONGEST = 121
_TYPES = {"port": "int", "file": "path"}


def rendered() -> str:
    """The module's text, an option a line."""
    named: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for provider in bundled():
        for setting in provider["settings"]:
            named.setdefault(setting["name"], []).append((provider["title"], setting))
    entries = [_entry(name, uses) for name, uses in sorted(named.items())]
    return f"{_HEAD}{''.join(entries)}}}\n"


def _entry(name: str, uses: list[tuple[str, dict[str, Any]]]) -> str:
    """In one line, or as the formatter breaks a long one."""
    kinds = {_TYPES.get(setting["kind"], "str") for _, setting in uses}
    kind = kinds.pop() if len(kinds) == 1 else "str"
    secret = any(setting["secret"] for _, setting in uses) and kind != "path"
    told = _told(uses)
    line = f"    {_quoted(name)}: ({_quoted(kind)}, {secret}, {_quoted(told)}),\n"
    if len(line) <= _LONGEST:
        return line
    pieces = "\n        ".join(_quoted(piece) for piece in wrap(told, _LONGEST - 12, drop_whitespace=False))
    return f"    {_quoted(name)}: (\n        {_quoted(kind)},\n        {secret},\n        {pieces},\n    ),\n"


def _told(uses: list[tuple[str, dict[str, Any]]]) -> str:
    """What it is, with the providers that mean it so."""
    meant: dict[str, list[str]] = {}
    for title, setting in uses:
        default = f" (default {setting['default']})" if setting.get("default") is not None else ""
        file = ": path of the file" if setting["kind"] == "file" else ""
        meant.setdefault(f"{setting['help']}{file}{default}", []).append(title)
    return "; ".join(f"{told} [{', '.join(titles)}]" for told, titles in meant.items()) + "."


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def main(argv: Sequence[str] | None = None) -> int:
    if "--check" in (sys.argv[1:] if argv is None else argv):
        current = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == rendered()
        if not current:
            sys.stderr.write(f"{TARGET} is out of date; run: python -m mistansible.render\n")
        return 0 if current else 1
    TARGET.write_text(rendered(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
