"""HTTP connections that are dialled elsewhere (a jump host's end here, a unix socket) than at their URL's address.

The URL stays as it is, so that certificates are checked against the right name.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

Dial = Callable[[float | None], socket.socket]  # time-out in seconds


def dial_tcp(address: tuple[str, int]) -> Dial:
    """Connects to `address`, whatever the URL says."""
    return lambda timeout: socket.create_connection(address, timeout)


def dial_unix(path: str) -> Dial:
    """Connects to a unix socket."""

    def dial(timeout: float | None) -> socket.socket:
        stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        stream.settimeout(timeout)
        try:
            stream.connect(path)
        except BaseException:
            stream.close()
            raise
        return stream

    return dial


def dialled(pool: Any, dial: Dial) -> Any:
    """A subclass of a urllib3 connection pool class whose connections come from `dial`."""
    plain = pool.ConnectionCls

    def connect(self: Any) -> socket.socket:
        timeout = self.timeout
        return dial(timeout if isinstance(timeout, int | float) else None)

    connection = type("Dialled" + plain.__name__, (plain,), {"_new_conn": connect})
    return type("Dialled" + pool.__name__, (pool,), {"ConnectionCls": connection})
