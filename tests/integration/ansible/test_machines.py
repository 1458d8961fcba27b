"""The modules about machines, on containers: check mode, create, again, update, delete; and commands on many."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Played, Player, failing, pretend, task

MACHINE = "mist.mist.mist"
ENGINE = "Engine"


@pytest.fixture(scope="module")
def engine(site: Site) -> Iterator[str]:
    """A backend with the engine, without the containers that the tests leave there."""
    import docker

    settings = {"docker_host": str(site.docker.socket)}
    added = site.ask("POST", "/backends", {"provider": "docker", "name": ENGINE, "settings": settings})
    site.ask("POST", "/keys", {"name": "lab", "private": site.key.private})
    yield ENGINE
    client = docker.DockerClient(f"unix://{site.docker.socket}")
    for container in client.containers.list(all=True):
        if container.name.startswith("play-"):
            container.remove(force=True)
    client.close()
    site.ask("DELETE", f"/backends/{added['id']}")  # type: ignore[index]
    for key in site.ask("GET", "/keys?limit=100")["items"]:  # type: ignore[index]
        site.ask("DELETE", f"/keys/{key['id']}")


@pytest.fixture(scope="module")
def life(module_player: Player, site: Site, engine: str) -> Played:
    """One machine from its creation to its end, with `-v` and `--diff`."""
    here = {"backend": engine, "name": "play-web"}
    create = {**here, "image_id": site.image, "state": "present"}
    limit = {"name": "busy", "metric": "load.shortterm", "value": 5, "state": "present"}
    rule = {**limit, "machine": "play-web"}
    watched = {"monitoring": True, "wait_for_stats": True}
    return module_player.tasks(
        pretend("pretend", MACHINE, **create),
        failing("none yet", MACHINE, **here),
        failing("image is missing", MACHINE, **here, state="present"),
        task("create", MACHINE, **create, wait=True, tags=["dev"], wait_time=60),
        task("again", MACHINE, **create, wait=True, tags=["dev"], wait_time=60),
        task("list", "mist", backend=engine),
        pretend("pretend to tag", MACHINE, **create, tags=["dev", "web"]),
        task("another tag", MACHINE, **create, tags=["dev", "web"]),
        task("by tag", "mist_machine_info", tag="web"),
        task("another key", "mist_keys", name="second", state="present", auto_generate=True),
        task("associate", MACHINE, **create, key="second"),
        task("monitor", MACHINE, **create, **watched, key="second"),
        task("monitor again", MACHINE, **create, **watched, metric="load.shortterm"),
        pretend("pretend to add", "mist_rule", **rule),
        task("add", "mist_rule", **rule),
        task("add again", "mist_rule", **rule),
        pretend("pretend to change", "mist_rule", **{**rule, "value": 7.5}),
        task("change", "mist_rule", **{**rule, "value": 7.5, "aggregate": "avg", "action": "alert"}),
        task("list rules", "mist_rule", name="busy"),
        failing("no such channel", "mist_rule", **rule, channels=["nobody"]),
        failing("for a tag", "mist_rule", **limit, tag="dev"),
        pretend("pretend to delete", "mist_rule", name="busy", state="absent"),
        task("delete", "mist_rule", name="busy", state="absent"),
        task("delete again", "mist_rule", name="busy", state="absent"),
        pretend("pretend to stop", MACHINE, **{**create, "state": "stopped"}),
        task("stop", MACHINE, **{**create, "state": "stopped"}),
        task("stop again", MACHINE, **{**create, "state": "stopped"}),
        task("start", MACHINE, **{**create, "state": "running"}),
        task("restart", MACHINE, **{**create, "state": "restarted"}),
        task("a part of the name", MACHINE, backend=engine, name="play-we", state="absent"),
        pretend("pretend to destroy", MACHINE, **here, state="absent"),
        task("destroy", MACHINE, **here, state="absent"),
        task("destroy again", MACHINE, **here, state="absent"),
        args=("-v", "--diff"),
    )


def test_a_machine_lives_its_life(life: Played) -> None:
    assert life.code == 0, life.out
    assert life.changed() == [
        "pretend", "create", "pretend to tag", "another tag", "another key", "associate", "monitor",
        "pretend to add", "add", "pretend to change", "change", "pretend to delete", "delete",
        "pretend to stop", "stop", "start", "restart", "pretend to destroy", "destroy",
    ]  # fmt: skip
    assert life.of("pretend").result["diff"]["before"] == {"machine": None}
    assert life.of("none yet").result["msg"] == "Machine not found: 'play-web'."
    assert "to create it, image_id is missing" in life.of("image is missing").result["msg"]
    created = life.of("create").result
    assert created["info"]["state"] == "running"
    assert [step["state"] for step in created["job"]["steps"]] == ["succeeded"] * len(created["job"]["steps"])
    assert {"name": "play-web", "id": created["info"]["id"]} in life.of("list").result["machines"]
    assert [each["name"] for each in life.of("by tag").result["machines"]] == ["play-web"]
    assert life.of("stop").result["info"]["state"] == "stopped"


def test_a_rule_lives_its_life(life: Played) -> None:
    (kept,) = life.of("list rules").result["rules"]
    assert (kept["value"], kept["aggregate"], kept["action"]) == (7.5, "avg", "notify")
    assert life.of("no such channel").result["msg"] == "There is no channel 'nobody'."
    assert "watches another machine; delete it to have one" in life.of("for a tag").result["msg"]
    changed = life.of("pretend to change").result["diff"]
    assert changed == {"before": {"rule": {"value": 5.0}}, "after": {"rule": {"value": 7.5}}}


def test_what_a_task_waits_for_is_printed_while_it_waits(life: Played) -> None:
    told = re.findall(r"^<localhost> (\S+) play-web: (.*) \(\d+ s\)$", life.out, re.MULTILINE)

    assert ("create", "wait until running ... done") in told
    assert ("monitor", "wait for data ... done") in told
    assert {verb for verb, _ in told} >= {"create", "monitor", "stop", "start", "reboot", "destroy"}
    assert life.out.index("wait until running ... done") < life.out.index('"wait until running"')


@pytest.fixture(scope="module")
def many(module_player: Player, site: Site, engine: str) -> Played:
    """Tags and commands on two machines, with `-v` and `--diff`."""
    script = module_player.folder / "script.sh"
    script.write_text("#!/bin/sh\necho from a script\n")
    names = ["play-a", "play-b"]
    tag = {"machines": names, "tags": ["fleet", "blue"]}
    create = {"backend": engine, "image_id": site.image, "state": "present"}
    return module_player.plays([
        {"hosts": "localhost", "gather_facts": False, "tasks": [
            task("create", "mist", **create, name="{{ item }}", also={"loop": names}),
            pretend("pretend to tag", "mist_tag", **tag),
            task("tag", "mist_tag", **tag),
            task("tag again", "mist_tag", **tag),
            pretend("pretend to run", "mist_run", command="touch /tmp/ran", tag="fleet"),
            pretend("pretend nowhere", "mist_run", command="true", tag="nobody") | {"ignore_errors": True},
            task("run", "mist_run", command="test ! -e /tmp/ran && echo $((1+1)) | cat", tag="fleet"),
            task("run a script", "mist.mist.mist_run", script=str(script), machines=names),
            task("mark one", "mist_run", command="touch /tmp/marked", machines=["play-b"]),
            failing("fails on one", "mist_run", command="test ! -e /tmp/marked || exit 3", tag="fleet"),
            failing("no such tag", "mist_run", command="true", tag="nobody"),
            failing("too slow", "mist_run", command="sleep 5; echo late", tag="fleet", wait_time=1),
            task("later", "mist_run", command="true", tag="fleet", wait=False),
            task("secret", "mist_run", command="echo hidden", tag="fleet", also={"no_log": True}),
            task("polled", "mist_run", command="echo polled", tag="fleet", also={"async": 60, "poll": 1}),
            pretend("pretend to untag", "mist_tag", machine="play-a", tag="fleet", state="absent"),
            task("untag", "mist_tag", machine="play-a", tag="fleet", state="absent"),
            task("untag again", "mist_tag", machine="play-a", tag="fleet", state="absent"),
        ]},
        {"hosts": "elsewhere", "gather_facts": False, "tasks": [
            task("delegated", "mist.mist.mist_run", command="echo delegated", tag="blue",
                 also={"delegate_to": "localhost"}),
        ], "module_defaults": {"group/mist.mist.mist": {"mist_uri": site.service.uri, "mist_token": site.token}},
           "environment": {"MIST_URI": "http://127.0.0.1:9", "MIST_TOKEN": "no"}},
    ], "-v", "--diff", "-i", "elsewhere,")  # fmt: skip


def test_tags_come_and_go(many: Played) -> None:
    assert many.code == 0, many.out
    assert [name for name in many.changed() if "tag" in name] == ["pretend to tag", "tag", "pretend to untag", "untag"]
    assert many.of("tag").result["diff"]["after"] == {"play-a": ["fleet", "blue"], "play-b": ["fleet", "blue"]}
    assert many.of("untag").result["machines"][0]["tags"] == ["blue"]


def test_commands_are_run_on_many(many: Played) -> None:
    names = ["play-a", "play-b"]
    assert sorted(many.of("pretend to run").result["machines"]) == names
    assert [item["stdout"] for item in many.of("run").result["items"]] == ["2\n", "2\n"]
    assert sorted(many.of("run").result["diff"]["after"]["run"]) == names
    assert [item["stdout"] for item in many.of("run a script").result["items"]] == ["from a script\n"] * 2
    for name in ("no such tag", "pretend nowhere"):
        assert many.of(name).result["msg"] == "No machines found with tag: nobody"
    assert many.of("later").result["job"]["id"]


def test_a_run_that_fails_in_part_tells_of_each_machine(many: Played) -> None:
    failed = many.of("fails on one").result

    assert {item["machine_name"]: (item["state"], item["exit_code"]) for item in failed["items"]} == {
        "play-a": ("succeeded", 0),
        "play-b": ("failed", 3),
    }
    assert failed["error"]["code"] == "job_failed"
    assert "failed on 1 of 2 machines" in failed["msg"]
    assert failed["job"]["state"] == "failed"


def test_a_wait_that_is_over_fails_the_task_and_the_job_goes_on(many: Played) -> None:
    slow = many.of("too slow").result

    assert slow["msg"].startswith("run sleep 5; echo late: still ")
    assert " after 1 s; `mist wait-job " in slow["msg"]
    assert (slow["error"]["code"], slow["job"]["state"] in ("queued", "running")) == ("wait_timeout", True)
    assert slow["error"]["details"]["job_id"] == slow["job"]["id"]


def test_progress_is_not_in_the_way_of_what_ansible_does_with_any_module(many: Played) -> None:
    """`no_log`, `async`, `delegate_to`, `module_defaults`; by short names and in full."""
    assert "<localhost> run touch /tmp/marked: " in many.out
    assert re.search(r"^<localhost> run .*: 2 of 2 machines, 1 failed \(\d+ s\)$", many.out, re.MULTILINE)
    assert "echo hidden" not in many.out
    assert [item["stdout"] for item in many.of("polled").result["items"]] == ["polled\n"] * 2
    assert "<localhost> run echo polled" not in many.out
    assert [item["stdout"] for item in many.of("delegated").result["items"]] == ["delegated\n"] * 2
    assert "<elsewhere> run echo delegated: " in many.out
