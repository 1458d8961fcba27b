"""What a machine's shell is told, so that a command behaves alike under every login shell and ends when we say so."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from mistserver.domain.errors import InvalidInput, TooLarge

MAX_COMMAND_BYTES = 1024 * 1024
MAX_STDIN_BYTES = 2 * 1024 * 1024
_READ_AT_MOST = 16_384  # above, reading byte by byte (as `read` does) is slow
_GRACE_S = 2  # from SIGTERM to SIGKILL

# Reads nothing but the end of the channel, then ends the process group; a grandchild, so that no `wait` sees it.
_WATCH = (
    "exec 3<&0 </dev/null; "
    "( { trap '' HUP INT TERM PIPE; while read -r _ <&3; do :; done; kill -0 $$ || exit 0; "
    f"kill -TERM 0; sleep {_GRACE_S}; kill -KILL 0; }} >/dev/null 2>&1 & ); "
    "exec 3<&-; unset s; "
)


@dataclass(frozen=True)
class Script:
    """`line` goes to the login shell, `payload` to the input of the channel, which then stays open."""

    line: str
    payload: bytes


def wrap(command: str, *, stdin: bytes = b"", sudo: bool = False) -> Script:
    """`command` for `/bin/sh` in a process group that ends with the channel's input, under `sudo -n` if wanted."""
    try:
        raw = command.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidInput("The command is not valid Unicode text.", field="command") from None
    if b"\0" in raw:
        raise InvalidInput("A command cannot hold a NUL character.", field="command")
    if len(raw) > MAX_COMMAND_BYTES:
        raise TooLarge(f"A command may have {MAX_COMMAND_BYTES} bytes; run a script instead.", field="command")
    if len(stdin) > MAX_STDIN_BYTES:
        raise TooLarge(f"The input of a command may have {MAX_STDIN_BYTES} bytes; copy a file instead.", field="stdin")
    body = f"eval {_word(raw)}"
    if stdin:
        body = f"printf %b {shlex.quote(_escaped(stdin))} | ({body})"
    payload = f"{_WATCH}{body}".encode("ascii")
    if len(payload) > _READ_AT_MOST:
        size = len(payload)
        start = f's=$(head -c {size}); [ ${{#s}} -eq {size} ] && eval "$s"'
    else:
        payload += b"\n"
        start = 'IFS= read -r s && eval "$s"'
    # `exec` keeps one process between the server and the command, so that its signals are reported as they were
    return Script(f"exec {'sudo -n ' if sudo else ''}/bin/sh -c '{start}'", payload)


def converse(command: str) -> Script:
    """`command` for `/bin/sh`, its standard input being the channel's after the payload; it has to end with that."""
    payload = f"unset s; eval {_word(command.encode())}\n".encode("ascii")
    if len(payload) > _READ_AT_MOST:
        raise TooLarge(f"Such a command may have {_READ_AT_MOST} bytes.", field="command")
    return Script("exec /bin/sh -c 'IFS= read -r s && eval \"$s\"'", payload)


def _word(raw: bytes) -> str:
    """One word for a POSIX shell, on one line and in ASCII."""
    if all(0x20 <= byte < 0x7F for byte in raw):
        return shlex.quote(raw.decode("ascii"))
    return f'"$(printf %b {shlex.quote(_escaped(raw))})"'


def _escaped(data: bytes) -> str:
    """For `printf %b`: printable ASCII as it is, everything else in octal."""
    return "".join(_ESCAPES[byte] for byte in data)


_ESCAPES = [chr(b) if 0x20 <= b < 0x7F and b != 0x5C else "\\\\" if b == 0x5C else f"\\0{b:03o}" for b in range(256)]
