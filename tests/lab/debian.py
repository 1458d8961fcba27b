"""A small Debian as an image for containers: made with debootstrap once, and kept in the lab's cache."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from pathlib import Path

from tests.lab import needs
from tests.lab.docker import DockerHost
from tests.lab.kernel import cache_folder

RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"


def debian_image(engine: DockerHost, name: str = "lab/debian:small") -> str:
    """Import it into the engine; answers its name."""
    import docker

    packed = cache_folder() / f"debian-{RELEASE}.tar"
    if not packed.exists():
        _make(packed)
    repository, _, tag = name.partition(":")
    with contextlib.closing(docker.APIClient(f"unix://{engine.socket}", timeout=300)) as client:
        client.import_image_from_file(str(packed), repository=repository, tag=tag)
    return name


def _make(packed: Path) -> None:
    needs.root("debootstrap")
    program = needs.program("debootstrap")
    with tempfile.TemporaryDirectory(prefix="mist-debian-") as folder:
        root, half = Path(folder) / "root", packed.with_suffix(".half")
        subprocess.run([program, "--variant=minbase", RELEASE, str(root), MIRROR], check=True, capture_output=True)
        subprocess.run(["tar", "-C", str(root), "--numeric-owner", "-cf", str(half), "."], check=True)
        half.rename(packed)
