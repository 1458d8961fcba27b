"""The inventory and the connection through the service: real machines, hostile names, and keys that stay there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible.conftest import Site
from tests.lab.sshd import Fleet, KeyPair, fleet, sudo_allowed
from tests.support.playbooks import Player
from tests.support.service import EMAIL, PASSWORD, Service

PLUGIN = "plugin: mist.mist.mist\n"
HOSTILE = [
    "{{ 1 + 1 }}",
    "../../../etc/passwd",
    "a,b",
    "-rf",
    "x\u202ey",
    "ünïcode",
    "{% raw %}",
    "all",
    "web[1:3]",
    "localhost",
    "tag_web",
]


@dataclass(frozen=True)
class Hosts:
    """A service with SSH servers, each a backend of its own; `player` signs in with email and password."""

    service: Service
    token: str
    fleet: Fleet
    player: Player

    def ask(self, method: str, path: str, body: object = None) -> Any:
        status, answer = self.service.request(method, path, body, self.token)
        assert status < 300, answer
        return answer


@contextmanager
def hosts_of(count: int, folder: Path, key: KeyPair) -> Iterator[Hosts]:
    with fleet(count, key=key) as running:
        service = Service(folder / "service" / "data").start()
        try:
            hosts = Hosts(service, service.sign_in(), running, Player(folder))
            (folder / ".mist").write_text(
                f"[mist.credentials]\nemail={EMAIL}\npassword={PASSWORD}\n[mist.io]\nmist_uri={service.uri}\n"
            )
            hosts.ask("POST", "/keys", {"name": "fleet", "private": key.private})
            for number, host in enumerate(running.hosts):
                where = {"machine_ip": host.host, "machine_port": host.port, "machine_user": running.user}
                body = {"provider": "bare_metal", "name": f"host-{number}", "settings": where}
                hosts.ask("POST", "/backends", body)
            for machine in hosts.ask("GET", "/machines?limit=1000&refresh=true")["items"]:
                hosts.ask("PUT", f"/machines/{machine['id']}/tags/fleet")
            yield hosts
        finally:
            service.stop()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, lab_key: KeyPair) -> Iterator[Hosts]:
    with hosts_of(3, tmp_path_factory.mktemp("hosts"), lab_key) as running:
        yield running


def written(player: Player, text: str = PLUGIN) -> str:
    path = player.folder / "mist.yml"
    path.write_text(text)
    return str(path)


def listed(player: Player, text: str = PLUGIN) -> Any:
    """What `ansible-inventory` says, started by the lines that `python -m mistansible` prints."""
    import sys

    settings = player.run(program=(sys.executable, "-m", "mistansible"))
    (player.folder / "ansible.cfg").write_text(settings.stdout)
    program = (sys.executable, "-c", "from ansible.cli.inventory import main; main()")
    done = player.run("-i", written(player, text), "--list", program=program)
    assert done.returncode == 0, done.stdout
    return json.loads(
        done.stdout[done.stdout.index("{") :], object_hook=lambda each: each.get("__ansible_unsafe", each)
    )


def test_a_play_goes_through_the_service(hosts: Hosts) -> None:
    source = hosts.player.folder / "source.bin"
    source.write_bytes(bytes(range(256)) * 5000)
    before = hosts.ask("GET", "/tokens?limit=1000")["items"]
    played = hosts.player.plays(
        [
            {
                "hosts": "tag_fleet",
                "gather_facts": False,
                "tasks": [
                    {"name": "ping", "ping": {}},
                    {"name": "where", "command": "id -un"},
                    {"name": "copy", "copy": {"src": str(source), "dest": "/tmp/mist-{{ mist_id }}"}},
                    {"name": "copy again", "copy": {"src": str(source), "dest": "/tmp/mist-{{ mist_id }}"}},
                    {"name": "fetch", "fetch": {"src": "/tmp/mist-{{ mist_id }}", "dest": "fetched/", "flat": False}},
                    {"name": "fails", "shell": "echo out; echo err >&2; exit 3", "ignore_errors": True},
                    {"name": "long input", "shell": "wc -c", "args": {"stdin": "{{ 'x' * 300000 }}"}},
                    {"name": "away", "file": {"path": "/tmp/mist-{{ mist_id }}", "state": "absent"}},
                ],
            }
        ],
        "-i",
        written(hosts.player),
    )

    assert played.code == 0, played.out
    assert len({outcome.host for outcome in played}) == 3
    by_task = {name: [o.result for o in played if o.task == name] for name in {o.task for o in played}}
    assert [result["stdout"] for result in by_task["where"]] == [hosts.fleet.user] * 3
    assert [result["changed"] for result in by_task["copy"]] == [True] * 3
    assert [result["changed"] for result in by_task["copy again"]] == [False] * 3
    assert [(r["rc"], r["stdout"], r["stderr"]) for r in by_task["fails"]] == [(3, "out", "err")] * 3
    assert {result["stdout"].strip() for result in by_task["long input"]} == {"300001"}
    fetched = list((hosts.player.folder / "fetched").rglob("mist-*"))
    assert [path.read_bytes() == source.read_bytes() for path in fetched] == [True] * 3
    private = hosts.fleet.private_key_pem.splitlines()[2]
    texts = [path.read_text(errors="replace") for path in hosts.player.folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if private in text]
    # one sign-in for the whole run, and it is ended again
    assert hosts.ask("GET", "/tokens?limit=1000")["items"] == before


def test_sudo_with_a_password_and_without(hosts: Hosts) -> None:
    with sudo_allowed(hosts.fleet.user):
        tasks = [{"name": "who", "command": "id -un", "become": True}]
        played = hosts.player.plays(
            [{"hosts": "tag_fleet[0]", "gather_facts": False, "tasks": tasks}], "-i", written(hosts.player)
        )

        assert played.of("who").result["stdout"] == "root"
        hosts.player.env["ANSIBLE_BECOME_PASSWORD"] = "not asked for"
        again = hosts.player.plays(
            [{"hosts": "tag_fleet[0]", "gather_facts": False, "tasks": tasks}], "-i", written(hosts.player)
        )
        del hosts.player.env["ANSIBLE_BECOME_PASSWORD"]

        assert again.of("who").result["stdout"] == "root"


def test_a_machine_that_cannot_be_reached_is_named(hosts: Hosts) -> None:
    (backend,) = [each for each in hosts.ask("GET", "/backends?limit=99")["items"] if each["name"] == "host-0"]
    hosts.ask("PATCH", f"/backends/{backend['id']}", {"enabled": False})
    try:
        tasks = [{"name": "ping", "ping": {}}]
        played = hosts.player.plays(
            [{"hosts": "tag_fleet", "gather_facts": False, "tasks": tasks}], "-i", written(hosts.player)
        )
    finally:
        hosts.ask("PATCH", f"/backends/{backend['id']}", {"enabled": True})

    states = {outcome.host: outcome.state for outcome in played}
    gone = next(outcome for outcome in played if outcome.state == "unreachable")
    assert sorted(states.values()) == ["ok", "ok", "unreachable"]
    assert played.code == 4
    assert "'host-0' is disabled" in gone.result["msg"]


def test_groups_and_variables(hosts: Hosts) -> None:
    text = (
        PLUGIN
        + "keyed_groups:\n  - {prefix: at, key: mist_backend}\n"
        + "compose: {shown: mist_name ~ '!'}\ngroups: {first: \"mist_backend == 'host-0'\"}\n"
    )
    found = listed(hosts.player, text)

    assert len(found["tag_fleet"]["hosts"]) == 3
    assert len(found["provider_bare_metal"]["hosts"]) == 3
    assert len(found["state_running"]["hosts"]) == 3
    assert found["backend_host_0"] == found["at_host_0"] == found["first"]
    (name,) = found["first"]["hosts"]
    variables = found["_meta"]["hostvars"][name]
    assert variables["shown"] == f"{variables['mist_name']}!"
    assert variables["ansible_connection"] == "mist.mist.mist"
    assert "ansible_user" not in variables


def test_direct_connections_use_what_the_service_knows(hosts: Hosts) -> None:
    found = listed(hosts.player, f"{PLUGIN}connect: direct\nbackend: host-1\n")

    (variables,) = found["_meta"]["hostvars"].values()
    host = hosts.fleet.hosts[1]
    assert (variables["ansible_host"], int(variables["ansible_port"])) == (host.host, host.port)
    assert variables["ansible_user"] == hosts.fleet.user
    assert variables["mist_key"] == "fleet"
    assert "ansible_connection" not in variables


def test_a_cache_is_used_until_it_is_flushed(hosts: Hosts) -> None:
    text = f"{PLUGIN}cache: true\ncache_plugin: jsonfile\ncache_connection: {hosts.player.folder}/cache\n"
    first = listed(hosts.player, text)
    port, hosts.service.port = hosts.service.port, 1
    hosts.player.env["MIST_URI"] = hosts.service.uri  # nothing answers there
    try:
        second = listed(hosts.player, text)
    finally:
        hosts.service.port = port
        del hosts.player.env["MIST_URI"]

    assert first["tag_fleet"] == second["tag_fleet"]


def test_names_of_clouds_are_taken_for_text(player: Player, site: Site, digitalocean: dict[str, str]) -> None:
    backend = site.ask(
        "POST", "/backends", {"name": "Ocean", "provider": "digitalocean", "settings": {"token": digitalocean["token"]}}
    )
    for name in (*HOSTILE, "twin", "twin", "plain-1"):
        site.cloud._droplet(name, "s-1vcpu-1gb", ["{{ 2 * 3 }}", "web"])
    try:
        site.ask("GET", "/machines?refresh=true&limit=1000")
        found = listed(player, f"{PLUGIN}backend: Ocean\ncompose: {{copied: mist_name}}\n")
        tasks = [
            {"name": "say", "debug": {"msg": "{{ mist_name }} {{ mist_tags | join(' ') }} {{ inventory_hostname }}"}},
            {"name": "composed", "debug": {"msg": "{{ copied }}"}},
        ]
        text = f"{PLUGIN}backend: Ocean\ncompose: {{copied: mist_name}}\n"
        played = player.plays([{"hosts": "all", "gather_facts": False, "tasks": tasks}], "-i", written(player, text))
    finally:
        site.cloud.empty()
        site.ask("DELETE", f"/backends/{backend['id']}")  # type: ignore[index]

    variables = found["_meta"]["hostvars"]
    names = {values["mist_name"] for values in variables.values()}
    assert names == {*HOSTILE, "twin", "plain-1"}
    assert "plain-1" in variables
    plain = {"plain-1", "ünïcode"}
    odd = {values["mist_id"] for values in variables.values() if values["mist_name"] in set(HOSTILE) - plain}
    assert odd <= set(variables)
    assert sum(host.startswith("twin_") for host in variables) == 2
    assert played.code == 0, played.out
    said = {outcome.result["msg"].split(" web {{ 2 * 3 }} ")[0] for outcome in played if outcome.task == "say"}
    assert said == names
    assert {outcome.result["msg"] for outcome in played if outcome.task == "composed"} == names


@pytest.mark.full
def test_fifty_hosts(tmp_path: Path, lab_key: KeyPair) -> None:
    with hosts_of(50, tmp_path, lab_key) as hosts:
        tasks = [{"name": "ping", "ping": {}}, {"name": "who", "command": "id -un"}]
        played = hosts.player.plays(
            [{"hosts": "tag_fleet", "tasks": tasks}], "-i", written(hosts.player), "--forks", "10"
        )

    assert played.code == 0, played.out
    assert [outcome.result["stdout"] for outcome in played if outcome.task == "who"] == [hosts.fleet.user] * 50
