"""Asking before something is lost."""

from __future__ import annotations

from mistcli.call import Call, interactive
from mistcli.session import ask_line
from mistcli.text import visible


def confirmed(call: Call, question: str) -> bool:
    """Yes by `--yes`, yes without a terminal, else what the person answers; only a spoken yes counts."""
    if call.args.yes or not interactive():
        return True
    return ask_line(f"{visible(question)} [y/N]: ").lower() in {"y", "yes"}
