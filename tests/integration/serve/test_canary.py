"""Secrets that went through every call are found nowhere: on disk, in logs, listings, errors, process lists."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.lab.fixtures import LabKey, new_key
from tests.lab.moto import ec2_service
from tests.lab.sshd import KeyPair, Sshd, sshd
from tests.support.service import Service

PASSWORD = "canary-password-7f3a91"
API_SECRET = "canary-api-secret-55d0"
PASSPHRASE = "canary-passphrase-c41e"
SCRIPT = "echo fine # canary-script-9e2b"


@pytest.fixture(scope="module")
def key() -> LabKey:
    return new_key()


@pytest.fixture(scope="module")
def host(key: LabKey) -> Iterator[Sshd]:
    with sshd(key=KeyPair(key.private, key.public)) as server:
        yield server


def forms(secret: str) -> dict[str, bytes]:
    """A secret as it may have been written down."""
    raw = secret.encode()
    return {
        "plain": raw,
        "base64": base64.b64encode(raw).rstrip(b"="),
        "hex": raw.hex().encode(),
        "url": urllib.parse.quote(secret).encode(),
    }


def test_no_secret_is_found_anywhere(tmp_path: Path, key: LabKey, host: Sshd) -> None:
    env = {"MIST_ADMIN_PASSWORD": PASSWORD, "MIST_LOG_LEVEL": "debug"}
    told: list[str] = []
    with ec2_service(tmp_path) as ec2:
        service = Service(tmp_path / "data", flags=("--provider-endpoint", f"ec2={ec2.endpoint}"), env=env).start()
        try:
            token = service.sign_in(password=PASSWORD)

            def ask(method: str, path: str, body: object = None) -> object:
                answer = service.request(method, path, body, token)
                told.append(str(answer))
                return answer[1]

            ask("POST", "/keys", {"name": "lab", "private": key.private})
            ask("POST", "/keys", {"name": "locked", "private": _locked(), "passphrase": PASSPHRASE})
            ask("POST", "/keys", {"name": "bad", "private": _locked(), "passphrase": PASSPHRASE + "x"})
            ask("POST", "/keys", {"name": "broken", "private": key.private[:200]})
            ask("POST", "/sessions", {"email": "admin@example.com", "password": PASSWORD + "wrong"})
            ask("POST", "/users", {"email": "u@example.com", "password": PASSWORD, "role": "viewer"})
            wrong = {"api_key": ec2.api_key, "api_secret": API_SECRET}
            ask("POST", "/backends", {"provider": "ec2", "region": "ec2_us_east", "settings": wrong})
            right = {"api_key": ec2.api_key, "api_secret": ec2.api_secret}
            ask("POST", "/backends", {"provider": "ec2", "region": "ec2_us_east", "settings": right})
            settings = {"machine_ip": host.host, "machine_port": host.port, "machine_user": host.user}
            ask("POST", "/backends", {"provider": "bare_metal", "settings": {**settings, "machine_key": "lab"}})
            ask("GET", "/machines?refresh=true")
            run = ask("POST", "/runs", {"script": SCRIPT, "all": True})
            _finish(service, token, str(run["id"]))  # type: ignore[index]
            for noun in ("users", "tokens", "backends", "keys", "machines", "jobs", "events"):
                ask("GET", f"/{noun}?limit=1000")
            ask("GET", f"/jobs/{run['id']}")  # type: ignore[index]
            ask("GET", f"/jobs/{run['id']}/items")  # type: ignore[index]
            processes = _processes(service.pid)
        finally:
            service.stop()
        backup = tmp_path / "data.backup"
        _mist("backup", str(backup), "--data-dir", str(service.data_dir))
        secrets = [PASSWORD, API_SECRET, ec2.api_secret, PASSPHRASE, "canary-script-9e2b", token, _body(key.private)]
        places = {str(path): path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file()}
        places |= {"log": service.log.read_bytes(), "backup": backup.read_bytes(), "answers": "\n".join(told).encode()}
        places["processes"] = processes

    found = [
        (place, secret[:12], form)
        for secret in secrets
        for form, written in forms(secret).items()
        for place, content in places.items()
        if written in content
    ]
    assert found == []
    assert len(places) >= 5


def _body(private: str) -> str:
    """The middle of a private key, without its armour and line ends."""
    return private.splitlines()[2][:40]


def _locked() -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    lock = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    form = serialization.PrivateFormat.OpenSSH
    return Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, lock).decode()


def _finish(service: Service, token: str, job: str) -> None:
    for _ in range(300):
        if service.request("GET", f"/jobs/{job}", token=token)[1]["state"] in ("succeeded", "failed", "cancelled"):
            return
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def _processes(pid: int) -> bytes:
    """The command lines of everything that runs, and the environments of the service's children."""
    parts = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != pid:
            try:
                parts.append((folder / "cmdline").read_bytes())
            except OSError:
                continue
    return b"\n".join(parts)


def _mist(*argv: str) -> None:
    program = "import sys; from mistcli.main import main; sys.exit(main())"
    env = {key: value for key, value in os.environ.items() if not key.startswith("MIST_")}
    subprocess.run([sys.executable, "-c", program, *argv], check=True, env=env, timeout=120, capture_output=True)
