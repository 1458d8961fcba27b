"""A running service with two accounts, each with one of everything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.waiting import eventually
from tests.support.service import PASSWORD, Service

OTHER = "other@example.com"


@dataclass(frozen=True)
class Tenant:
    """An account's admin token and the ids of its things, by the name of the path parameter."""

    token: str
    ids: dict[str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("service") / "data", flags=("--manage-this-host",)).start()
    running.wait_for_this_host()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def first(service: Service) -> Tenant:
    return _tenant(service, service.sign_in())


@pytest.fixture(scope="module")
def second(service: Service, first: Tenant) -> Tenant:
    del first  # the first account first
    program = "import sys; from mistcli.main import main; sys.exit(main())"
    argv = [sys.executable, "-c", program, "add-account", OTHER, "--data-dir", str(service.data_dir)]
    subprocess.run(
        argv, check=True, env={**os.environ, "MIST_ADMIN_PASSWORD": PASSWORD}, timeout=60, capture_output=True
    )
    return _tenant(service, service.sign_in(OTHER))


def _tenant(service: Service, token: str) -> Tenant:
    """One of everything: a key, this machine as a backend, a tagged machine, a finished job, a user, a rule."""

    def ask(method: str, path: str, body: Any = None) -> Any:
        status, answer = service.request(method, path, body, token)
        assert status < 300, (method, path, answer)
        return answer

    key = ask("POST", "/keys", {"name": "k", "generate": {}})
    backends = ask("GET", "/backends")["items"] or [ask("POST", "/backends", {"provider": "localhost"})]
    machine = eventually(lambda: ask("GET", "/machines?refresh=true")["items"])[0]
    ask("PUT", f"/machines/{machine['id']}/tags/t")
    job = ask("POST", "/runs", {"command": "true", "all": True})
    mail = f"viewer{len(token)}{machine['id'][:6]}@example.com".lower()
    user = ask("POST", "/users", {"email": mail, "password": PASSWORD, "role": "viewer"})
    made = ask("POST", "/tokens", {"name": "t", "scope": "read"})
    ask("POST", f"/machines/{machine['id']}/monitoring", {"by_hand": True})
    ask("PUT", f"/machines/{machine['id']}/metrics/load.midterm", {})
    rule = ask("POST", "/rules", {"machine_id": machine["id"], "metric": "load", "value": 5})
    silence = ask("POST", "/silences", {"machine_id": machine["id"], "duration_s": 600})
    channel = ask("POST", "/channels", {"name": "c", "url": "json://127.0.0.1:9/"})
    ids = {
        "backend_id": backends[0]["id"],
        "key_id": key["id"],
        "machine_id": machine["id"],
        "job_id": job["id"],
        "user_id": user["id"],
        "token_id": made["id"],
        "tag_text": "t",
        "image_id": "some/image",
        "metric_id": "load.midterm",
        "plugin_id": "none",
        "rule_id": rule["id"],
        "alert_id": "no-alert-" + machine["id"],
        "silence_id": silence["id"],
        "channel_id": channel["id"],
    }
    return Tenant(token, ids)
