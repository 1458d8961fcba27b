"""The modules about backends and what they offer: check mode, create, again, update, delete."""

from __future__ import annotations

import pytest

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Played, Player, failing, pretend, task

pytestmark = pytest.mark.full

BACKENDS = "mist.mist.mist_backends"
CATALOGUES = ("images", "sizes", "locations")


@pytest.fixture(scope="module")
def played(module_player: Player, digitalocean: dict[str, str]) -> Played:
    add = {"title": "Ocean", **digitalocean, "state": "present"}
    return module_player.tasks(
        pretend("pretend", BACKENDS, **add),
        task("add", BACKENDS, **add),
        task("add again", BACKENDS, **add),
        task("list", BACKENDS),
        task("show", "mist_backends", backend="Ocean"),
        pretend("pretend to disable", BACKENDS, **add, enabled=False),
        task("disable", BACKENDS, **add, enabled=False),
        task("disable again", BACKENDS, **add, enabled=False),
        task("enable", BACKENDS, **add, enabled=True),
        task("renew", BACKENDS, **add, update_credentials="always"),
        failing("another provider", BACKENDS, title="Ocean", provider="linode", state="present"),
        *(pretend(noun, f"mist.mist.mist_{noun}", backend="Ocean") for noun in CATALOGUES),
        pretend("machines", "mist.mist.mist_machine_info", backend="Ocean"),
        task("delete a part", BACKENDS, title="Ocea", state="absent"),
        pretend("pretend to delete", BACKENDS, title="Ocean", state="absent"),
        task("delete", BACKENDS, title="Ocean", state="absent"),
        task("delete again", BACKENDS, title="Ocean", state="absent"),
        pretend("provider", "mist_providers", provider="vcloud"),
        failing("no provider", "mist.mist.mist_providers", provider="vclou"),
        args=("--diff",),
    )


def test_a_backend_lives_its_life(played: Played, digitalocean: dict[str, str], site: Site) -> None:
    assert played.code == 0, played.out
    assert played.changed() == [
        "pretend", "add", "pretend to disable", "disable", "enable", "renew", "pretend to delete", "delete",
    ]  # fmt: skip
    assert played.of("pretend").result["diff"]["after"] == {
        "backend": {"title": "Ocean", "provider": "digitalocean", "region": None}
    }
    assert '+    "backend": {' in played.out
    assert "Ocean" in played.of("list").result["backends"]
    assert played.of("show").result["info"]["provider"] == "digitalocean"
    assert played.of("disable").result["info"]["enabled"] is False
    assert "The backend 'Ocean' is one of digitalocean, not of linode" in played.of("another provider").result["msg"]
    assert digitalocean["token"] not in played.out
    answer = site.ask("GET", "/backends?limit=100")
    assert "Ocean" not in [item["name"] for item in answer["items"]]  # type: ignore[index]


def test_what_a_backend_offers_is_listed(played: Played) -> None:
    for noun in CATALOGUES:
        assert set(played.of(noun).result[noun][0]) == {"name", "id"}
    assert played.of("machines").result["machines"] == []
    assert [each["name"] for each in played.of("machines").result["backends"]] == ["Ocean"]


def test_a_provider_is_named_exactly(played: Played) -> None:
    assert [each["provider"] for each in played.of("provider").result["supported_providers"]] == ["vcloud"]
    assert played.of("no provider").result["error"]["code"] == "not_found"
    assert "'vclou'; the providers are" in played.of("no provider").result["msg"]
