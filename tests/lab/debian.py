"""A small Debian as an image for containers: made with debootstrap once, and kept in the lab's cache."""

from __future__ import annotations

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.lab import needs
from tests.lab.daemon import answers, free_port
from tests.lab.docker import DockerHost
from tests.lab.kernel import cache_folder
from tests.lab.sshd import KeyPair
from tests.lab.waiting import eventually

RELEASE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
USER = "worker"
# an init system: its package, what is the first process, and what its container needs
_INITS: MappingProxyType[str, tuple[str, str, dict[str, Any]]] = MappingProxyType(
    {
        "systemd": (
            "systemd-sysv",
            "/lib/systemd/systemd",
            {
                "tmpfs": {"/run": "", "/run/lock": ""},
                "volumes": {"/sys/fs/cgroup": {"bind": "/sys/fs/cgroup", "mode": "rw"}},
                "cap_add": ["SYS_ADMIN"],
                "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
                "stop_signal": "SIGRTMIN+3",
            },
        ),
        "openrc": ("openrc", "/sbin/openrc-init", {"tmpfs": {"/run": ""}}),
    }
)


def debian_image(engine: DockerHost, name: str = "lab/debian:small", init: str = "") -> str:
    """Import it into the engine; answers its name. With an init system it has an SSH server and sudo too."""
    import docker

    packed = cache_folder() / f"debian-{RELEASE}{init and f'-{init}'}.tar"
    if not packed.exists():
        _make(packed, (_INITS[init][0], "openssh-server", "sudo") if init else ())
    repository, _, tag = name.partition(":")
    with contextlib.closing(docker.APIClient(f"unix://{engine.socket}", timeout=300)) as client:
        client.import_image_from_file(str(packed), repository=repository, tag=tag)
    return name


@contextlib.contextmanager
def plain(engine: DockerHost, name: str) -> Iterator[Any]:
    """A container without an init system, in this machine's network, since the lab's own has no way out."""
    import docker

    image = debian_image(engine)
    with contextlib.closing(docker.DockerClient(f"unix://{engine.socket}")) as client:
        made = client.containers.run(image, ["sleep", "infinity"], name=name, detach=True, network_mode="host")
        try:
            yield made
        finally:
            made.remove(force=True)


@contextlib.contextmanager
def booted(engine: DockerHost, init: str, key: KeyPair) -> Iterator[tuple[Any, int]]:
    """A container that this init system booted, and the port of 127.0.0.1 at which the key lets `USER` in there.

    The user may become root. The container is in this machine's network, since the lab's own has no way out.
    """
    import docker

    _, first, options = _INITS[init]
    image, port = debian_image(engine, f"lab/debian:{init}", init), free_port()
    with contextlib.closing(docker.DockerClient(f"unix://{engine.socket}", timeout=120)) as client:
        made = client.containers.create(
            image, [first], network_mode="host", environment={"container": "docker"}, **options
        )
        try:
            made.put_archive("/", _files({"etc/ssh/sshd_config.d/lab.conf": f"Port {port}\nListenAddress 127.0.0.1\n"}))
            made.start()
            eventually(lambda: answers("127.0.0.1", port), 60)
            _let_in(made, key)
            yield made, port
        finally:
            made.remove(force=True)


def _let_in(container: Any, key: KeyPair) -> None:
    script = (
        f"set -e; useradd -m -s /bin/sh {USER}; install -d -m 700 -o {USER} /home/{USER}/.ssh; "
        f"echo '{key.public.strip()}' > /home/{USER}/.ssh/authorized_keys; chown {USER} /home/{USER}/.ssh/*; "
        f"echo '{USER} ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/lab"
    )
    code, said = container.exec_run(["sh", "-c", script])
    assert code == 0, said


def _files(wanted: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in wanted.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def _make(packed: Path, packages: tuple[str, ...]) -> None:
    needs.root("debootstrap")
    program = needs.program("debootstrap")
    more = [f"--include={','.join(packages)}"] if packages else []
    with tempfile.TemporaryDirectory(prefix="mist-debian-") as folder:
        root, half = Path(folder) / "root", packed.with_suffix(".half")
        command = [program, "--variant=minbase", *more, RELEASE, str(root), MIRROR]
        subprocess.run(command, check=True, capture_output=True)
        subprocess.run(["tar", "-C", str(root), "--numeric-owner", "-cf", str(half), "."], check=True)
        half.rename(packed)
