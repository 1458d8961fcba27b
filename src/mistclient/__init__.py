"""Mist's Python API: backends, keys, machines, runs, jobs and events of a Mist service."""

from __future__ import annotations

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

_MODULES = frozenset({"errors", "model"})


def __getattr__(name: str) -> Any:
    """Each public name from its module, when it is first used: the command line needs few of them at a time."""
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module 'mistclient' has no attribute {name!r}")
    import mistclient.client as client
    import mistclient.errors as errors
    import mistclient.model as model

    found = {**vars(errors), **vars(model), **vars(client), "errors": errors, "model": model}
    globals().update({public: found[public] for public in (*__all__, *_MODULES)})
    return globals()[name]
