"""A local socket between libvirt and the hypervisor that can be shut, because libvirt waits for answers without end."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

_PIECE = 65536


class Gate:
    """Joins the first connection to `path` with `far`, until one end closes or the time is up."""

    def __init__(self, far: socket.socket) -> None:
        far.settimeout(None)
        self._far = far
        self._near: socket.socket | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="mist-libvirt-"))  # 0700: nobody else may come first
        self._listener = socket.socket(socket.AF_UNIX)
        self._timer: threading.Timer | None = None
        self._threads: list[threading.Thread] = []
        self._closing = threading.Lock()
        self.timed_out = False
        self.path = str(self._folder / "sock")
        self._listener.bind(self.path)
        self._listener.listen(1)
        self._run(self._accept)

    def shut_after(self, seconds: float) -> None:
        """Both ends see the end of the connection then, unless another time is set before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(seconds, self._time_out)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Shut it and leave nothing behind. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
        self._shut()
        for thread in self._threads:
            thread.join()
        for end in (self._listener, self._far, self._near):
            if end is not None:
                end.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _time_out(self) -> None:
        self.timed_out = True
        self._shut()

    def _shut(self) -> None:
        with self._closing:
            for end in (self._listener, self._far, self._near):
                if end is not None:
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            near, _ = self._listener.accept()
            with self._closing:
                self._near = near
            self._run(self._pump, self._far, near)
            self._pump(near, self._far)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_PIECE):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def _run(self, work: object, *args: socket.socket) -> None:
        thread = threading.Thread(target=work, args=args, name="libvirt-gate", daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
