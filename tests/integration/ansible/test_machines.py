"""The modules about machines, on containers and on a cloud that acts at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Player, task

MACHINE = "mist.mist.mist"


@pytest.fixture
def docker(site: Site) -> Iterator[str]:
    """A backend with the engine, without the containers that a test leaves there."""
    import docker

    body = {
        "provider": "docker",
        "name": "Engine",
        "settings": {"docker_host": str(site.docker.socket)},
    }
    added = site.ask("POST", "/backends", body)
    site.ask("POST", "/keys", {"name": "lab", "private": site.key.private})
    yield "Engine"
    client = docker.DockerClient(f"unix://{site.docker.socket}")
    for container in client.containers.list(all=True):
        if container.name.startswith("play-"):
            container.remove(force=True)
    client.close()
    site.ask("DELETE", f"/backends/{added['id']}")  # type: ignore[index]
    for key in site.ask("GET", "/keys?limit=100")["items"]:  # type: ignore[index]
        site.ask("DELETE", f"/keys/{key['id']}")


def test_a_machine_lives_its_life(player: Player, site: Site, docker: str) -> None:
    create = {"backend": docker, "name": "play-web", "image_id": site.image, "state": "present"}
    played = player.tasks(
        task("pretend", MACHINE, **create, also={"check_mode": True, "diff": True}),
        task("none yet", MACHINE, backend=docker, name="play-web", also={"ignore_errors": True}),
        task("create", MACHINE, **create, wait=True, tags=["dev"], wait_time=60),
        task("again", MACHINE, **create, wait=True, tags=["dev"], wait_time=60),
        task("show", "mist", backend=docker, name="play-web"),
        task("list", "mist", backend=docker),
        task("info", "mist_machine_info", name="play-web", backend=docker),
        task("another tag", MACHINE, **create, tags=["dev", "web"]),
        task("by tag", "mist_machine_info", tag="web"),
        task("another key", "mist_keys", name="second", state="present", auto_generate=True),
        task("associate", MACHINE, **create, key="second"),
        task("associate again", MACHINE, **create, key="second"),
        task("stop", MACHINE, **{**create, "state": "stopped"}),
        task("stop again", MACHINE, **{**create, "state": "stopped"}),
        task("wait for a stopped one", MACHINE, **create, wait=True, wait_time=1, also={"ignore_errors": True}),
        task("start", MACHINE, **{**create, "state": "running"}),
        task("restart", MACHINE, **{**create, "state": "restarted"}),
        task("a part of the name", MACHINE, backend=docker, name="play-we", state="absent"),
        task("pretend to destroy", MACHINE, backend=docker, name="play-web", state="absent", also={"check_mode": True}),
        task("destroy", MACHINE, backend=docker, name="play-web", state="absent"),
        task("destroy again", MACHINE, backend=docker, name="play-web", state="absent"),
    )

    assert played.code == 0, played.out
    assert [outcome.task for outcome in played if outcome.state == "ok" and outcome.changed] == [
        "pretend", "create", "another tag", "another key", "associate", "stop", "start", "restart",
        "pretend to destroy", "destroy",
    ]  # fmt: skip
    assert played.of("pretend").result["diff"]["before"] == {"machine": None}
    assert played.of("none yet").result["msg"] == "Machine not found: 'play-web'."
    created = played.of("create").result
    assert created["info"]["state"] == "running"
    assert [step["state"] for step in created["job"]["steps"]] == ["succeeded"] * len(created["job"]["steps"])
    assert played.of("show").result["machine"]["id"] == created["info"]["id"]
    assert {"name": "play-web", "id": created["info"]["id"]} in played.of("list").result["machines"]
    assert [each["name"] for each in played.of("info").result["machines"]] == ["play-web"]
    assert [each["name"] for each in played.of("by tag").result["machines"]] == ["play-web"]
    assert played.of("stop").result["info"]["state"] == "stopped"
    assert "play-web" in played.of("wait for a stopped one").result["msg"]
    assert played.of("wait for a stopped one").result["error"]["code"] == "conflict"


def test_ids_may_be_numbers(player: Player, site: Site, digitalocean: dict[str, str]) -> None:
    create = {"backend": "Ocean", "size_id": "s-1vcpu-1gb", "location_id": 0, "image_id": 1, "state": "present"}
    played = player.tasks(
        task("add", "mist_backends", title="Ocean", **digitalocean),
        task("key", "mist_keys", name="k", state="present", auto_generate=True),
        task("create", "mist", **create, name="numbered"),
        task("again", "mist", **create, name="numbered"),
        task("destroy", "mist", backend="Ocean", name="numbered", state="absent"),
        task("keys away", "mist_keys", name="k", state="absent"),
        task("away", "mist_backends", title="Ocean", state="absent"),
    )

    assert played.code == 0, played.out
    assert [outcome.changed for outcome in played.outcomes[2:5]] == [True, False, True]
    assert [str(request.json["image"]) for request in site.cloud.asked("POST", "/v2/droplets")] == ["1"]


def test_tags_and_commands(player: Player, site: Site, docker: str) -> None:
    script = player.folder / "script.sh"
    script.write_text("#!/bin/sh\necho from a script\n")
    create = {"backend": docker, "image_id": site.image, "state": "present"}
    names = ["play-a", "play-b"]
    tag = {"machines": names, "tags": ["fleet", "blue"]}
    played = player.tasks(
        task("create", "mist", **create, name="{{ item }}", also={"loop": names}),
        task("pretend to tag", "mist_tag", **tag, also={"check_mode": True}),
        task("tag", "mist_tag", **tag),
        task("tag again", "mist_tag", **tag),
        task("pretend to run", "mist_run", command="touch /tmp/ran", tag="fleet", also={"check_mode": True}),
        task("not run", "mist_run", command="test ! -e /tmp/ran", tag="fleet"),
        task("run", "mist_run", command="echo $((1+1)) | cat", tag="fleet"),
        task("run a script", "mist_run", script=str(script), machines=names),
        task("half", "mist_run", command="hostname; test $(hostname) != {{ a }}", tag="fleet",
             also={"ignore_errors": True, "vars": {"a": "nobody"}}),
        task("misspelt", "mist_run", command="echo no >&2; exit 3", machine="play-a", also={"ignore_errors": True}),
        task("fails on one", "mist_run", command="exit 3", machines=["play-a"], also={"ignore_errors": True}),
        task("no such tag", "mist_run", command="true", tag="nobody", also={"ignore_errors": True}),
        task("later", "mist_run", command="true", tag="fleet", wait=False),
        task("untag", "mist_tag", machine="play-a", tag="fleet", state="absent"),
        task("untag again", "mist_tag", machine="play-a", tag="fleet", state="absent"),
        task("destroy", "mist", backend=docker, name="{{ item }}", state="absent", also={"loop": names}),
    )  # fmt: skip

    assert played.code == 0, played.out
    assert played.of("pretend to tag").changed
    assert played.of("tag").changed
    assert not played.of("tag again").changed
    assert sorted(played.of("pretend to run").result["machines"]) == names
    assert [item["stdout"] for item in played.of("run").result["items"]] == ["2\n", "2\n"]
    assert [item["stdout"] for item in played.of("run a script").result["items"]] == ["from a script\n"] * 2
    failed = played.of("fails on one").result
    assert [(item["machine_name"], item["exit_code"]) for item in failed["items"]] == [("play-a", 3)]
    assert failed["error"]["code"] == "job_failed"
    assert "Unsupported parameters" in played.of("misspelt").result["msg"]
    assert "nobody" in played.of("no such tag").result["msg"]
    assert played.of("later").result["job"]["id"]
    assert played.of("untag").result["machines"][0]["tags"] == ["blue"]
    assert not played.of("untag again").changed


def test_what_is_to_be_destroyed_is_named_exactly(player: Player, site: Site, docker: str) -> None:
    create = {"backend": docker, "image_id": site.image, "state": "present"}
    played = player.tasks(
        task("create", "mist", **create, name="play-web2"),
        task("destroy another", "mist", backend=docker, name="play-web", state="absent"),
        task("image is missing", "mist", backend=docker, name="play-web", state="present",
             also={"ignore_errors": True}),
        task("no such backend", "mist", backend="Engin", name="play-web2", state="absent",
             also={"ignore_errors": True}),
        task("still there", "mist", backend=docker, name="play-web2"),
        task("too short a wait", "mist", **create, name="play-slow", wait=True, wait_time=1, key="nobody",
             also={"ignore_errors": True}),
        task("destroy", "mist", backend=docker, name="play-web2", state="absent"),
    )  # fmt: skip

    assert played.code == 0, played.out
    assert not played.of("destroy another").changed
    assert "to create it, image_id is missing" in played.of("image is missing").result["msg"]
    assert "'Engin': you have to provide a valid backend id or title" in played.of("no such backend").result["msg"]
    assert played.of("still there").result["machine"]["info"]["state"] == "running"
    assert "nobody" in played.of("too short a wait").result["msg"]


def test_a_monitored_machine_and_its_rules(player: Player, site: Site, docker: str) -> None:
    create = {"backend": docker, "image_id": site.image, "name": "play-watched", "state": "present"}
    rule = {"name": "busy", "machine": "play-watched", "metric": "load.shortterm", "value": 5, "state": "present"}
    played = player.tasks(
        task("create", "mist", **create, monitoring=True, wait_for_stats=True),
        task("again", "mist", **create, monitoring=True, wait_for_stats=True, metric="load.shortterm"),
        task("pretend", "mist_rule", **rule, also={"check_mode": True}),
        task("add", "mist_rule", **rule),
        task("add again", "mist_rule", **rule),
        task("change", "mist_rule", **{**rule, "value": 7.5, "aggregate": "avg", "action": "alert"}),
        task("list", "mist_rule", name="busy"),
        task("no such channel", "mist_rule", **rule, channels=["nobody"], also={"ignore_errors": True}),
        task("delete", "mist_rule", name="busy", state="absent"),
        task("delete again", "mist_rule", name="busy", state="absent"),
        task("destroy", "mist", backend=docker, name="play-watched", state="absent"),
    )

    assert played.code == 0, played.out
    assert [outcome.task for outcome in played if outcome.state == "ok" and outcome.changed] == [
        "create", "pretend", "add", "change", "delete", "destroy",
    ]  # fmt: skip
    (kept,) = played.of("list").result["rules"]
    assert (kept["value"], kept["aggregate"], kept["action"]) == (7.5, "avg", "notify")
    assert played.of("no such channel").result["msg"] == "There is no channel 'nobody'."
