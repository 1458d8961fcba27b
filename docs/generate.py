"""`python -m docs.generate [--check]`: writes the reference pages from what the code declares."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path

from docs import ansible, commands, providers, rest
from mistansible import render as ansible_options
from mistserver.api.errors import status_of
from mistserver.domain.errors import MistError, all_errors
from mistserver.domain.event_kinds import KINDS
from mistserver.settings import Settings

FOLDER = Path(__file__).parent / "reference"
SUBFOLDERS = (providers.FOLDER, ansible.FOLDER)
NOTE = "<!-- made by `make docs`; edit the code instead -->\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which pages are not current")
    check = parser.parse_args().check
    if not check:
        ansible_options.main([])
    made = pages()
    stale = [name for name, text in made.items() if not _is_current(name, text)]
    gone = left_over(made)
    if not check:
        for folder in SUBFOLDERS:
            (FOLDER / folder).mkdir(parents=True, exist_ok=True)
        for name in stale:
            (FOLDER / name).write_text(made[name])
        for name in gone:
            (FOLDER / name).unlink()
    print("\n".join([*stale, *(f"{name} (of nothing that there is)" for name in gone)]) or "all pages are current")
    return 1 if check and (stale or gone) else 0


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    texts = {
        "settings.md": settings(),
        "errors.md": errors(),
        "events.md": events(),
        "commands.md": commands.page(),
        "api.md": rest.page(),
        **providers.pages(),
        **ansible.pages(),
    }
    return {name: NOTE + text.rstrip() + "\n" for name, text in texts.items()}


def left_over(made: Mapping[str, str]) -> list[str]:
    """Pages of providers, and of what is in the collection, that are no longer listed."""
    there = sorted(path for folder in SUBFOLDERS for path in (FOLDER / folder).glob("*.md"))
    return [name for name in (f"{path.parent.name}/{path.name}" for path in there) if name not in made]


def settings() -> str:
    """A row a setting."""
    rows = []
    for item in fields(Settings):
        default = item.default if item.default is not MISSING else {}
        shown = f"`{default}`" if default not in ("", (), {}) else ""
        shown = "the XDG data directory" if item.name == "data_dir" else shown
        rows.append(f"| `{item.name}` | {shown} | {item.metadata['help']} |")
    return "\n".join(
        [
            "# Settings of the service\n",
            "Default < `settings.toml` in the data directory (or `--config FILE`) < environment < flag. `port` is",
            "`MIST_PORT` in the environment and `--port` as a flag.",
            "`mist serve --show-settings` prints every value with its origin.\n",
            "| setting | default | meaning |\n|---|---|---|",
            *rows,
            "\nBeside these: `MIST_ADMIN_EMAIL` and `MIST_ADMIN_PASSWORD` make the first user at the first start;",
            "`MIST_MASTER_KEY`, `--master-key-file` or the systemd credential `mist-master-key` bring the master key.",
        ]
    )


def errors() -> str:
    """A row an error, with its status."""
    rows = []
    for error in all_errors():
        above = "" if error is MistError else f"`{error.__bases__[0].code}`"  # type: ignore[attr-defined]
        retry = "yes" if error.retryable else ""
        rows.append(f"| `{error.code}` | {status_of(error(''))} | {above} | {retry} |")
    return "\n".join(
        [
            "# Errors\n",
            'On the wire always `{"error": {"code", "message", "details", "request_id"}}`. The SDK raises the',
            "class of the same name: `machine_auth_failed` is `mistclient.errors.MachineAuthFailed`.\n",
            "The command's exit codes: 0 well, 1 failed, 2 usage, 3 not signed in, 4 a job failed or partly failed,",
            "130 interrupted.\n",
            "| code | status | a kind of | trying again may help |\n|---|---|---|---|",
            *rows,
        ]
    )


def events() -> str:
    rows = [f"| `{kind}` | {sentence} |" for kind, sentence in sorted(KINDS.items())]
    return "\n".join(
        [
            "# Events\n",
            "Every change is an event, written in the change's own transaction: `mist list-events --follow`.\n",
            "| kind | what happened |\n|---|---|",
            *rows,
        ]
    )


def _is_current(name: str, text: str) -> bool:
    path = FOLDER / name
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
