"""A PostgreSQL server of our own: private directory, loopback only, stopped by its process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from itertools import count
from pathlib import Path

USER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "autovacuum": "off",
}


def find_binaries() -> Path | None:
    """The folder with initdb and postgres, or None where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


def missing() -> str | None:
    """Why there can be no server here, or None."""
    if find_binaries() is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    if os.geteuid() == 0 and not (shutil.which("setpriv") and _has_user("postgres")):
        return "PostgreSQL refuses to run as root, and there is no setpriv or no user postgres"
    return None


class Postgres:
    """One server. `new_database()` gives the URL of a fresh database, copied from `template` when one is named."""

    def __init__(self, folder: Path) -> None:
        binaries = find_binaries()
        assert binaries is not None
        self._binaries = binaries
        self._data = folder / "data"
        self._log = folder / "log"
        self._numbers = count(1)
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(folder, "postgres", "postgres")
        folder.chmod(0o700)
        self._folder = folder
        initdb = [str(binaries / "initdb"), "-D", str(self._data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*self._as_user, *initdb, "--locale=C"], check=True, capture_output=True, timeout=120, cwd="/")
        self.port = 0
        self._process = self._start()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, template: str = "template0") -> str:
        name = f"t{next(self._numbers)}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """One statement outside a transaction, on the maintenance database."""
        import psycopg

        with psycopg.connect(self.url().replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # nothing in it is worth a checkpoint
            self._process.wait(30)

    def _start(self) -> subprocess.Popen[bytes]:
        for _ in range(5):
            self.port = _free_port()
            options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
            command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port)]
            command += ["-k", str(self._folder), *options]
            with self._log.open("wb") as log:
                process = subprocess.Popen([*self._as_user, *command], stdout=log, stderr=log, cwd="/")
            if self._answers(process):
                return process
        raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if subprocess.run(ready, check=False, timeout=20).returncode == 0:
                return True
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait(30)
        return False


def _has_user(name: str) -> bool:
    return any(line.startswith(f"{name}:") for line in Path("/etc/passwd").read_text().splitlines())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
