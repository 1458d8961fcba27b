"""Mist's Python API: backends, keys, machines, runs, jobs and events of a Mist service."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mistclient.client import MistClient
    from mistclient.errors import JobFailed, MistError, NotSupported, WaitTimeout
    from mistclient.model import Backend, Job, Key, Machine

__all__ = [
    "Backend",
    "Job",
    "JobFailed",
    "Key",
    "Machine",
    "MistClient",
    "MistError",
    "NotSupported",
    "WaitTimeout",
]

_MODULES = frozenset({"channel", "config", "errors", "model"})


def __getattr__(name: str) -> Any:
    """Each public name from its module, when it is first used: the command line needs few of them at a time."""
    if name in _MODULES:
        return importlib.import_module(f"mistclient.{name}")
    if name in __all__:
        for module in map(importlib.import_module, ("mistclient.client", "mistclient.model", "mistclient.errors")):
            if name in vars(module):
                globals()[name] = found = getattr(module, name)
                return found
    raise AttributeError(f"module 'mistclient' has no attribute {name!r}")
