"""Flags of `mist serve`, made from the declaration of the settings."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from mistserver.settings import Origin, Settings, load

Run = Callable[[argparse.Namespace], int]


def add(parser: argparse.ArgumentParser, names: tuple[str, ...] = ()) -> None:
    """One flag a setting (all, or those named), and `--config FILE`."""
    parser.add_argument("--config", metavar="FILE", type=Path, help="settings file instead of DATA_DIR/settings.toml")
    for item in fields(Settings):
        if names and item.name not in names:
            continue
        default = item.default if item.default is not MISSING else {}
        words: dict[str, Any] = {"help": str(item.metadata["help"]).replace("%", "%%"), "default": None}
        if isinstance(default, bool):
            words["action"] = argparse.BooleanOptionalAction
        elif isinstance(default, tuple | dict):
            words["action"] = "append"
            words["metavar"] = "PROVIDER=URL" if isinstance(default, dict) else "VALUE"
        else:
            words["metavar"] = "VALUE"
        parser.add_argument(f"--{item.name.replace('_', '-')}", dest=item.name, **words)


def read(options: argparse.Namespace) -> tuple[Settings, list[Origin]]:
    """Settings from the parsed flags, the environment and the file."""
    return load(vars(options), file=options.config)


def show(origins: list[Origin]) -> str:
    """One setting a line: name, value (secrets hidden), origin, meaning."""
    rows = [(origin.name, _shown(origin), origin.source, origin.help) for origin in origins]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{name:<{widths[0]}}  {value:<{widths[1]}}  {source:<{widths[2]}}  {meaning}"
        for name, value, source, meaning in rows
    )


def _shown(origin: Origin) -> str:
    if origin.secret and origin.value:
        return "(hidden)"
    if isinstance(origin.value, bool):
        return "yes" if origin.value else "no"
    if isinstance(origin.value, tuple):
        return ",".join(origin.value) or "-"
    if isinstance(origin.value, dict):
        return ",".join(f"{key}={value}" for key, value in origin.value.items()) or "-"
    return str(origin.value) or "-"
