"""The commands that the documentation of old did not have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

DOCKER = "/backends/B3rbEA6bteaqMWJ4obVbgbqrXWf"


@pytest.mark.parametrize(
    ("words", "call", "body", "said"),
    [
        (["enable-backend", "Docker"], ("PATCH", DOCKER), {"enabled": True}, "Enabled backend Docker\n"),
        (["disable-backend", "--name", "Docker"], ("PATCH", DOCKER), {"enabled": False}, "Disabled backend Docker\n"),
        (
            ["star-image", "mist/debian:12", "--backend", "Docker"],
            ("PUT", f"{DOCKER}/stars/mist/debian%3A12"),
            None,
            "Starred image mist/debian:12\n",
        ),
        (
            ["unstar-image", "i", "--backend-name", "Docker"],
            ("DELETE", f"{DOCKER}/stars/i"),
            None,
            "Unstarred image i\n",
        ),
        (["set-default-key", "Dummy"], ("PUT", "/keys/key-Dummy/default"), None, "Dummy is the default key\n"),
        (
            ["associate-key", "--key", "Dummy", "--machine", "atlanta", "--ssh_user", "me", "--port", "2222"],
            ("PUT", "/machines/c9411bbe-2bb2-4a88-996c-d831272b426e/keys/key-Dummy"),
            {"user": "me", "port": 2222},
            "Associated key Dummy with machine atlanta as root\n",
        ),
        (
            ["disassociate-key", "--key", "Dummy", "--machine", "db-server-1"],
            ("DELETE", "/machines/m1/keys/key-Dummy"),
            None,
            "Disassociated key Dummy from machine db-server-1\n",
        ),
        (
            ["resize", "db-server-1", "--size", "0"],
            ("POST", "/machines/m1/actions"),
            {"action": "resize", "size": "0"},
            "Resized machine db-server-1\n",
        ),
        (
            ["accept-host-key", "db-server-1"],
            ("POST", "/machines/m1/host-keys/accept"),
            {},
            "Accepted ssh-ed25519 SHA256:abc for machine db-server-1\n",
        ),
        (
            ["tag", "db-server-1", "--new-tag", "a", "--remove-tag", "b"],
            ("DELETE", "/machines/m1/tags/b"),
            None,
            "Add tag a to machine db-server-1\nRemove tag b from machine db-server-1\n",
        ),
        (["delete-user", "user@mist.io"], ("DELETE", "/users/u1"), None, "Deleted user user@mist.io\n"),
        (["revoke-token", "ci"], ("DELETE", "/tokens/t1"), None, "Revoked token ci\n"),
    ],
)
def test_a_change(words: list[str], call: tuple[str, str], body: Any, said: str, mist: Mist, service: RestStub) -> None:
    result = mist(*words)

    assert (result.code, result.out) == (0, said), result.err
    assert service.calls("POST", "PUT", "PATCH", "DELETE")[-1] == call
    assert service.body(*call) == body


def test_creating_with_every_option(mist: Mist, service: RestStub, tmp_path) -> None:
    script = tmp_path / "setup.sh"
    script.write_text("echo hi\n")

    result = mist(
        "create-machine",
        "--backend",
        "Docker",
        "--name",
        "w",
        "--image",
        "debian",
        "-k",
        "Dummy",
        "--network-id",
        "n1",
        "--network",
        "n2",
        "--script",
        str(script),
        "--sudo",
        "--tag",
        "dev",
        "--quantity",
        "2",
        "--wait",
        "ssh",
        "--wait-timeout",
        "5m",
        "--extra",
        "ports=[80]",
        "--extra",
        "command=sleep 1",
        "--disk",
        "20",
        "-o",
        "json",
    )

    assert json.loads(result.out)[0]["name"] == "w"
    assert service.body("POST", "/machines") == {
        "backend": "B3rbEA6bteaqMWJ4obVbgbqrXWf",
        "name": "w",
        "image": "debian",
        "key": "Dummy",
        "networks": ["n1", "n2"],
        "script": "echo hi\n",
        "sudo": True,
        "tags": ["dev"],
        "quantity": 2,
        "wait": "ssh",
        "wait_timeout_s": 300.0,
        "extra": {"ports": [80], "command": "sleep 1", "disk": "20"},
    }


def test_what_a_partly_failed_create_made_is_said(mist: Mist, service: RestStub) -> None:
    details = {"machines": [{"id": "m1", "name": "w-1"}]}
    service.job_error = {"code": "job_failed", "message": "1 of 2 machines were not created.", "details": details}

    result = mist("create-machine", "--backend", "Docker", "--name", "w", "--image", "i", "--quantity", "2")

    assert (result.code, result.out) == (4, "Created machine w-1\n")


def test_steps_are_told_as_they_pass(mist: Mist, service: RestStub) -> None:
    steps = [
        {"seq": 1, "name": "validate", "state": "succeeded", "detail": ""},
        {"seq": 2, "name": "create the machine", "state": "failed", "detail": "no quota"},
    ]
    service.jobs["j"] = {**records.job("j", "machine.create", "create w"), "state": "succeeded", "steps": steps}

    result = mist("wait-job", "j")

    assert (result.code, result.out) == (0, "create w: succeeded\n")
    assert result.err == "  validate ... done (0 s)\n  create the machine ... failed: no quota (0 s)\n"


def test_a_job_is_shown_with_its_results(mist: Mist, service: RestStub) -> None:
    service.jobs["j"] = {**records.job("j", "run", "run uptime"), "state": "succeeded", "total": 1}
    service.items["j"] = [records.item("j", service.machines[0], stdout="up\n")]

    shown = mist("describe-job", "j").out

    assert "run uptime" in shown
    assert shown.endswith("1 machine (done): atlanta\n  up\n")
    assert json.loads(mist("describe-job", "j", "-o", "json").out)["items"][0]["stdout"] == "up\n"
    assert mist("cancel-job", "j").out == "run uptime: succeeded\n"
    assert mist("describe-job", "none").code == 1


@pytest.mark.parametrize(
    "words",
    [
        ["list-jobs"],
        ["list-events"],
        ["list-users"],
        ["list-tokens"],
        ["list-networks", "--backend", "Docker"],
        ["list-host-keys", "atlanta"],
        ["describe-machine", "atlanta"],
        ["describe-key", "Dummy"],
    ],
)
@pytest.mark.parametrize("kind", ["table", "plain", "json", "yaml", "csv"])
def test_every_listing_has_every_format(words: list[str], kind: str, mist: Mist, service: RestStub) -> None:
    service.jobs["j"] = records.job("j", "run", "run uptime")

    result = mist(*words, "-o", kind)

    assert (result.code, result.err) == (0, "")
    assert result.out


def test_a_run_is_repeated_where_it_failed(mist: Mist, service: RestStub) -> None:
    service.jobs["old"] = {**records.job("old", "run", "run x"), "state": "failed"}
    service.scripted["POST", "/runs/old/retry"] = [(202, {**records.job("new", "run", "run x"), "state": "succeeded"})]
    service.jobs["new"] = {**records.job("new", "run", "run x"), "state": "succeeded"}
    service.items["new"] = [records.item("new", service.machines[0])]

    result = mist("run", "--retry-failed", "old")

    assert (result.code, result.out) == (
        0,
        "Found machines\nFound key association for machine: atlanta\n\nFinished in machine: atlanta\n",
    )


@pytest.mark.parametrize("words", [["cp", "a", "b"], ["cp", "web:a", "db:b"], ["ssh", "atlanta"]])
def test_copies_and_terminals_say_what_they_need(words: list[str], mist: Mist) -> None:
    assert mist(*words).code == 2


def test_a_machine_is_shown_with_what_a_list_has_no_room_for(mist: Mist, service: RestStub) -> None:
    service.machines[0]["private_ips"] = ["10.0.0.5"]

    shown = mist("describe-machine", service.machines[0]["id"]).out

    assert "Private Ips: 10.0.0.5\n" in shown
    assert "Private" not in mist("describe-machine", service.machines[0]["id"], "--columns", "name").out
