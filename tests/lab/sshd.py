"""Private sshd processes on loopback: one (`sshd`) or a fleet of addresses (`fleet`), each stopped by its pid."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.lab import needs
from tests.lab.daemon import Daemon, answers, free_port

# one for each process that tests run in, since tests write to its home
LAB_USER = f"mistlab{os.environ.get('PYTEST_XDIST_WORKER', '')}"
LISTEN_AT_MOST = 16  # addresses that one sshd can listen on
DEFAULTS = {
    "StrictModes": "no",
    "UsePAM": "no",
    "UseDNS": "no",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "PermitRootLogin": "prohibit-password",
    "MaxStartups": "1000",
    "PerSourceMaxStartups": "none",
    "MaxSessions": "100",
    "LogLevel": "VERBOSE",
    "PidFile": "none",
    "Subsystem": "sftp internal-sftp",
}


@dataclass(frozen=True)
class KeyPair:
    """`private` is an OpenSSH PEM without passphrase, `public` one line without comment."""

    private: str = field(repr=False)
    public: str


def key_pair(algorithm: str = "ed25519") -> KeyPair:
    """A fresh pair: ed25519, ecdsa or rsa."""
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
    elif algorithm == "ecdsa":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return KeyPair(private=private.decode(), public=public.decode())


def account(name: str = LAB_USER) -> str:
    """A user that can log in with /bin/sh: `name`, made when it is missing and this is root; else the current user."""
    if os.geteuid() != 0:
        return getpass.getuser()
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "-m", "-s", "/bin/sh", "-p", "*", name], check=True, capture_output=True)
    return name


class Sshd:
    """One running sshd. `host`, `port`, `user` and `private_key_pem` are all that a client needs."""

    def __init__(
        self,
        folder: Path,
        *,
        hosts: Sequence[str] = ("127.0.0.1",),
        port: int | None = None,
        key: KeyPair | None = None,
        user: str | None = None,
        host_keys: Sequence[str] = ("ed25519",),
        banner: str | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.hosts = list(hosts)
        self.host = self.hosts[0]
        self.port = port or free_port(self.host)
        self.user = user or account()
        self.key = key or key_pair()
        self.log = folder / "sshd.log"
        self._options = {**DEFAULTS, **(options or {})}
        if banner is not None:
            (folder / "banner").write_text(banner)
            self._options["Banner"] = str(folder / "banner")
        (folder / "keys").mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.authorize(self.key.public)
        self.set_host_keys(*host_keys)
        self._daemon: Daemon | None = None

    @property
    def private_key_pem(self) -> str:
        return self.key.private

    @property
    def host_key_line(self) -> str:
        """The first host key as an OpenSSH line without comment."""
        return self.host_key_lines[0]

    @property
    def running(self) -> bool:
        return self._daemon is not None

    @property
    def pid(self) -> int:
        assert self._daemon is not None
        return self._daemon.pid

    def set_host_keys(self, *algorithms: str) -> None:
        """New host keys of these algorithms; a running sshd shows them after `restart`."""
        self.host_key_lines = []
        for old in self.folder.glob("host_*"):
            old.unlink()
        for index, algorithm in enumerate(algorithms):
            pair = key_pair(algorithm)
            path = self.folder / f"host_{index}"
            path.touch(mode=0o600)
            path.write_text(pair.private)
            self.host_key_lines.append(pair.public)

    def authorize(self, line: str, user: str | None = None) -> None:
        """Let `line` (options like `command="..."` may stand before it) log in as `user`, by default the lab's."""
        path = self.folder / "keys" / (user or self.user)
        with path.open("a") as keys:
            keys.write(line.strip() + "\n")
        path.chmod(0o644)

    def start(self) -> None:
        """Start without waiting; `wait` does."""
        config = self.folder / "sshd_config"
        lines = [f"ListenAddress {host}:{self.port}" for host in self.hosts]
        lines += [f"HostKey {path}" for path in sorted(self.folder.glob("host_*"))]
        lines.append(f"AuthorizedKeysFile {self.folder}/keys/%u .ssh/authorized_keys")
        lines += [f"{name} {value}" for name, value in self._options.items()]
        config.write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._daemon = Daemon([needs.program("sshd"), "-D", "-e", "-f", str(config)], self.log)

    def wait(self) -> None:
        assert self._daemon is not None
        self._daemon.wait_until(lambda: answers(self.host, self.port))

    def stop(self) -> None:
        """End the listening process; sessions that are open live on, as with any sshd."""
        if self._daemon is not None:
            self._daemon.stop()
            self._daemon = None

    def restart(self) -> None:
        self.stop()
        self.start()
        self.wait()

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def sshd(
    *,
    hosts: Sequence[str] = ("127.0.0.1",),
    key: KeyPair | None = None,
    user: str | None = None,
    host_keys: Sequence[str] = ("ed25519",),
    banner: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Iterator[Sshd]:
    """A running sshd for the time of the context. Skips the test when there is no sshd on this machine."""
    needs.programs("sshd", "setpriv")
    folder = Path(tempfile.mkdtemp(prefix="mist-sshd-"))
    server = Sshd(folder, hosts=hosts, key=key, user=user, host_keys=host_keys, banner=banner, options=options)
    try:
        server.start()
        server.wait()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class FleetHost:
    """One address of a fleet."""

    host: str
    port: int
    host_key_line: str


@dataclass(frozen=True)
class Fleet:
    """Many SSH hosts that one key opens. `servers` has one per host, or fewer when they share (`own_keys=False`)."""

    hosts: list[FleetHost]
    user: str
    key: KeyPair
    servers: list[Sshd]

    @property
    def private_key_pem(self) -> str:
        return self.key.private


def fleet_address(index: int) -> str:
    """The `index`th address of a fleet: 127.77.0.2 and on."""
    return f"127.77.{index // 250}.{index % 250 + 2}"


@contextmanager
def fleet(
    n: int,
    *,
    own_keys: bool = True,
    key: KeyPair | None = None,
    user: str | None = None,
    options: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """`n` hosts at 127.77.x.y on one port: each an sshd with a host key of its own, or up to 16 to an sshd."""
    needs.programs("sshd", "setpriv")
    folder = Path(tempfile.mkdtemp(prefix="mist-fleet-"))
    folder.chmod(0o755)
    key, port = key or key_pair(), free_port(fleet_address(0))
    addresses = [fleet_address(i) for i in range(n)]
    step = 1 if own_keys else LISTEN_AT_MOST
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        servers = []
        for first in range(0, n, step):
            own = folder / str(first)
            own.mkdir()
            server = Sshd(own, hosts=addresses[first : first + step], port=port, key=key, user=user, options=options)
            stack.callback(server.stop)
            server.start()
            servers.append(server)
        for server in servers:
            server.wait()
        yield Fleet(
            [FleetHost(h, port, s.host_key_line) for s in servers for h in s.hosts], servers[0].user, key, servers
        )


@contextmanager
def sudo_allowed(user: str) -> Iterator[None]:
    """`user` may use sudo without a password for the time of the context. Skips without root or sudo."""
    needs.root("a rule for sudo")
    if shutil.which("sudo") is None:
        pytest.skip("sudo is not installed: apt-get install sudo")
    rule = Path(f"/etc/sudoers.d/{user}-{os.getpid()}")
    rule.touch(mode=0o440)
    rule.write_text(f"{user} ALL=(ALL) NOPASSWD: ALL\n")
    try:
        yield
    finally:
        rule.unlink(missing_ok=True)
