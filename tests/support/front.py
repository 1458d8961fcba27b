"""The face of a running service for tests of bad input, and what bodies they send."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.lab.waiting import eventually
from tests.support import hostile
from tests.support.service import Service

TIMEOUT_S = 8  # the first question to EC2 loads its library
WRONG = "canary-wrong-secret-81d2"
PASSPHRASE = "canary-passphrase-77ab"
NOUNS = ("backends", "keys", "users", "tokens", "machines")
EC2 = {"provider": "ec2", "region": "ec2_us_east", "settings": {"api_key": "AKIA", "api_secret": WRONG}}


@dataclass
class Front:
    """The service's API, with what holds for every answer: no fault of ours, nothing hidden in it, no secret."""

    service: Service
    token: str
    secrets: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
        status, answer = self.service.request(method, path, body, token or self.token)
        assert status != 500, answer
        written = json.dumps(answer, ensure_ascii=False)
        assert not [secret[:12] for secret in self.secrets if secret in written]
        return status, answer

    def done(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.ask(method, path, body)
        assert status < 300, answer
        return answer

    def refused(self, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, str, str]:
        """Status, code and message of a refusal."""
        status, answer = self.ask(method, path, body, token)
        assert status >= 400, answer
        error = answer["error"]
        assert set(error) == {"code", "message", "details", "request_id"}
        assert error["message"].strip()
        assert hostile.obeyed(error["message"]) == set()
        assert "\n" not in error["message"]
        assert len(error["message"]) < 2000
        return status, error["code"], error["message"]

    def names(self, noun: str) -> dict[str, str]:
        items = self.done("GET", f"/{noun}?limit=1000")["items"]
        return {item["id"]: item.get("name") or item.get("email") for item in items}

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        before = {noun: self.names(noun) for noun in NOUNS}
        yield
        assert {noun: self.names(noun) for noun in NOUNS} == before

    def finished(self, job: dict[str, Any]) -> dict[str, Any]:
        def ended() -> dict[str, Any]:
            found: dict[str, Any] = self.done("GET", f"/jobs/{job['id']}")
            return found if found["state"] in ("succeeded", "failed", "cancelled") else {}

        return eventually(ended, 150)


def docker(host: str = "127.0.0.1", port: int = 1, **more: Any) -> dict[str, Any]:
    return {"provider": "docker", "settings": {"docker_host": host, "docker_port": port, **more}}
