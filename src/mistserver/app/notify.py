"""Tells systemd how the service fares (sd_notify(3)); does nothing where systemd did not start it."""

from __future__ import annotations

import os
import socket


def tell(state: str) -> None:
    """Send e.g. `READY=1` or `WATCHDOG=1`; a service manager that does not listen is no error."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(state.encode(), address)
        except OSError:
            return


def watchdog_s() -> float | None:
    """How often systemd wants a sign of life, halved as it advises; None when it wants none."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    return int(wanted) / 2_000_000 if wanted.isdigit() else None
