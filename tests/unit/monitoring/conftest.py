"""What the tests of the agent leave behind is ended."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[None]:
    """The processes that stood for collectd."""
    yield
    for noted in tmp_path.rglob("mist-collectd/pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(noted.read_text()), signal.SIGKILL)
