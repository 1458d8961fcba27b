"""Rackspace as its own engineers' mimic plays it: regions DFW, ORD and IAD, each session of its own making."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.lab.daemon import Daemon, free_port
from tests.lab.environments import environment

USERNAME, REFUSED = "ada", "mallory"


@dataclass(frozen=True)
class Mimic:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def identity(self) -> str:
        return f"{self.url}/identity/v2.0"

    @contextlib.contextmanager
    def creating(self, region: str, servers: str, how: str, **told: Any) -> Iterator[None]:
        """Creates go as one of mimic's behaviours says, while the context is open.

        `servers` is a pattern for the names; `told` is the error of the behaviours that answer with one.
        """
        behaviors = f"{self._control(region)}/behaviors/creation"
        body = {"name": how, "criteria": [{"server_name": servers}], "parameters": told}
        id = _answer(behaviors, body)["id"]
        try:
            yield
        finally:
            requests.delete(f"{behaviors}/{id}", timeout=10).raise_for_status()

    def refuse(self, username: str) -> None:
        """From now on this user's keys are not accepted."""
        body = {"name": "fail", "criteria": [{"username": username}], "parameters": {"code": 401}}
        _answer(f"{self.url}/mimic/v1.1/IdentityControlAPI/behaviors/auth", body)

    def _control(self, region: str) -> str:
        """Where the compute service of a region is told how to behave towards the user."""
        body = {"auth": {"RAX-KSKEY:apiKeyCredentials": {"username": USERNAME, "apiKey": "any"}}}
        access = _answer(f"{self.identity}/tokens", body)["access"]
        services = {each["name"]: each["endpoints"] for each in access["serviceCatalog"]}
        return next(str(e["publicURL"]) for e in services["cloudServersBehavior"] if e["region"] == region)


@contextlib.contextmanager
def mimic(folder: Path) -> Iterator[Mimic]:
    """It accepts any key but those of the user `REFUSED`."""
    venv = environment("mimic", Path(__file__).with_name("mimic.txt"))
    port = free_port()
    twist = [str(venv / "bin/python"), str(venv / "bin/twistd"), "--nodaemon", f"--pidfile={folder}/pid"]
    daemon = Daemon([*twist, "mimic", "--realtime", f"--listen=tcp:{port}:interface=127.0.0.1"], folder / "mimic.log")
    found = Mimic(port)
    try:
        daemon.wait_until(lambda: _is_up(found), 60)
        found.refuse(REFUSED)
        yield found
    finally:
        daemon.stop()


def _is_up(found: Mimic) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(found.url, timeout=10).status_code == 200
    return False


def _answer(url: str, body: Any) -> Any:
    answer = requests.post(url, json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()
