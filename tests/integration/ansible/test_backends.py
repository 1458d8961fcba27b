"""The modules about backends and what they offer: check mode, create, again, update, delete."""

from __future__ import annotations

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Player, task

BACKENDS = "mist.mist.mist_backends"


def test_a_backend_lives_its_life(player: Player, digitalocean: dict[str, str], site: Site) -> None:
    add = {"title": "Ocean", **digitalocean, "state": "present"}
    changing = task("pretend", BACKENDS, **add, also={"check_mode": True, "diff": True})
    played = player.tasks(
        changing,
        task("none yet", BACKENDS, title="Ocean"),
        task("add", BACKENDS, **add),
        task("add again", BACKENDS, **add),
        task("list", BACKENDS),
        task("show", "mist_backends", backend="Ocean"),
        task("pretend to disable", BACKENDS, **add, enabled=False, also={"check_mode": True}),
        task("disable", BACKENDS, **add, enabled=False),
        task("disable again", BACKENDS, **add, enabled=False),
        task("enable", BACKENDS, **add, enabled=True),
        task("renew", BACKENDS, **add, update_credentials="always"),
        task("images", "mist_images", backend="Ocean"),
        task("pretend to delete", BACKENDS, title="Ocean", state="absent", also={"check_mode": True}),
        task("delete", BACKENDS, title="Ocean", state="absent"),
        task("delete again", BACKENDS, title="Ocean", state="absent"),
    )

    changed = {name for name, changed in played.changes.items() if changed}
    assert changed == {
        "pretend", "add", "pretend to disable", "disable", "enable", "renew", "pretend to delete", "delete",
    }  # fmt: skip
    results = played.results
    assert results["pretend"]["diff"]["after"] == {
        "backend": {"title": "Ocean", "provider": "digitalocean", "region": None}
    }
    assert results["none yet"]["info"] == "Not Found"
    assert "Ocean" in results["list"]["backends"]
    assert results["show"]["info"]["provider"] == "digitalocean"
    assert results["disable"]["info"]["enabled"] is False
    assert results["images"]["images"]
    assert digitalocean["token"] not in played.out
    answer = site.ask("GET", "/backends?limit=100")
    assert "Ocean" not in [item["name"] for item in answer["items"]]  # type: ignore[index]


def test_a_name_that_holds_another_is_not_taken_for_it(player: Player, digitalocean: dict[str, str]) -> None:
    played = player.tasks(
        task("add", BACKENDS, title="Ocean two", **digitalocean),
        task("delete a part", BACKENDS, title="Ocean", state="absent"),
        task("other case", BACKENDS, title="OCEAN TWO", state="absent"),
        task("delete", BACKENDS, title="Ocean two", state="absent"),
    )

    assert played.changes == {"add": True, "delete a part": False, "other case": False, "delete": True}


def test_providers_are_listed_exactly(player: Player) -> None:
    played = player.tasks(
        task("all", "mist_providers", provider="all"),
        task("one", "mist_providers", provider="vcloud"),
        task("none", "mist.mist.mist_providers", provider="vclou", also={"ignore_errors": True}),
    )

    every = [item["provider"] for item in played.of("all").result["supported_providers"]]
    assert {"ec2", "vcloud", "indonesian_vcloud"} <= set(every)
    assert [item["provider"] for item in played.of("one").result["supported_providers"]] == ["vcloud"]
    assert played.of("none").result["error"]["code"] == "not_found"
    assert "'vclou'; the providers are" in played.of("none").result["msg"]
    assert not any(outcome.changed for outcome in played if outcome.state == "ok")
