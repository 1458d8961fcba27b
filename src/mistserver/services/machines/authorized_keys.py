"""What a machine's shell is told to let a key in, or to let it in no more."""

from __future__ import annotations

import shlex

_HOME = (
    'u={user}; if [ -n "$u" ] && [ "$u" != "$(id -un 2>/dev/null)" ]; then '
    'h=$(getent passwd "$u" 2>/dev/null | cut -d: -f6); '
    '[ -n "$h" ] || while IFS=: read -r n p i g c d s; do [ "$n" != "$u" ] || {{ h=$d; break; }}; done </etc/passwd; '
    "else u=; h=$HOME; fi; "
    '[ -d "$h" ] || {{ printf "%s\\n" "there is no home directory of ${{u:-the user}}" >&2; exit 1; }}; '
    'd="$h/.ssh"; f="$d/authorized_keys"; '
)
_ADD = (
    "set -e; umask 077; "
    '[ -d "$d" ] || {{ mkdir "$d"; [ -z "$u" ] || chown "$u:" "$d"; chmod 700 "$d"; }}; '
    '[ -e "$f" ] || {{ : >"$f"; [ -z "$u" ] || chown "$u:" "$f"; chmod 600 "$f"; }}; '
    'if ! grep -qF -- {blob} "$f"; then '
    '[ ! -s "$f" ] || [ -z "$(tail -c 1 "$f")" ] || echo >>"$f"; '
    "printf '%s\\n' {line} >>\"$f\"; "
    "fi; "
    'if command -v restorecon >/dev/null 2>&1; then restorecon -R "$d" 2>/dev/null || :; fi'
)
_REMOVE = (
    '[ -e "$f" ] || exit 0; grep -qF -- {blob} "$f" || exit 0; '
    'umask 077; t=$(mktemp "$d/.mist.XXXXXX") || exit 1; trap \'rm -f "$t"\' EXIT; '
    'grep -vF -- {blob} "$f" >"$t"; [ $? -le 1 ] || exit 1; '
    'cat "$t" >"$f"'
)


def adding(public: str, user: str | None) -> str:
    """Adds the line once, after a line's end, with the modes that sshd insists on. `user` None: whoever runs it."""
    return _text(_HOME + _ADD, public, user)


def removing(public: str, user: str | None) -> str:
    """Takes every line with this key away; the file keeps its owner and mode."""
    return _text(_HOME + _REMOVE, public, user)


def _text(template: str, public: str, user: str | None) -> str:
    algorithm, blob = public.split()[:2]
    quoted = shlex.quote(user or "")
    return template.format(user=quoted, blob=shlex.quote(blob), line=shlex.quote(f"{algorithm} {blob} mist"))
