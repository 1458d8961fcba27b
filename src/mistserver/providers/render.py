"""Writes the declarations of all providers into the client, which may not import the service."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from mistserver.providers.describe import describe_all

TARGET = Path(__file__).parents[2] / "mistclient" / "providers.json"


def rendered() -> str:
    """The text that `mistclient/providers.json` has to hold; the same on every machine."""
    items = {"items": describe_all(everywhere=True)}
    return msgspec.json.format(msgspec.json.encode(items), indent=1).decode() + "\n"


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        current = TARGET.is_file() and TARGET.read_text() == rendered()
        if not current:
            sys.stderr.write(f"{TARGET} is out of date; run: python -m mistserver.providers.render\n")
        return 0 if current else 1
    TARGET.write_text(rendered())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
