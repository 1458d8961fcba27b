"""The page of each provider and the table of all, from what their classes declare and from how they are tested."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from mistserver.providers import registry
from mistserver.providers.declare import Declared, Guide
from mistserver.providers.describe import Description, describe_all

FOLDER = "providers"
LEVELS = Path(__file__).parents[1] / "tests" / "contract" / "providers" / "levels.toml"
# what has to be shown of a provider, in the words of the table
THINGS = ("machines", "images", "sizes", "locations", "create", "power", "destroy", "tag", "error")
KINDS = {
    "real": "a real system",
    "emulator": "an emulator by others",
    "contract": "the vendor's own contract",
    "recorded": "answers recorded at the vendor",
    "fake": "a stand-in of ours, after the vendor's documentation",
}


def pages() -> dict[str, str]:
    """The table, and a page a provider, by file name."""
    listed, levels = describe_all(everywhere=True), read_levels()
    made = {f"{FOLDER}/{item.id}.md": _page(item, levels.get(item.id)) for item in listed}
    return {"providers.md": _table(listed, levels), **made}


def read_levels() -> dict[str, dict[str, Any]]:
    """How each provider is tested: `level`, `by`, what is `shown`, and `missing` things with their reasons."""
    return tomllib.loads(LEVELS.read_text())


def guide_of(id: str) -> Guide:
    return registry.declaration(id).guide


def _table(listed: list[Description], levels: dict[str, dict[str, Any]]) -> str:
    rows = [
        f"| [{item.title}]({FOLDER}/{item.id}.md) | `{item.id}` | {guide_of(item.id).through} | {_state(item)} "
        f"| {', '.join(item.capabilities)} | {_tested(levels.get(item.id))} |"
        for item in listed
    ]
    return "\n".join(
        [
            "# Providers\n",
            "A backend is an account at one of these. `mist list-providers` prints them in this order; with `-o json`",
            "it gives everything that a form needs. Machines of every provider can be tagged; `native-tags` says that",
            "the tags are the vendor's.\n",
            "| provider | id | talks to it | vendor | can | tested against |\n|---|---|---|---|---|---|",
            *rows,
            f"\nA row is complete when {', '.join(THINGS[:-1])} and one {THINGS[-1]} are shown by tests;",
            "what is not is named on the provider's page with the reason.",
        ]
    )


def _state(item: Description) -> str:
    return f"retired since {item.retired_since}" if item.state == "retired" else item.state


def _tested(level: dict[str, Any] | None) -> str:
    if level is None:
        return ""
    lacking = f"; {len(level['missing'])} not shown" if level.get("missing") else ""
    return f"{level['level']}: {level['by']}{lacking}"


def _page(item: Description, level: dict[str, Any] | None) -> str:
    guide = guide_of(item.id)
    parts = [f"# {item.title} (`{item.id}`)", *_condition(item)]
    if item.settings:
        parts += ["## Settings", _settings(item.settings)]
    if item.regions:
        parts.append("Regions: " + ", ".join(f"`{region.id}` {region.title}" for region in item.regions) + ".")
    for heading, text in (("Credentials", guide.credentials), ("Permissions", guide.permissions)):
        if text:
            parts += [f"## {heading}", text]
    if item.capabilities:
        parts += ["## What it can do", ", ".join(f"`{name}`" for name in item.capabilities) + "."]
    if guide.limits:
        parts += ["## Limits", "\n".join(f"- {limit}" for limit in guide.limits)]
    if guide.through:
        source = f" Its API: <{guide.source}>." if guide.source else ""
        parts += ["## How Mist talks to it", f"Through {guide.through}.{source}"]
    if level is not None:
        parts += ["## How it is tested", *_proof(level)]
    return "\n\n".join(parts)


def _condition(item: Description) -> list[str]:
    said = []
    if item.state == "retired":
        said.append(
            f"Retired by its vendor since {item.retired_since}. Of use with an `--endpoint` that still speaks its API."
        )
    if item.state == "unknown":
        said.append("Whether the vendor still answers is not known.")
    return said


def _settings(settings: list[Declared]) -> str:
    lines = ["| flag | in Python | | |\n|---|---|---|---|"]
    for setting in settings:
        needed = "required" if setting.required else f"default `{setting.default}`" if setting.default else ""
        typed = setting.secret and setting.kind != "file"
        safer = f"; safer: `--{setting.flag}-file PATH` or the environment" if typed else ""
        lines.append(f"| `--{setting.flag}` | `{setting.name}` | {needed} | {setting.help}{safer} |")
    return "\n".join(lines)


def _proof(level: dict[str, Any]) -> list[str]:
    said = [f"Against {KINDS[level['level']]}: {level['by']}.", f"Shown: {', '.join(level['shown'])}."]
    if level.get("missing"):
        said.append("Not shown:\n\n" + "\n".join(f"- {thing}: {why}" for thing, why in level["missing"].items()))
    return said
