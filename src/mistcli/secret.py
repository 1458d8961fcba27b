"""Secrets from where other people cannot read them: a file, stdin, the environment, or a hidden prompt."""

from __future__ import annotations

import sys
from pathlib import Path

from mistcli.parser import UsageError


def read_secret(path: str) -> str:
    """The text of a file (`-` is stdin) without the line's end."""
    if path == "-":
        return sys.stdin.read().rstrip("\r\n")
    try:
        return Path(path).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8") from None
