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
    """`ask` is a call of mimic's own, which tells it to behave otherwise."""

    url: str

    @property
    def identity(self) -> str:
        return f"{self.url}/identity/v2.0"

    def ask(self, path: str, body: Any) -> None:
        requests.post(path if "://" in path else self.url + path, json=body, timeout=10).raise_for_status()

    def control(self, region: str, username: str) -> str:
        """Where the compute service of a region is told how to behave towards a user."""
        body = {"auth": {"RAX-KSKEY:apiKeyCredentials": {"username": username, "apiKey": "any"}}}
        access = requests.post(f"{self.identity}/tokens", json=body, timeout=10).json()["access"]
        services = {each["name"]: each["endpoints"] for each in access["serviceCatalog"]}
        return next(str(e["publicURL"]) for e in services["cloudServersBehavior"] if e["region"] == region)


@contextlib.contextmanager
def mimic(folder: Path) -> Iterator[Mimic]:
    """It accepts any key but those of the user `REFUSED`."""
    venv = environment("mimic", Path(__file__).with_name("mimic.txt"))
    port = free_port()
    twist = [str(venv / "bin/python"), str(venv / "bin/twistd"), "--nodaemon", f"--pidfile={folder}/pid"]
    daemon = Daemon([*twist, "mimic", f"--listen=tcp:{port}:interface=127.0.0.1"], folder / "mimic.log")
    found = Mimic(f"http://127.0.0.1:{port}")
    try:
        daemon.wait_until(lambda: _is_up(found), 60)
        refuse = {"name": "fail", "criteria": [{"username": REFUSED}], "parameters": {"code": 401}}
        found.ask("/mimic/v1.1/IdentityControlAPI/behaviors/auth", refuse)
        yield found
    finally:
        daemon.stop()


def _is_up(found: Mimic) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(found.url, timeout=10).status_code == 200
    return False
