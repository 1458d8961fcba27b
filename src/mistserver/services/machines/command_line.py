"""The text that a machine's shell is given for a user's command or script."""

from __future__ import annotations

import shlex

_SHELL = "if command -v bash >/dev/null 2>&1; then s='bash --norc'; else s=sh; fi;"
_SCRIPT = (
    'f=$(mktemp "${TMPDIR:-/tmp}/mist.XXXXXX") || exit 126; '
    "trap 'rm -f \"$f\"' EXIT; trap 'exit 143' HUP INT TERM; "
    'cat >"$f" || exit 126; %s'
)


def of_command(command: str) -> str:
    """A command line for bash, or for sh where there is no bash. Start-up files are not read."""
    return f"{_SHELL} exec $s -c -- {shlex.quote(command)}"


def of_script(script: str) -> tuple[str, bytes]:
    """What to run and what to send it on stdin for a script.

    The script goes into a private temporary file, which is removed afterwards, so that its stdin stays empty and it
    may be written for any interpreter (`#!` line; bash or sh without one).
    """
    first, newline, rest = script.partition("\n")
    if first.endswith("\r"):
        script = f"{first}{newline}{rest}".replace("\r\n", "\n")
        first = first.rstrip("\r")
    if first.startswith("#!") and first[2:].strip():
        interpreter = " ".join(shlex.quote(word) for word in first[2:].split())
        start = f'{interpreter} "$f" </dev/null'
    else:
        start = f'{_SHELL} $s "$f" </dev/null'
    return _SCRIPT % start, script.encode()


def as_root(command: str) -> str:
    """The same command as root, for ways that have no `sudo` of their own; asks for no password."""
    return f'if [ "$(id -u)" = 0 ]; then p=; else p="sudo -n --"; fi; exec $p sh -c -- {shlex.quote(command)}'
