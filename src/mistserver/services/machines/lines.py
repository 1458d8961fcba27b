"""What a machine writes, as text in whole lines and up to a limit."""

from __future__ import annotations

import codecs

LONGEST_LINE = 64 * 1024


class Lines:
    """One stream of one machine.

    A line is let out when it is complete, so that lines of several machines never mix; one longer than 64 KiB comes
    in pieces. Bytes that are no UTF-8 become U+FFFD, NUL is left out. After `limit` bytes only the count goes on.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""
        self._cut = False
        self.bytes = 0

    def feed(self, data: bytes) -> str:
        """The lines that are complete now, empty when none is."""
        room = self._limit - self.bytes
        self.bytes += len(data)
        if self._cut:
            return ""
        self._waiting += self._decoder.decode(data[: max(room, 0)]).replace("\x00", "")
        if len(data) > room:
            return self._end_at_limit()
        end = self._waiting.rfind("\n") + 1
        if not end and len(self._waiting) >= LONGEST_LINE:
            end = len(self._waiting)
        ready, self._waiting = self._waiting[:end], self._waiting[end:]
        return ready

    def finish(self) -> str:
        """What is left when the stream ends: a last line without its end."""
        rest = self._waiting + ("" if self._cut else self._decoder.decode(b"", final=True))
        self._waiting = ""
        return rest

    def _end_at_limit(self) -> str:
        self._cut = True
        kept = self._waiting
        self._waiting = ""
        gap = "" if kept.endswith("\n") or not kept else "\n"
        return f"{kept}{gap}[Mist kept the first {self._limit} bytes; the rest of this output was left out]\n"
