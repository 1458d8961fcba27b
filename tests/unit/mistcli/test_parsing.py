from __future__ import annotations

import pytest

from mistcli.normalise import spelling
from mistcli.parser import CommandParser
from mistcli.registry import COMMANDS, GROUPS, load
from tests.support.rest_stub import RestStub
from tests.unit.mistcli.conftest import Mist


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("create_machine", "create-machine"),
        ("--location_id", "--location-id"),
        ("--openstack--username", "--openstack-username"),
        ("--custom_plugin=a_b--c", "--custom-plugin=a_b--c"),
        ("-o", "o"),
    ],
)
def test_one_rule_covers_all_spellings(typed: str, meant: str) -> None:
    assert spelling(typed) == meant


@pytest.mark.parametrize("value", ["--foo_bar", "-rf", "a_b--c", "-", "=x"])
def test_a_value_is_taken_as_it_stands(value: str, mist: Mist, service: RestStub) -> None:
    mist("run", f"--command={value}", "--tag", "dev")
    mist("rename-key", "Dummy", f"--new_name={value}")

    assert service.body("POST", "/runs")["command"] == value
    assert service.body("PATCH", "/keys/key-Dummy")["name"] == value


def test_a_value_may_begin_with_dashes(mist: Mist, service: RestStub) -> None:
    mist("run", "--command", "--not_an_option x", "--tag", "dev")

    assert service.body("POST", "/runs")["command"] == "--not_an_option x"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["lst-backends"], "There is no command 'lst-backends'. Did you mean list-backends"),
        (["zzz"], "There is no command 'zzz'.\n"),
        (["list-machines", "--bakend", "x"], "no option --bakend of `mist list-machines`; did you mean --backend?"),
        (["list-machines", "--back", "x"], "no option --back of"),
        (["list-machines", "-backend", "x"], "no option -backend of `mist list-machines`; did you mean --backend?"),
        (["list-machines", "-output", "json"], "did you mean --output?"),
        (["destroy", "-web"], "a name that begins with a dash goes after a bare --"),
        (["list-machines", "-o", "xml"], "invalid choice: 'xml'"),
        (["list-machines", "--output"], "expected one argument"),
        (["create-machine", "--backend", "Docker"], "the following arguments are required: --name"),
        (["start"], "Say which machine"),
        (["start", "a", "--id", "b"], "Say which machine only once"),
        (["run", "--tag", "dev"], "Give one of --command, --script"),
        (["run", "--command", "x"], "Give one of --tag, --machine, --all"),
        (["run", "--command", "x", "--tag", "a", "--all"], "Give only one of --tag, --all"),
        (["run", "--command", "x", "--all", "--parallel", "0"], "not a whole number above 0"),
        (["wait-job", "j", "--wait-timeout", "soon"], "not a time such as 90"),
        (["add-backend", "--provider", "dokcer"], "there is no provider 'dokcer'; did you mean docker?"),
        (["add-backend", "--provider", "docker"], "Docker needs --docker-host"),
        (
            ["add-backend", "--provider", "docker", "--docker-host", "x", "--digi-token", "y"],
            "--digi-token is for DigitalOcean, not for Docker",
        ),
        (["add-backend", "--provider", "ec2", "--region", "a", "--ec2-region", "b"], "Give one region, not a and b"),
        (["list-keys", "--columns", "nme"], "There is no column 'nme'"),
        (["--nope", "list-keys"], "mist has no option --nope before a command"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_2(words: list[str], told: str, mist: Mist, service: RestStub) -> None:
    result = mist(*words)

    assert (result.code, result.out) == (2, "")
    assert told.lower() in result.err.lower()
    assert service.calls("POST", "PUT", "PATCH", "DELETE") == []


@pytest.mark.parametrize(
    ("line", "machine", "command"),
    [
        ("web -- ls -la", "web", ["ls", "-la"]),
        ("web -t -- less --help", "web", ["less", "--help"]),
        ("-l root web uptime", "web", ["uptime"]),
        ("web", "web", []),
        ("web -- sh -c -- x", "web", ["sh", "-c", "--", "x"]),
    ],
)
def test_a_remote_command_stands_behind_two_dashes(line: str, machine: str, command: list[str]) -> None:
    parser = CommandParser("ssh", "")
    load("ssh").arguments(parser)

    args = parser.parse(line.split())

    assert (args.machine, args.remote + args.rest) == (machine, command)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_examples(name: str) -> None:
    command = load(name)
    parser = CommandParser(name, COMMANDS[name][1], command.examples)
    command.arguments(parser)

    assert f"mist {name}" in parser.format_help()
    assert all(example.startswith(("mist ", "eval ")) for example in command.examples)


def test_help_lists_every_command_in_its_group(mist: Mist) -> None:
    result = mist("--help")

    assert result.code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in result.out] == []
    assert [group for group in GROUPS if f"\n{group}:\n" not in result.out] == []
    assert mist("help").out == result.out
    assert mist().code == 2


def test_options_of_every_command_may_stand_before_it(mist: Mist, service: RestStub, monkeypatch) -> None:
    monkeypatch.setenv("MIST_URI", "http://127.0.0.1:9")

    assert mist("--mist-uri", service.uri, "list-keys").code == 0
    assert mist("--mist_uri=" + service.uri, "list-keys").code == 0
    assert mist("list-keys", "--mist-uri", service.uri).code == 0
    assert "mist serve" in mist("list-keys").err
