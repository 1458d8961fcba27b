"""The inventory and the connection through the service: real machines, hostile names, and keys that stay there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ansible.conftest import Site
from tests.lab.sshd import Fleet, KeyPair, fleet, sudo_allowed
from tests.lab.sudoer import Sudoer, sudoer
from tests.support.playbooks import Played, Player, task
from tests.support.service import EMAIL, PASSWORD, Service, free_port

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
    with hosts_of(2, tmp_path_factory.mktemp("hosts"), lab_key) as running:
        yield running


def written(player: Player, text: str = PLUGIN) -> str:
    path = player.folder / "mist.yml"
    path.write_text(text)
    return str(path)


def listed(player: Player, text: str = PLUGIN) -> Any:
    """What `ansible-inventory` says, started by the lines that `python -m mistansible` prints."""
    settings = player.run(program=(sys.executable, "-m", "mistansible"))
    (player.folder / "ansible.cfg").write_text(settings.stdout)
    program = (sys.executable, "-c", "from ansible.cli.inventory import main; main()")
    done = player.run("-i", written(player, text), "--list", program=program)
    assert done.returncode == 0, done.stdout
    return json.loads(
        done.stdout[done.stdout.index("{") :], object_hook=lambda each: each.get("__ansible_unsafe", each)
    )


@pytest.fixture(scope="module")
def asked() -> Iterator[Sudoer]:
    """Whom sudo asks for a password."""
    with sudoer() as user:
        yield user


@pytest.fixture(scope="module")
def played(hosts: Hosts, asked: Sudoer) -> Played:
    """All that goes through connections of the service's, in one run."""
    hosts.fleet.servers[0].authorize(hosts.fleet.key.public, asked.name)
    source = hosts.player.folder / "source.bin"
    source.write_bytes(bytes(range(256)) * 5000)
    target = {"src": str(source), "dest": "/tmp/mist-{{ mist_id }}"}
    work = [
        {"name": "ping", "ping": {}},
        {"name": "where", "command": "id -un"},
        {"name": "copy", "copy": target},
        {"name": "copy again", "copy": target},
        {"name": "fetch", "fetch": {"src": "/tmp/mist-{{ mist_id }}", "dest": "fetched/", "flat": False}},
        {"name": "fails", "shell": "echo out; echo err >&2; exit 3", "ignore_errors": True},
        {"name": "long input", "shell": "wc -c", "args": {"stdin": "{{ 'x' * 300000 }}"}},
        {"name": "away", "file": {"path": "/tmp/mist-{{ mist_id }}", "state": "absent"}},
    ]
    disable = task("disable", "mist.mist.mist_backends", backend="host-1", enabled=False)
    disable["mist.mist.mist_backends"] |= {"state": "present", "provider": "bare_metal"}
    passwords = {"right": _password(asked.password), "wrong": _password("wrong-wrong"), "none": {}}
    with sudo_allowed(hosts.fleet.user):
        return hosts.player.plays(
            [
                _play("tag_fleet", *work),
                _play("backend_host_0", _who("nobody asks"), become=True),
                _play("backend_host_0", _who("told without being asked"), become=True, vars=_password("not needed")),
                *(
                    _play("backend_host_0", _who(name), become=True, remote_user=asked.name, vars=given)
                    for name, given in passwords.items()
                ),
                _play("localhost", disable),
                _play("tag_fleet", {"name": "reach", "ping": {}}),
            ],
            "-i", written(hosts.player),
        )  # fmt: skip


def _play(hosts: str, *tasks: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"hosts": hosts, "gather_facts": False, "ignore_unreachable": True, **options, "tasks": list(tasks)}


def _who(name: str) -> dict[str, Any]:
    return {"name": name, "command": "id -un"}


def _password(text: str) -> dict[str, str]:
    return {"ansible_become_password": text}


def test_a_play_goes_through_the_service(hosts: Hosts, played: Played) -> None:
    assert played.code == 0, played.out
    by_task = {name: [o.result for o in played if o.task == name] for name in {o.task for o in played}}
    assert [result["ping"] for result in by_task["ping"]] == ["pong"] * 2
    assert [result["stdout"] for result in by_task["where"]] == [hosts.fleet.user] * 2
    assert [result["changed"] for result in by_task["copy"]] == [True] * 2
    assert [result["changed"] for result in by_task["copy again"]] == [False] * 2
    assert [(r["rc"], r["stdout"], r["stderr"]) for r in by_task["fails"]] == [(3, "out", "err")] * 2
    assert {result["stdout"].strip() for result in by_task["long input"]} == {"300001"}
    source = hosts.player.folder / "source.bin"
    fetched = list((hosts.player.folder / "fetched").rglob("mist-*"))
    assert [path.read_bytes() == source.read_bytes() for path in fetched] == [True] * 2


def test_no_private_key_and_no_session_is_left(hosts: Hosts, played: Played) -> None:
    private = hosts.fleet.private_key_pem.splitlines()[2]
    texts = [path.read_text(errors="replace") for path in hosts.player.folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if private in text]
    # one sign-in for the whole run, and it is ended again
    names = [token["name"] for token in hosts.ask("GET", "/tokens?limit=1000")["items"]]
    assert "ansible" not in names


def test_sudo_with_a_password_and_without(played: Played, asked: Sudoer) -> None:
    for name in ("nobody asks", "told without being asked", "right"):
        assert played.of(name).result["stdout"] == "root", name
    wrong, none = played.of("wrong"), played.of("none")
    assert (wrong.state, none.state) == ("unreachable", "unreachable")
    assert "sudo did not accept the password; check ansible_become_password" in wrong.result["msg"]
    assert "sudo asks for a password; give it in ansible_become_password" in none.result["msg"]
    assert asked.password not in played.out


def test_a_machine_that_cannot_be_reached_is_named(played: Played) -> None:
    states = sorted(outcome.state for outcome in played if outcome.task == "reach")
    gone = next(outcome for outcome in played if (outcome.task, outcome.state) == ("reach", "unreachable"))
    assert states == ["ok", "unreachable"]
    assert "'host-1' is disabled" in gone.result["msg"]


def test_groups_and_variables_also_from_a_cache(hosts: Hosts) -> None:
    text = (
        f"{PLUGIN}cache: true\ncache_plugin: jsonfile\ncache_connection: {hosts.player.folder}/cache\n"
        "keyed_groups:\n  - {prefix: at, key: mist_backend}\n"
        "compose: {shown: mist_name ~ '!'}\ngroups: {first: \"mist_backend == 'host-0'\"}\n"
    )
    found = listed(hosts.player, text)
    hosts.player.env["MIST_URI"] = f"http://127.0.0.1:{free_port()}"  # nothing answers there
    try:
        again = listed(hosts.player, text)
    finally:
        del hosts.player.env["MIST_URI"]

    assert len(found["tag_fleet"]["hosts"]) == 2
    assert len(found["provider_bare_metal"]["hosts"]) == 2
    assert len(found["state_running"]["hosts"]) >= 1
    assert found["backend_host_0"] == found["at_host_0"] == found["first"]
    (name,) = found["first"]["hosts"]
    variables = found["_meta"]["hostvars"][name]
    assert variables["shown"] == f"{variables['mist_name']}!"
    assert variables["ansible_connection"] == "mist.mist.mist"
    assert "ansible_user" not in variables
    assert again == found


@pytest.mark.full
def test_direct_connections_use_what_the_service_knows(hosts: Hosts) -> None:
    (backend,) = [each for each in hosts.ask("GET", "/backends?limit=99")["items"] if each["name"] == "host-1"]
    hosts.ask("PATCH", f"/backends/{backend['id']}", {"enabled": True})
    (machine,) = hosts.ask("GET", f"/machines?backend={backend['id']}&limit=9")["items"]
    hosts.ask("POST", f"/machines/{machine['id']}/probe", {})
    found = listed(hosts.player, f"{PLUGIN}connect: direct\nbackend: host-1\n")

    (variables,) = found["_meta"]["hostvars"].values()
    host = hosts.fleet.hosts[1]
    assert (variables["ansible_host"], int(variables["ansible_port"])) == (host.host, host.port)
    assert variables["ansible_user"] == hosts.fleet.user
    assert variables["mist_key"] == "fleet"
    assert "ansible_connection" not in variables


def test_names_of_clouds_are_taken_for_text(player: Player, site: Site, digitalocean: dict[str, str]) -> None:
    settings = {"token": digitalocean["token"]}
    backend = site.ask("POST", "/backends", {"name": "Ocean", "provider": "digitalocean", "settings": settings})
    for name in (*HOSTILE, "twin", "twin", "plain-1"):
        site.cloud._droplet(name, "s-1vcpu-1gb", ["{{ 2 * 3 }}", "web"])
    fields = ["mist_name", "copied", "mist_tags", "mist_id", "inventory_hostname", "group_names"]
    say = {"name": "say", "debug": {"msg": {field: f"{{{{ {field} }}}}" for field in fields}}}
    text = f"{PLUGIN}backend: Ocean\ncompose: {{copied: mist_name}}\n"
    try:
        site.ask("GET", "/machines?refresh=true&limit=1000")
        played = player.plays([{"hosts": "all", "gather_facts": False, "tasks": [say]}], "-i", written(player, text))
    finally:
        site.cloud.empty()
        site.ask("DELETE", f"/backends/{backend['id']}")  # type: ignore[index]

    assert played.code == 0, played.out
    said = [outcome.result["msg"] for outcome in played]
    assert {each["mist_name"] for each in said} == {*HOSTILE, "twin", "plain-1"}
    assert [each["copied"] for each in said] == [each["mist_name"] for each in said]
    assert all("{{ 2 * 3 }}" in each["mist_tags"] and "tag_web" in each["group_names"] for each in said)
    called = {each["inventory_hostname"]: each for each in said}
    plain = {"plain-1", "ünïcode"}
    assert plain <= set(called)
    odd = [each for each in said if each["mist_name"] in set(HOSTILE) - plain]
    assert all(each["inventory_hostname"] == each["mist_id"] for each in odd)
    assert sum(host.startswith("twin_") for host in called) == 2


@pytest.mark.full
def test_fifty_hosts(tmp_path: Path, lab_key: KeyPair) -> None:
    with hosts_of(50, tmp_path, lab_key) as hosts:
        tasks = [{"name": "ping", "ping": {}}, {"name": "who", "command": "id -un"}]
        played = hosts.player.plays(
            [{"hosts": "tag_fleet", "tasks": tasks}], "-i", written(hosts.player), "--forks", "10"
        )
        ad_hoc = (sys.executable, "-c", "from ansible.cli.adhoc import main; main()")
        settings = hosts.player.run(program=(sys.executable, "-m", "mistansible"))
        (hosts.player.folder / "ansible.cfg").write_text(settings.stdout)
        pinged = hosts.player.run("-i", "mist.yml", "tag_fleet", "-m", "ansible.builtin.ping", program=ad_hoc)

    assert played.code == 0, played.out
    assert [outcome.result["stdout"] for outcome in played if outcome.task == "who"] == [hosts.fleet.user] * 50
    assert pinged.returncode == 0, pinged.stdout
    assert pinged.stdout.count('"ping": "pong"') == 50
