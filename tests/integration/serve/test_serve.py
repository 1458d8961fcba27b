"""Starting, claiming, stopping: what a person meets who runs the service."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistserver import __version__
from tests.support.service import EMAIL, PASSWORD, Service, free_port

NO_USER = {"MIST_ADMIN_EMAIL": "", "MIST_ADMIN_PASSWORD": ""}


def mist(*argv: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("MIST_")}
    program = "import sys; from mistcli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *argv],
        env={**kept, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path / "data").start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def test_it_starts_answers_and_stops_in_order(service: Service) -> None:
    with urllib.request.urlopen(f"{service.uri}/healthz", timeout=10) as answer:
        headers = answer.headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"]
    assert service.stop() == 0


def test_it_says_which_version_it_is_to_whoever_is_signed_in(service: Service) -> None:
    status, about = service.request("GET", "/about", token=service.sign_in())

    assert (status, about["version"], about["database"], about["metrics"]) == (200, __version__, "sqlite", "files")
    assert service.request("GET", "/about")[0] == 401


def test_everything_it_writes_is_for_its_user_alone(service: Service) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (service.data_dir, *service.data_dir.iterdir())}

    assert modes["data"] == 0o700
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}


def test_a_second_service_on_the_same_data_is_refused(service: Service) -> None:
    second = mist("serve", "--data-dir", str(service.data_dir), "--port", str(free_port()))

    assert second.returncode == 1
    assert f"process {service.pid}" in second.stderr


def test_a_port_that_is_taken_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = mist("serve", "--data-dir", str(tmp_path / "data"), "--port", port)

    assert result.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in result.stderr
    assert not (tmp_path / "data" / "mist.db").exists()


@pytest.mark.parametrize("command", [["rekey"], ["backup", "mist.backup"], ["recover", "jo@example.com"]])
def test_a_host_command_without_a_data_directory_says_so(tmp_path: Path, command: list[str]) -> None:
    result = mist(*command, "--data-dir", str(tmp_path / "none"))

    assert result.returncode == 1
    assert re.fullmatch(rf"Error: .*{tmp_path}/none.*--data-dir.*\n", result.stderr)
    assert not (tmp_path / "none").exists()


def test_only_the_holder_of_the_code_claims_a_new_service(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", env=NO_USER).start()
    try:
        code = re.search(r"mist setup --code (\S+)", service.log.read_text())
        person = {"email": EMAIL, "password": PASSWORD}
        wrong = service.request("POST", "/setup", {**person, "code": "AAAAA-BBBBB-CCCCC-DDDDD"})
        without = service.request("POST", "/sessions", person)
        assert code is not None
        claimed = service.request("POST", "/setup", {**person, "code": code.group(1)})
        again = service.request("POST", "/setup", {"email": "x@y.z", "password": PASSWORD, "code": code.group(1)})
    finally:
        service.stop()

    assert (wrong[0], without[0]) == (401, 401)
    assert claimed[0] == 201
    assert claimed[1]["user"]["role"] == "admin"
    assert again[0] == 409


def test_the_first_sign_in_may_spend_the_code(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", env=NO_USER).start()
    try:
        code = re.search(r"mist setup --code (\S+)", service.log.read_text())
        assert code is not None
        body = {"email": EMAIL, "password": PASSWORD, "code": code.group(1)}
        status, answer = service.request("POST", "/sessions", body)
    finally:
        service.stop()

    assert (status, answer["user"]["email"]) == (201, EMAIL)


def test_clear_text_on_a_network_is_refused(tmp_path: Path) -> None:
    result = mist("serve", "--host", "0.0.0.0", "--data-dir", str(tmp_path / "d"))

    assert result.returncode == 1
    assert "--tls-cert" in result.stderr
    assert not (tmp_path / "d").exists()


def test_settings_are_shown_with_their_origin(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('log_level = "warning"\n')

    shown = mist(
        *("serve", "--show-settings", "--data-dir", str(tmp_path), "--port", "9"),
        env={"MIST_HOST": "127.0.0.2", "MIST_DATABASE_URL": "postgresql://u:secret@h/d"},
    )

    rows = {line.split()[0]: line.split()[1:3] for line in shown.stdout.splitlines()}
    assert rows["port"] == ["9", "flag"]
    assert rows["host"] == ["127.0.0.2", "environment"]
    assert rows["log_level"] == ["warning", str(tmp_path / "settings.toml")]
    assert rows["job_concurrency"][1] == "default"
    assert "secret" not in shown.stdout


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "many"], "port"),
        (["--port", "70000"], "70000"),
        (["--tls-cert", "x.pem"], "--tls-key"),
        (["--log-level", "loud"], "loud"),
        (["--config", "/nowhere/settings.toml"], "/nowhere/settings.toml"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(tmp_path: Path, flags: list[str], said: str) -> None:
    result = mist("serve", "--data-dir", str(tmp_path / "d"), *flags)

    assert result.returncode == 1
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_another_master_key_is_refused(service: Service, tmp_path: Path) -> None:
    service.stop()
    key = service.data_dir / "master.key"
    kept = key.read_text()
    key.write_text("A" * 43 + "=\n")

    wrong = mist("serve", "--data-dir", str(service.data_dir), "--port", str(free_port()))
    key.unlink()
    missing = mist("serve", "--data-dir", str(service.data_dir), "--port", str(free_port()))

    assert (wrong.returncode, missing.returncode) == (1, 1)
    assert "master key" in wrong.stderr
    assert "master key" in missing.stderr
    key.write_text(kept)
    key.chmod(0o600)
    service.start()


def test_a_backup_restores_elsewhere(service: Service, tmp_path: Path) -> None:
    token = service.sign_in()
    service.request("POST", "/keys", {"name": "k", "generate": {}}, token)
    file, target = tmp_path / "b.backup", tmp_path / "other"

    made = mist("backup", str(file), "--data-dir", str(service.data_dir))
    verified = mist("verify-backup", str(file))
    restored = mist("restore", str(file), "--data-dir", str(target))

    assert (made.returncode, verified.returncode, restored.returncode) == (0, 0, 0), made.stderr + restored.stderr
    assert "master.key" in made.stdout
    (target / "master.key").write_bytes((service.data_dir / "master.key").read_bytes())
    (target / "master.key").chmod(0o600)
    other = Service(target, name="other").start()
    try:
        token = other.sign_in()
        keys = other.request("GET", "/keys", token=token)[1]["items"]
        status, exported = other.request("POST", f"/keys/{keys[0]['id']}/private", token=token)
    finally:
        other.stop()
    assert status == 200
    assert "PRIVATE KEY" in exported["private"]


def test_rekey_changes_the_key_and_loses_nothing(service: Service) -> None:
    token = service.sign_in()
    made = service.request("POST", "/keys", {"name": "k", "generate": {}}, token)[1]
    service.stop()
    before = (service.data_dir / "master.key").read_text()

    result = mist("rekey", "--data-dir", str(service.data_dir))

    assert result.returncode == 0, result.stderr
    assert (service.data_dir / "master.key").read_text() != before
    service.start()
    status, _ = service.request("POST", f"/keys/{made['id']}/private", token=service.sign_in())
    assert status == 200


def test_a_locked_out_admin_recovers_on_the_host(service: Service) -> None:
    new = PASSWORD + " two"

    result = mist("recover", EMAIL, "--data-dir", str(service.data_dir), env={"MIST_ADMIN_PASSWORD": new})

    assert result.returncode == 0, result.stderr
    assert service.request("POST", "/sessions", {"email": EMAIL, "password": PASSWORD})[0] == 401
    assert service.sign_in(password=new)
