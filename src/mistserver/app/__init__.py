"""The composition root: reads settings, builds the parts, serves; and the commands for the service's own host."""

from __future__ import annotations

from mistserver.app.host import host_command, host_parser

__all__ = ["host_command", "host_parser"]
