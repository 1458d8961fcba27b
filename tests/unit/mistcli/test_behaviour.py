from __future__ import annotations

import csv
import io
import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mistcli.names import known
from tests.support import rest_records as records
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist

HOSTILE = "\x1b]0;owned\x07\u202eweb\n| x"


def test_a_change_refuses_several_matches_and_lists_them(mist: Mist, service: RestStub) -> None:
    service.machines.append(records.machine("db-server-10", "m10", "running"))

    result = mist("destroy", "db-server")

    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "Error: 2 machines match 'db-server': db-server-1 (id m1 in Icehouse); db-server-10 (id m10 in Icehouse). "
        "Nothing was done; say which by its id.\n"
    )
    assert service.calls("POST") == []


def test_a_reading_takes_the_first_match_and_says_so(mist: Mist, service: RestStub) -> None:
    service.machines.append(records.machine("db-server-10", "m10", "running"))

    result = mist("describe-machine", "db-server", "-o", "json")

    assert json.loads(result.out)["id"] == "m1"
    assert result.err.startswith("Warning: 2 machines match 'db-server', this is the first: ")


@pytest.mark.parametrize("words", [["--id", "db-server-1"], ["--name", "db-server"], ["nothing"]])
def test_what_is_not_found_changes_nothing(words: list[str], mist: Mist, service: RestStub) -> None:
    result = mist("stop", *words)

    assert result.code == 1
    assert result.err.startswith(f"Error: Could not find machine: {words[-1]}.")
    assert service.calls("POST") == []


def test_every_format_tells_the_same(mist: Mist) -> None:
    as_json = json.loads(mist("list-backends", "-o", "json").out)
    as_yaml = yaml.safe_load(mist("list-backends", "-o", "yaml").out)
    rows = list(csv.DictReader(io.StringIO(mist("list-backends", "-o", "csv", "--columns", "name,region").out)))

    assert as_json == as_yaml
    assert rows[2] == {"name": "EC2 AP Sydney", "region": "ec2_ap_southeast_2"}
    assert json.loads(mist("list-keys", "-o", "json", "--columns", "name").out)[0] == {"name": "DemoKey"}


@pytest.mark.parametrize("words", [[], ["--pretty"], ["-o", "csv"], ["-o", "json"], ["-o", "yaml"]])
def test_hostile_names_never_reach_the_terminal(words: list[str], mist: Mist, service: RestStub) -> None:
    service.machines[0]["name"] = HOSTILE

    out = mist("list-machines", *words).out

    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "owned" in out


@pytest.mark.parametrize("words", [[], ["--pretty"], ["-o", "json"], ["-o", "csv"]])
@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("no_color", [True, False])
def test_states_have_a_colour_on_a_terminal_for_people(
    words: list[str], terminal: bool, no_color: bool, mist: Mist, service: RestStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.machines[0]["state"] = "running"
    service.machines[0]["name"] = "running"
    plain = mist("list-machines", *words).out
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: terminal)
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")

    shown = mist("list-machines", *words).out

    coloured = terminal and not no_color and "-o" not in words
    assert re.sub(r"\x1b\[\d+m", "", shown) == plain
    assert ("\x1b[32mrunning" in shown) == coloured
    assert "\x1b" not in shown.splitlines()[0].partition("running")[0]


def test_a_spreadsheet_does_not_run_a_name(mist: Mist, service: RestStub) -> None:
    service.machines[0]["name"] = "=cmd|' /C calc'!A0"

    assert "'=cmd" in mist("list-machines", "-o", "csv").out


def test_an_empty_list_is_a_success(mist: Mist, service: RestStub) -> None:
    service.machines.clear()

    assert mist("list-machines") == (0, "No machines found\n", "")
    assert mist("list-machines", "-o", "json") == (0, "[]\n", "")


def test_a_backend_in_trouble_does_not_hide_the_others(mist: Mist, service: RestStub) -> None:
    trouble = {"code": "provider_timeout", "message": "EC2 did not answer within 20 s.", "at": records.AT}
    service.backend_health = [
        {"id": "b", "name": "EC2", "state": "error", "read_at": None, "age_s": 75.2, "trouble": trouble}
    ]

    result = mist("list-machines")

    assert result.code == 0
    assert len(result.out.splitlines()) == len(service.machines)
    assert result.err == ("Warning: EC2: EC2 did not answer within 20 s. (its machines are shown as of 75 s ago)\n")


def test_a_failed_job_is_exit_4(mist: Mist, service: RestStub) -> None:
    service.job_error = {"code": "provider_rejected", "message": "EC2 refused.", "details": {}}

    result = mist("stop", "db-server-1")

    assert (result.code, result.err) == (4, "Error: stop db-server-1: EC2 refused.\n")


def test_not_waiting_prints_the_job(mist: Mist) -> None:
    assert mist("stop", "db-server-1", "--no-wait").out == "job1\n"
    assert mist("create-machine", "--backend", "Docker", "--name", "w", "--image", "i", "--no-wait").out == "job2\n"


def test_a_run_that_failed_somewhere_is_exit_4(mist: Mist, service: RestStub, monkeypatch) -> None:
    job_item = records.item
    monkeypatch.setattr(
        records, "item", lambda job_id, of: job_item(job_id, of, state="failed", exit_code=3, stdout="a\nb\n")
    )

    live = mist("run", "--command", "false", "--all")
    grouped = mist("run", "--command", "false", "--all", "--group")
    told = json.loads(mist("run", "--command", "false", "--all", "-o", "json").out)

    assert (live.code, grouped.code) == (4, 4)
    assert "FAILED in machine: atlanta (exit code 3)" in live.out
    assert live.err.startswith("0 of 3 machines succeeded, 3 failed: atlanta (exit code 3); ")
    assert grouped.out == "3 machines (exit code 3): atlanta, db-server-1, mongo.myserver\n  a\n  b\n"
    assert [item["exit_code"] for item in told["items"]] == [3, 3, 3]


def test_output_is_shown_in_whole_lines_with_the_machines_name(mist: Mist, service: RestStub) -> None:
    def piece(machine: str, data: str, stream: str = "stdout") -> tuple[str, dict[str, str]]:
        return "output", {"machine_id": machine, "machine_name": machine, "stream": stream, "data": data, "seq": "1"}

    service.stream = [
        piece("a", "one\ntw"),
        piece("b", "other\n"),
        piece("a", "o\n\x1b[31mred"),
        piece("a", "bad\n", "stderr"),
        ("end", {}),
    ]

    result = mist("run", "--command", "x", "--tag", "dev")

    assert "a: one\nb: other\na: two\n" in result.out
    assert result.err.startswith("a: bad\n")
    assert "\x1b" not in result.out


def test_no_machine_with_the_tag_is_exit_1(mist: Mist) -> None:
    assert mist("run", "--command", "x", "--tag", "none") == (1, "No machines found with tag: none\n", "")


def test_signing_in_happens_once(mist: Mist, service: RestStub, home: Path, monkeypatch) -> None:
    monkeypatch.delenv("MIST_TOKEN")
    (home / ".mist").write_text("[mist.credentials]\nemail=user@mist.io\npassword=mist_password\n")

    assert (mist("list-keys").code, mist("list-keys").code) == (0, 0)

    assert [path for _, path in service.calls()].count("/sessions") == 1
    assert stat.S_IMODE((home / ".mist").stat().st_mode) == 0o600


def test_an_ended_session_is_renewed_from_the_file(mist: Mist, service: RestStub, home: Path, monkeypatch) -> None:
    monkeypatch.delenv("MIST_TOKEN")
    (home / ".mist").write_text("[mist.credentials]\nemail=user@mist.io\npassword=mist_password\n")
    mist("list-keys")
    service.tokens.clear()

    assert mist("list-keys").code == 0


def test_nobody_to_ask_is_exit_3(mist: Mist, service: RestStub, monkeypatch) -> None:
    monkeypatch.delenv("MIST_TOKEN")

    result = mist("list-keys")

    assert result.code == 3
    assert result.err == (
        f"Error: You are not signed in at {service.uri}: run `mist login`, or set MIST_TOKEN, or MIST_EMAIL and "
        "MIST_PASSWORD.\n"
    )
    service.setup_needed = True
    assert "run `mist setup`" in mist("list-keys").err


def test_a_wrong_token_is_exit_3(mist: Mist, monkeypatch) -> None:
    monkeypatch.setenv("MIST_TOKEN", "mist_wrong")

    assert mist("list-keys").code == 3


def test_login_and_logout(mist: Mist, service: RestStub, home: Path, monkeypatch) -> None:
    monkeypatch.delenv("MIST_TOKEN")
    monkeypatch.setenv("MIST_PASSWORD", "mist_password")
    monkeypatch.setenv("MIST_EMAIL", "user@mist.io")

    assert mist("login").out == f"Signed in at {service.uri} as user@mist.io\n"
    monkeypatch.delenv("MIST_PASSWORD")
    assert "mist_password" not in (home / ".mist").read_text()
    assert mist("list-keys").code == 0
    assert mist("logout").out == f"Signed out of {service.uri}\n"
    assert mist("list-keys").code == 3


def test_a_passphrase_that_cannot_be_asked_for_is_said(mist: Mist, home: Path, service: RestStub) -> None:
    (home / "k").write_text("locked\n")
    (home / "pass").write_text("open sesame\n")

    assert mist("add-key", "--name", "K", "--key-path", "~/k").err == "Error: The private key needs its passphrase.\n"
    assert mist("add-key", "--name", "K", "--key-path", "~/k", "--passphrase-file", str(home / "pass")).code == 0
    assert service.body("POST", "/keys")["passphrase"] == "open sesame"


def test_secrets_come_from_files_and_the_environment(mist: Mist, home: Path, service: RestStub, monkeypatch) -> None:
    (home / "secret").write_text("s3cret\n")
    words = ["add-backend", "--provider", "ec2", "--region", "ec2_us_east", "--ec2-api-key", "K"]

    mist(*words, "--ec2-api-secret-file", str(home / "secret"))
    assert service.body("POST", "/backends")["settings"]["api_secret"] == "s3cret"
    monkeypatch.setenv("MIST_EC2_API_SECRET", "from env")
    mist(*words)
    assert service.body("POST", "/backends")["settings"]["api_secret"] == "from env"


def test_a_file_that_is_not_there_is_named(mist: Mist) -> None:
    result = mist("add-backend", "--provider", "azure", "--azure-sub-id", "x", "--azure-cert-path", "/nope/cert")

    assert (result.code, result.err.splitlines()[0]) == (2, "Error: --azure-cert-path: there is no file /nope/cert.")
    assert mist("add-key", "--name", "K", "--key-path", "/nope").err == "Error: No such file or directory (/nope).\n"


def test_replacing_credentials_changes_only_what_is_given(mist: Mist, service: RestStub) -> None:
    mist("update-backend", "Docker", "--docker-port", "2376", "--endpoint", "https://d:2376", "--new-name", "D")

    path = "/backends/B3rbEA6bteaqMWJ4obVbgbqrXWf"
    assert service.body("PUT", f"{path}/credentials") == {
        "settings": {"docker_port": 2376},
        "endpoint": "https://d:2376",
    }
    assert service.body("PATCH", path) == {"name": "D"}


def test_a_jump_host_is_taken_apart(mist: Mist, service: RestStub) -> None:
    mist("add-backend", "--provider", "docker", "--docker-host", "x", "--jump-host", "me@[::1]:2222", "--jump-key", "K")

    assert service.body("POST", "/backends")["jump_host"] == {"host": "::1", "user": "me", "port": 2222, "key": "K"}


def test_two_names_for_one_key_are_settled(mist: Mist, service: RestStub) -> None:
    result = mist("rename-key", "gone", "--name", "Dummy", "--new-name", "R")

    assert (result.code, service.calls("PATCH")) == (0, [("PATCH", "/keys/key-Dummy")])
    assert result.err == "Warning: Two keys were named, 'gone' and 'Dummy': 'Dummy' is renamed.\n"


def test_a_token_is_printed_alone(mist: Mist, service: RestStub) -> None:
    assert mist("create-token", "--name", "ci", "--scope", "operate", "--expires-in", "90d").out == "mist_secret\n"
    assert service.body("POST", "/tokens") == {"name": "ci", "scope": "operate", "expires_in_s": 7776000}


def test_events_follow(mist: Mist, service: RestStub, monkeypatch) -> None:
    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mistclient.runs.time.sleep", stop)

    result = mist("list-events", "--follow", "--limit", "1", "-o", "json")

    assert result.code == 130
    assert [json.loads(line)["seq"] for line in result.out.splitlines()] == [3, 1, 2, 3]


def test_listings_feed_completion(mist: Mist, service: RestStub, home: Path) -> None:
    mist("list-machines")
    mist("list-backends")

    assert known(service.uri, "machines") == ["atlanta", "db-server-1", "mongo.myserver"]
    assert "Docker" in known(service.uri, "backends")


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("mist list-m", {"list-machines", "list-metrics"}),
        ("mist destroy at", {"atlanta"}),
        ("mist create_machine --backend Do", {"Docker"}),
        ("mist list-machines --pre", {"--pretty"}),
        ("mist add-backend --provider rack", {"rackspace"}),
        ("mist add-backend --provider docker --docker-po", {"--docker-port"}),
        ("mist list-machines -o j", {"json"}),
    ],
)
def test_completion_asks_nobody(line: str, answers: set[str], mist: Mist, service: RestStub, home: Path) -> None:
    mist("list-machines")
    mist("list-backends")
    asked = len(service.seen)
    env = {
        "HOME": str(home),
        "MIST_URI": service.uri,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": str(home / "answer"),
        "PATH": "/usr/bin",
    }
    program = "from mistcli.main import main; main()"

    subprocess.run([sys.executable, "-c", program], env=env, timeout=60, check=False, capture_output=True)

    assert set((home / "answer").read_text().replace(" \n", "\n").split()) == answers
    assert len(service.seen) == asked


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["destroy", "--help"], ["nope"]])
def test_help_loads_nothing_heavy(words: list[str], home: Path) -> None:
    program = (
        "import sys\nfrom mistcli.main import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "sys.stderr.write('LOADED ' + ' '.join(sorted({'urllib3', 'yaml', 'prettytable', 'ssl'} & set(sys.modules))))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], env={"HOME": str(home)}, timeout=60, check=True, capture_output=True, text=True
    )

    assert ended.stderr.rpartition("LOADED")[2].strip() == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_for_each_shell(shell: str, mist: Mist) -> None:
    result = mist("completion-script", shell)

    assert result.code == 0
    assert "mist" in result.out
