"""A private Docker Engine: unix socket, TCP with client certificates, plain TCP; its own bridge, no firewall rule."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.lab import needs
from tests.lab.certificates import Authority, Pair, write_private
from tests.lab.daemon import Daemon, free_port
from tests.lab.relay import Relay
from tests.lab.rootfs import ssh_rootfs

START = """\
#!/bin/sh
mkdir -p /run/sshd
chmod 755 /run/sshd
[ -n "$AUTHORIZED_KEY" ] && echo "$AUTHORIZED_KEY" >> /root/.ssh/authorized_keys
[ -f /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
exec /usr/sbin/sshd -D -e -h /etc/ssh/ssh_host_ed25519_key
"""


@dataclass(frozen=True)
class DockerHost:
    """Where the engine listens, and what its TLS port asks for.

    Behind the plain port, the answer to an upgrade and the first output often arrive in one piece, as on any network:
    a client that drops what it has read ahead (docker-py's `exec_start` does) loses output there.
    """

    socket: Path
    tcp_port: int
    tls_port: int
    ca_pem: str
    client: Pair

    def mini_image(self, public_key: str, name: str = "lab/ssh:mini") -> str:
        """Import an image of a few MB whose containers run sshd for `root` with that key; answers its name.

        Nothing is pulled. `docker run -e AUTHORIZED_KEY=...` lets a further key in.
        """
        import docker

        tree = ssh_rootfs(public_key)
        tree.file("start-sshd", START, 0o755)
        repository, _, tag = name.partition(":")
        with contextlib.closing(docker.APIClient(f"unix://{self.socket}")) as client:
            changes = ['CMD ["/start-sshd"]', "EXPOSE 22"]
            client.import_image_from_data(tree.tar(), repository=repository, tag=tag, changes=changes)
        return name

    def address(self, container: str) -> str:
        """Where a container's own ports are, seen from this machine."""
        import docker

        with contextlib.closing(docker.APIClient(f"unix://{self.socket}")) as client:
            networks = client.inspect_container(container)["NetworkSettings"]["Networks"]
        return str(next(iter(networks.values()))["IPAddress"])


@contextlib.contextmanager
def docker_host(folder: Path) -> Iterator[DockerHost]:
    """An engine whose data, sockets and network bridge are its own; all of it is gone afterwards.

    It runs in its own mount and PID namespace with `--iptables=false`, so that neither the FORWARD policy nor the
    chains of another engine on this machine are touched. Published ports are served by its userland proxy.
    """
    needs.root("a Docker Engine")
    needs.programs("dockerd", "containerd", "ip", "unshare", "setpriv", "busybox", "sshd", "ldd")
    authority = Authority()
    server = authority.server("127.0.0.1", "localhost")
    ca = write_private(folder / "ca.pem", authority.pem)
    certificate = write_private(folder / "server-cert.pem", server.certificate)
    private = write_private(folder / "server-key.pem", server.private)
    sock, tls_port = folder / "docker.sock", free_port()
    with _bridge() as bridge:
        daemon = Daemon(
            [
                needs.program("dockerd"), "--host", f"unix://{sock}", "--host", f"tcp://127.0.0.1:{tls_port}",
                "--tlsverify", "--tlscacert", str(ca), "--tlscert", str(certificate), "--tlskey", str(private),
                "--data-root", str(folder / "data"), "--exec-root", str(folder / "run"),
                "--pidfile", str(folder / "docker.pid"), "--bridge", bridge, "--iptables=false", "--ip-forward=false",
            ],
            folder / "dockerd.log", fenced=True,
        )  # fmt: skip
        try:
            daemon.wait_until(lambda: _pings(sock), 60)
            with Relay(lambda: _dial(sock)) as plain:
                yield DockerHost(sock, plain.port, tls_port, authority.pem, authority.client("lab client"))
        finally:
            daemon.stop()


@contextlib.contextmanager
def _bridge() -> Iterator[str]:
    """A bridge in a subnet that nobody on this machine uses."""
    taken = subprocess.run(["ip", "-4", "route", "show"], capture_output=True, text=True, check=True).stdout
    free = [n for n in range(20, 250) if f"10.213.{n}." not in taken]
    # by chance, because another session may be choosing at the same moment
    number = random.choice(free)
    name = f"mistlab{number}"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "addr", "add", f"10.213.{number}.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "link", "del", name], check=True)


def _dial(path: Path) -> socket.socket:
    dialled = socket.socket(socket.AF_UNIX)
    try:
        dialled.connect(str(path))
    except OSError:
        dialled.close()
        raise
    return dialled


def _pings(path: Path) -> bool:
    with _dial(path) as line:
        line.settimeout(2)
        line.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in line.recv(64)
