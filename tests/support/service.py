"""A real `mist serve` in a process of its own, on loopback, with a first user."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EMAIL = "admin@example.com"
PASSWORD = "correct horse battery staple"
START_S = 60


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """`uri` once started. The log is JSON lines in `data_dir.parent/<name>.log`."""

    data_dir: Path
    flags: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    port: int = 0
    name: str = "serve"
    process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, wait: bool = True) -> Service:
        """Start it; with `wait` until /readyz says so."""
        self.port = self.port or free_port()
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        program = "import sys; from mistcli.main import main; sys.exit(main())"
        argv = ["serve", "--port", str(self.port), "--data-dir", str(self.data_dir), *self.flags]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", program, *argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )
        if wait:
            self.wait_ready()
        return self

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("MIST_", "DBOS"))}
        first_user = {"MIST_ADMIN_EMAIL": EMAIL, "MIST_ADMIN_PASSWORD": PASSWORD}
        return {**kept, "HOME": str(self.data_dir.parent), **first_user, **self.env}

    def wait_ready(self, path: str = "/readyz", timeout_s: float = START_S) -> None:
        """Until `path` answers 200; fails with the log when the process ends or the time is over."""
        assert self.process is not None
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(
                    f"mist serve ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}"
                )
            try:
                with urllib.request.urlopen(self.uri + path, timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.02)
        raise AssertionError(f"{path} did not answer within {timeout_s} s:\n{self.log.read_text()[-4000:]}")

    def wait_for_this_host(self, timeout_s: float = START_S) -> None:
        """Until a service that manages this machine has it as a backend, which comes a moment after it is ready."""
        token, deadline = self.sign_in(), time.monotonic() + timeout_s
        while not self.request("GET", "/backends", token=token)[1]["items"]:
            assert time.monotonic() < deadline, "this machine was not added"
            time.sleep(0.02)
        self.request("DELETE", "/sessions/current", token=token)

    def stop(self, timeout_s: float = 40) -> int:
        """SIGTERM and the exit code; killed when it does not end."""
        return self._end(signal.SIGTERM, timeout_s)

    def kill(self) -> int:
        """SIGKILL: what a crash leaves."""
        return self._end(signal.SIGKILL, 10)

    def _end(self, number: signal.Signals, timeout_s: float) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise

    def request(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        """One request to /api/v1; status and decoded answer."""
        request = urllib.request.Request(f"{self.uri}/api/v1{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                raw = answer.read()
                return answer.status, json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            raw = error.read()
            return error.code, json.loads(raw) if raw else None

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> str:
        """A session token."""
        status, answer = self.request("POST", "/sessions", {"email": email, "password": password})
        assert status in (200, 201), answer
        return str(answer["token"])
