"""Mist's Python API: backends, keys, machines, runs, jobs and events of a Mist service."""

from __future__ import annotations

from mistclient import errors, model
from mistclient.client import MistClient
from mistclient.errors import JobFailed, MistError, NotSupported
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
    "errors",
    "model",
]
