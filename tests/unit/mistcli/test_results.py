"""What a command tells a program that it did: always the service's record, never a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from mistcli.parser import CommandParser
from mistcli.registry import COMMANDS, load
from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

PASSWORD = "mist_password"
PASSED_ON = {"ssh", "completion-script"}  # what they print is a machine's, or a shell's to read
ON_HOST = {name for name, (module, _) in COMMANDS.items() if module == "serve"}

CHANGES: list[tuple[str, str, Any]] = [  # line, field of the record, its value
    ("add-backend --provider docker --docker-host 10.0.0.1 --name D2", "name", "D2"),
    ("update-backend Docker --new-name D2", "name", "D2"),
    ("rename-backend Docker --new-name D2", "name", "D2"),
    ("enable-backend Docker", "enabled", True),
    ("disable-backend Docker", "enabled", False),
    ("delete-backend Docker --yes", "name", "Docker"),
    ("add-key --name K --auto-generate", "name", "K"),
    ("rename-key Dummy --new-name K", "name", "K"),
    ("set-default-key Dummy", "is_default", True),
    ("delete-key Dummy --yes", "name", "Dummy"),
    ("associate-key --key Dummy --machine atlanta --user me", "user", "root"),
    ("disassociate-key --key Dummy --machine db-server-1", "removed", True),
    ("star-image i --backend Docker", "star", True),
    ("unstar-image i --backend Docker", "star", False),
    ("start db-server-1", "state", "succeeded"),
    ("stop db-server-1", "state", "succeeded"),
    ("reboot db-server-1", "kind", "machine.reboot"),
    ("destroy db-server-1 --yes", "state", "succeeded"),
    ("resize db-server-1 --size 0", "state", "succeeded"),
    ("stop db-server-1 --no-wait", "state", "queued"),
    ("create-machine --backend Docker --name w --image i --no-wait", "kind", "machine.create"),
    ("run --command true --all --no-wait", "kind", "run"),
    ("tag db-server-1 --new-tag a", "name", "db-server-1"),
    ("untag db-server-1 --tag a", "name", "db-server-1"),
    ("probe db-server-1", "cores", 2),
    ("wait-job j", "state", "succeeded"),
    ("cancel-job j", "state", "succeeded"),
    ("add-user jo@example.com --password-file {password}", "email", "jo@example.com"),
    (
        "set-password user@mist.io --password-file {password} --current-password-file {password}",
        "email",
        "user@mist.io",
    ),
    ("delete-user user@mist.io", "email", "user@mist.io"),
    ("create-token --name ci2", "name", "ci2"),
    ("revoke-token ci", "name", "ci"),
    ("login --email user@mist.io", "email", "user@mist.io"),
    ("logout", "uri", "{uri}"),
    ("setup --code C --email user@mist.io", "email", "user@mist.io"),
]


@pytest.mark.parametrize(("line", "field", "value"), CHANGES, ids=[line for line, _, _ in CHANGES])
@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_a_change_gives_programs_the_record(
    line: str, field: str, value: Any, kind: str, mist: Mist, service: RestStub, home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (home / "password").write_text(PASSWORD)
    monkeypatch.setenv("MIST_PASSWORD", PASSWORD)
    service.setup_needed = True
    service.jobs["j"] = {**records.job("j", "run", "run uptime"), "state": "succeeded"}
    places = {"password": str(home / "password"), "uri": service.uri}

    result = mist(*line.format(**places).split(), "-o", kind)

    assert result.code == 0, result.err
    told = json.loads(result.out) if kind == "json" else yaml.safe_load(result.out)
    assert told[field] == (value.format(**places) if isinstance(value, str) else value)


def test_several_records_stand_in_a_list(mist: Mist) -> None:
    accepted = json.loads(mist("accept-host-key", "db-server-1", "-o", "json").out)
    made = json.loads(mist("create-machine", "--backend", "Docker", "--name", "w", "--image", "i", "-o", "json").out)

    assert [key["algorithm"] for key in accepted] == ["ssh-ed25519"]
    assert [machine["name"] for machine in made] == ["w"]


@pytest.mark.parametrize(
    "line", ["stop db-server-1", "create-machine --backend Docker --name w --image i", "wait-job j"]
)
def test_a_failed_job_is_told_too(line: str, mist: Mist, service: RestStub) -> None:
    service.job_error = {"code": "provider_rejected", "message": "EC2 refused.", "details": {}}
    service.jobs["j"] = {**records.job("j", "run", "run x"), "state": "failed", "error": service.job_error}

    result = mist(*line.split(), "-o", "json")

    assert result.code == 4
    assert json.loads(result.out)["error"]["message"] == "EC2 refused."


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - PASSED_ON - ON_HOST))
def test_every_command_has_a_format_for_programs(name: str) -> None:
    parser = CommandParser(name, "")
    load(name).arguments(parser)

    (output,) = [action for action in parser._actions if action.dest == "output"]

    assert output.choices is not None
    assert {"plain", "json", "yaml"} <= set(output.choices)
    if not {"table", "csv"} & set(output.choices):
        untold = {"enable-monitoring", "disable-monitoring", "add-metric", "remove-metric", "add-custom-metric", "cp"}
        untold |= {"remove-custom-metric"}  # test_documented_commands.py
        untold.add("graph")  # test_graph.py
        # tests/integration/alerts asks these of the real service
        untold |= {name for name, (module, _) in COMMANDS.items() if module in ("rules", "alerts")}
        assert name in {line.split()[0] for line, _, _ in CHANGES} | {"create-machine", "accept-host-key"} | untold
