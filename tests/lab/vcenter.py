"""VMware's own simulator of a vCenter, built from the source that Debian packages; it speaks HTTP on loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.lab import needs
from tests.lab.daemon import Daemon
from tests.lab.kernel import cache_folder

USER, PASSWORD = "lab@vsphere.local", "a secret"
TEMPLATE = "debian-13"
SOURCE = Path(__file__).with_name("vcenter.go")
LIBRARY = Path("/usr/share/gocode/src/github.com/vmware/govmomi/simulator")


@dataclass(frozen=True)
class VCenter:
    port: int


@contextlib.contextmanager
def vcenter(folder: Path) -> Iterator[VCenter]:
    """A datacenter with a cluster, a host of its own, some machines and the template `debian-13`."""
    environment = {**os.environ, "LAB_USER": USER, "LAB_PASSWORD": PASSWORD}
    out = folder / "vcenter.out"
    daemon = Daemon([str(_built())], out, env=environment)
    try:
        daemon.wait_until(lambda: b"\n" in out.read_bytes(), 30)
        yield VCenter(int(out.read_text().splitlines()[0].rpartition(":")[2]))
    finally:
        daemon.stop()


def _built() -> Path:
    """Compiling takes half a minute, so the program is kept for the next session, until its source changes."""
    program = cache_folder() / "vcenter"
    if program.exists() and program.stat().st_mtime > SOURCE.stat().st_mtime:
        return program
    go = needs.program("go")
    if not LIBRARY.exists():
        pytest.skip("there is no source of the simulator: apt-get install golang-github-vmware-govmomi-dev")
    program.parent.mkdir(parents=True, exist_ok=True)
    fresh = program.with_suffix(f".{os.getpid()}")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
    environment |= {"GOCACHE": str(cache_folder() / "go")}
    subprocess.run([go, "build", "-o", str(fresh), str(SOURCE)], check=True, capture_output=True, env=environment)
    fresh.rename(program)
    return program
