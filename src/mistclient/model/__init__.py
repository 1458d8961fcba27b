"""The things that a client hands out."""

from __future__ import annotations

from mistclient.model.backend import Backend
from mistclient.model.job import Job
from mistclient.model.key import Key
from mistclient.model.machine import Machine

__all__ = ["Backend", "Job", "Key", "Machine"]
