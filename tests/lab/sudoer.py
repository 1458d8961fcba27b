"""A user of this machine whom sudo asks for a password; both are gone afterwards."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lab import needs


@dataclass(frozen=True)
class Sudoer:
    name: str
    password: str = field(repr=False)


@contextmanager
def sudoer() -> Iterator[Sudoer]:
    """Skips without root or sudo."""
    needs.root("a user with a password")
    needs.programs("useradd", "userdel", "chpasswd")
    if shutil.which("sudo") is None:
        pytest.skip("sudo is not installed: apt-get install sudo")
    made = Sudoer(f"mistasked{os.getpid()}", secrets.token_urlsafe(12))
    rule = Path(f"/etc/sudoers.d/{made.name}")
    subprocess.run(["useradd", "-m", "-s", "/bin/sh", made.name], check=True, capture_output=True)
    try:
        subprocess.run(["chpasswd"], input=f"{made.name}:{made.password}\n", text=True, check=True)
        rule.touch(mode=0o440)
        # a password that was right is asked for again, and a wrong one only once
        rule.write_text(f"Defaults:{made.name} timestamp_timeout=0\n{made.name} ALL=(ALL) ALL\n")
        yield made
    finally:
        rule.unlink(missing_ok=True)
        subprocess.run(["userdel", "-f", "-r", made.name], check=False, capture_output=True)
