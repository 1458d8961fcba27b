"""`mistplay` and plain `ansible-playbook`: what is passed on and found, and what a user reads when it goes wrong."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Player, task
from tests.support.service import EMAIL, PASSWORD, free_port

PLAIN = (sys.executable, "-c", "from ansible.cli.playbook import main; main()")
OTHER_MODULE = """\
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
AnsibleModule({}).exit_json(mine=True)
"""


def test_everything_is_passed_on_and_the_exit_code_comes_back(player: Player) -> None:
    shown = player.run("--version")
    played = player.plays([{"hosts": "localhost", "gather_facts": False, "tasks": [
        {"name": "leave out", "fail": {}},
        {"name": "say", "debug": {"msg": "{{ word }} {{ ansible_check_mode }}"}, "tags": ["wanted"]},
        {"name": "fail", "fail": {"msg": "{{ word }}"}, "tags": ["wanted"]},
    ]}], "-e", "word=passed", "--tags", "wanted", "--check")  # fmt: skip

    assert (shown.returncode, "core 2." in shown.stdout) == (0, True)
    assert played.code == 2
    assert [(outcome.task, outcome.result["msg"]) for outcome in played] == [("say", "passed True"), ("fail", "passed")]


@pytest.mark.full
def test_the_users_own_modules_and_collections_are_still_found(player: Player) -> None:
    for folder in ("from_cfg", "from_flag", "own/ansible_collections/me/mine/plugins/modules"):
        (player.folder / folder).mkdir(parents=True)
    (player.folder / "from_cfg" / "in_cfg.py").write_text(OTHER_MODULE)
    (player.folder / "from_flag" / "in_flag.py").write_text(OTHER_MODULE)
    (player.folder / "own/ansible_collections/me/mine/plugins/modules/in_own.py").write_text(OTHER_MODULE)
    (player.folder / "ansible.cfg").write_text("[defaults]\nlibrary = from_cfg\ncollections_path = own\n")
    played = player.plays(
        [{"hosts": "localhost", "gather_facts": False, "tasks": [
            {"name": "cfg", "in_cfg": {}},
            {"name": "flag", "in_flag": {}},
            {"name": "collection", "me.mine.in_own": {}},
            task("ours", "mist_providers"),
            task("ours in full", "mist.mist.mist_providers"),
        ]}], "-M", "from_flag",
    )  # fmt: skip

    assert played.code == 0, played.out
    assert [outcome.result.get("mine", False) for outcome in played] == [True, True, True, False, False]


def test_plain_ansible_playbook_finds_them_with_the_lines_that_mist_prints(player: Player, site: Site) -> None:
    site.service.wait_for_this_host()
    settings = player.run(program=(sys.executable, "-m", "mistansible"))
    (player.folder / "ansible.cfg").write_text(settings.stdout)
    player.program = PLAIN
    played = player.tasks(
        task("in full", "mist.mist.mist_providers"),
        task("short", "mist_run", command="true", all=True),
        args=("-v",),
    )

    assert played.code == 0, played.out
    assert played.of("in full").result["supported_providers"]
    assert "<localhost> run true: " in played.out  # the short name leads to what tells of progress, too


@pytest.mark.full
def test_a_python_without_mist_hands_over_to_the_one_that_has_it(player: Player) -> None:
    own = player.folder / "bare-python"
    own.write_text(f'#!/bin/sh\nexec {sys.executable} -E -S "$@"\n')
    own.chmod(0o755)
    (player.folder / "hosts").write_text(f"localhost ansible_connection=local ansible_python_interpreter={own}\n")
    played = player.tasks(task("providers", "mist_providers"), args=("-i", "hosts"))

    assert played.code == 0, played.out
    assert played.of("providers").result["supported_providers"]

    player.program = PLAIN
    player.env.update(
        ANSIBLE_LIBRARY=_module_folder(), ANSIBLE_COLLECTIONS_PATH=_collection_root(), PATH="/usr/bin:/bin"
    )
    played = player.tasks(task("providers", "mist_providers"), args=("-i", "hosts"))

    assert played.code == 2
    assert "The Python package mist is not installed for" in played.of("providers").result["msg"]


def _module_folder() -> str:
    from mistansible.paths import MODULES

    return str(MODULES)


def _collection_root() -> str:
    from mistansible.paths import ROOT

    return str(ROOT)


def test_an_option_beats_the_environment_and_that_the_file(player: Player, site: Site) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    right = {"mist_uri": site.service.uri, "mist_email": EMAIL, "mist_password": PASSWORD}
    player.env.clear()
    (player.folder / ".mist").write_text(f"[mist.credentials]\nemail=x@y\npassword=no\n[mist.io]\nmist_uri={nowhere}\n")
    played = player.tasks(
        task("file", "mist_providers", also={"ignore_errors": True}),
        task("environment", "mist_providers", also={"environment": {
            "MIST_URI": site.service.uri, "MIST_TOKEN": site.token}}),
        task("option", "mist_providers", **right, also={"environment": {"MIST_URI": nowhere, "MIST_TOKEN": "no"}}),
    )  # fmt: skip

    assert nowhere in played.of("file").result["msg"]
    assert [played.of(name).state for name in ("environment", "option")] == ["ok", "ok"]
    assert PASSWORD not in played.out
    names = [token["name"] for token in site.ask("GET", "/tokens?limit=1000")["items"]]  # type: ignore[index]
    assert "ansible" not in names, "a session that a module began is ended"


def test_wrong_password_no_service_no_backend_and_no_answer_are_told(player: Player, site: Site, door: str) -> None:
    player.env.clear()
    uri = {"mist_uri": site.service.uri}
    in_time = {**uri, "mist_token": site.token, "backend": "Door", "name": door, "state": "present", "wait_time": 2}
    with _silent() as silent:
        played = player.tasks(
            task("nobody", "mist_providers", **uri),
            task("wrong password", "mist_backends", **uri, mist_email=EMAIL, mist_password="{{ wrong }}"),
            task("wrong token", "mist_backends", **uri, mist_token="mist_wrong"),
            task("no service", "mist_backends", mist_uri=f"http://127.0.0.1:{free_port()}", mist_token="x"),
            task("no backend", "mist_sizes", **uri, mist_token=site.token, backend="nowhere"),
            task("not its option", "mist_backends", **uri, mist_token=site.token, title="x", provider="docker",
                 token="0123456789"),
            task("no answer", "mist_backends", mist_uri=silent, mist_token="x", mist_timeout=0.5),
            task("time is over", "mist", **in_time, wait=True),
            task("no stats", "mist", **in_time, wait_for_stats=True),
            ignore_errors=True,
            args=("-e", "wrong=wrong-wrong-wrong"),  # else Ansible itself shows the line of the play that holds it
        )  # fmt: skip

    told = {outcome.task: outcome.result["msg"] for outcome in played}
    assert all(outcome.state == "failed" for outcome in played)
    assert told["nobody"].startswith(f"Nobody is signed in at {site.service.uri}: give mist_token")
    assert "password" in told["wrong password"]
    assert "token" in told["wrong token"].lower()
    assert told["no service"].startswith("No Mist service answers at http://127.0.0.1:")
    assert told["no backend"] == "There is no backend 'nowhere': you have to provide a valid backend id or title."
    assert "Docker takes no 'token'; it takes docker_host" in told["not its option"]
    assert told["no answer"] == f"{silent} did not answer in time."
    assert told["time is over"] == (
        f"{door}: no command over SSH was answered within 2 s; give more with wait_time."
    )  # fmt: skip
    assert "is not monitored" in told["no stats"]
    for sentence in told.values():
        assert sentence in played.out
    error = played.of("wrong password").result["error"]
    assert set(error) == {"code", "message", "details", "request_id"}
    assert error["code"] == "not_signed_in"
    assert error["request_id"]
    assert "wrong-wrong-wrong" not in played.out


@pytest.fixture
def door(site: Site) -> Iterator[str]:
    """The name of a machine that answered once, and does not any more."""
    key = site.ask("POST", "/keys", {"name": "door", "private": site.key.private})
    where = {"machine_ip": site.door.host, "machine_port": site.door.port, "machine_user": site.door.user}
    body = {"provider": "bare_metal", "name": "Door", "settings": {**where, "machine_key": "door"}}
    backend = site.ask("POST", "/backends", body)
    site.ask("GET", "/machines?refresh=true&limit=1")
    site.door.stop()
    yield site.door.host
    site.ask("DELETE", f"/backends/{backend['id']}")  # type: ignore[index]
    site.ask("DELETE", f"/keys/{key['id']}")  # type: ignore[index]


@contextmanager
def _silent() -> Iterator[str]:
    """The address of something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        for each in taken:
            each.close()


def test_without_ansible_it_says_what_to_install(player: Player) -> None:
    program = "import sys; sys.modules['ansible'] = None; from mistansible.play import main; sys.exit(main())"
    done = player.run("--help", program=(sys.executable, "-c", program))

    assert (done.returncode, done.stdout) == (
        1,
        "Error: mistplay needs ansible-core beside Mist: pip install 'mist[ansible]'\n",
    )
