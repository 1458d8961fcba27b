"""A terminal on the service's own machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import termios

from mistserver.domain.errors import MachineLost
from mistserver.providers.localhost import commands

# The leader of a session gets the first terminal that it opens as its own.
_TAKE = 'exec <"$0" >"$0" 2>&1; if [ -n "$1" ]; then exec /bin/sh -c "$1"; fi; exec "$SHELL" -l'


class LocalTerminal:
    """One pseudo-terminal and what runs in it. Both ends stay open here, so the end is when the process is gone."""

    def __init__(self, command: str | None, cols: int, rows: int, user: str | None) -> None:
        who = commands.account(user)
        self._near, self._far = os.openpty()
        try:
            self.resize(cols, rows)
            if os.geteuid() == 0:
                os.fchown(self._far, who.pw_uid, -1)
            argv = ["/bin/sh", "-c", _TAKE, os.ttyname(self._far), command or ""]
            self._process = commands.launched(argv, user, {"TERM": "xterm-256color"})
        except BaseException:
            self._shut()
            raise
        self._closed = False

    def read(self) -> bytes:
        while not self._closed:
            try:
                if select.select([self._near], [], [], commands.TICK_S)[0]:
                    return os.read(self._near, 65536)
            except (OSError, ValueError):
                break
            if self._process.poll() is not None:
                break
        return b""

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._near, view) :]
        except OSError:
            raise MachineLost("The terminal is gone.") from None

    def resize(self, cols: int, rows: int) -> None:
        with contextlib.suppress(OSError, struct.error):
            fcntl.ioctl(self._near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def exit_code(self) -> int | None:
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def close(self) -> None:
        """Ends whatever still runs in the terminal."""
        if self._closed:
            return
        self._closed = True
        commands.end(self._process, signal.SIGHUP)
        self._shut()

    def _shut(self) -> None:
        for end in (self._near, self._far):
            with contextlib.suppress(OSError):
                os.close(end)
