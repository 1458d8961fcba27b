"""The frames of a channel: the first byte says what the rest is."""

from __future__ import annotations

from typing import Any

import msgspec

from mistserver.domain.errors import InvalidInput, MistError, to_record

STDIN, STDOUT, STDERR, CONTROL = range(4)
STREAMS = {"stdout": STDOUT, "stderr": STDERR}
MOST_CELLS = 4096  # in a row or column of a terminal
_PING = bytes((CONTROL,)) + b'{"ping"'


def data(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + content


def control(**message: Any) -> bytes:
    return data(CONTROL, msgspec.json.encode(message))


def failure(error: MistError) -> bytes:
    return control(error=to_record(error))


def content(frame: bytes) -> bytes | dict[str, Any]:
    """What a client sent: input, or a control message; InvalidInput for anything else."""
    if frame[:1] == b"\0":
        return frame[1:]
    if frame[:1] == bytes((CONTROL,)):
        try:
            return msgspec.json.decode(frame[1:], type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidInput("A control frame of the channel is not a JSON object.", field="frame") from None
    raise InvalidInput("A frame begins with the byte 0 (input) or 3 (control).", field="frame")


def is_ping(frame: bytes) -> bool:
    """Whether a client asks if the connection still stands, by the control message `{"ping": true}`."""
    return frame.startswith(_PING)


def size(message: dict[str, Any]) -> tuple[int, int] | None:
    """Columns and rows of a `resize`, each 1 to 4096; None for another message."""
    if "resize" not in message:
        return None
    try:
        cols, rows = (min(max(int(message["resize"][name]), 1), MOST_CELLS) for name in ("cols", "rows"))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InvalidInput("resize needs cols and rows.", field="resize") from None
    return cols, rows
