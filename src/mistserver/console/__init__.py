"""The web console: the files that Vite built, served at `/`. They speak the public API and nothing else."""

from __future__ import annotations

from mistserver.console.files import is_there
from mistserver.console.serving import with_console

__all__ = ["is_there", "with_console"]
