"""Names that nobody should give: what a shell, a terminal, a page, a spreadsheet or a path would make something of."""

from __future__ import annotations

import unicodedata
from pathlib import Path

CANARY = Path("/tmp/mist-test-canary")
COMMANDS = [
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"'; touch {CANARY}; '",
    f'"; touch {CANARY}; "',
    f"|touch {CANARY}",
]
SHOWN = [
    *COMMANDS, "two words", "a/b", "../../etc/passwd", "..", "-rf", "--yes", "it's", 'say "so"', "0", "%s%n%2f", "é😀",
    "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "+1", "@SUM(1)", "a&b;c#d?e", "null", "x" * 255,
]  # fmt: skip
HIDDEN = [
    "\x1b[2J\x1b[31mred",
    "two\nlines",
    "carriage\rreturn",
    "\u202egnp.exe",
    "nul\x00l",
    "bell\x07",
    "two\u2028lines",
]
ENDLESS = "y" * 4096
EVERY = [*SHOWN, *HIDDEN, ENDLESS]

_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def obeyed(text: str) -> set[str]:
    """The characters of a text that a terminal would obey or hide, line ends and tabs excepted."""
    return {char for char in text if unicodedata.category(char) in _OBEYED and char not in "\n\t"}
