"""The modules about keys, tokens and the register. Of keys, the seed's tasks show the same in short."""

from __future__ import annotations

import json
import stat

import pytest

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Played, Player, failing, pretend, task

pytestmark = pytest.mark.full

KEYS, TOKENS = "mist.mist.mist_keys", "mist.mist.mist_token"


@pytest.fixture(scope="module")
def keys(module_player: Player, site: Site) -> Played:
    folder = module_player.folder
    (folder / "own_key").write_text(site.key.private)
    (folder / "kept").mkdir()
    (folder / "occupied").write_text("something else\n")
    add = {"name": "own", "state": "present", "key": str(folder / "own_key")}
    make = {"name": "made", "state": "present", "auto_generate": True, "save_locally": True}
    return module_player.tasks(
        pretend("pretend", KEYS, **add),
        task("none yet", KEYS, name="own"),
        task("add", KEYS, **add),
        task("add again", KEYS, **add),
        task("list", KEYS),
        task("show", "mist_keys", name="own"),
        task("make", KEYS, **make, local_save_path=str(folder / "kept")),
        task("make again", KEYS, **make, local_save_path=str(folder / "kept")),
        task("at home", KEYS, **make),
        failing("over it", KEYS, **make, local_save_path=str(folder / "occupied")),
        pretend("pretend it is the default", KEYS, **make, default=True),
        task("make it the default", KEYS, **make, default=True),
        task("the default again", KEYS, **make, default=True),
        failing("neither", KEYS, name="no", state="present"),
        failing("no file", KEYS, name="no", state="present", key="/nowhere/key"),
        failing("a path as name", KEYS, name="../up", state="present", auto_generate=True, save_locally=True),
        pretend("pretend to delete", KEYS, name="own", state="absent"),
        task("delete", KEYS, name="{{ item }}", state="absent", also={"loop": ["own", "made", "../up"]}),
        task("delete again", KEYS, name="own", state="absent"),
        args=("--diff",),
    )


@pytest.mark.full
def test_a_key_lives_its_life(keys: Played, site: Site) -> None:
    assert keys.code == 0, keys.out
    assert keys.changed() == [
        "pretend", "add", "make", "at home", "pretend it is the default",
        "make it the default", "pretend to delete", "delete",
    ]  # fmt: skip
    assert keys.of("pretend").result["diff"] == {"before": {"key": None}, "after": {"key": "own"}}
    none, shown = keys.of("none yet").result, keys.of("show").result
    assert (none["info"], none["private"], none["public"]) == ({}, "", "")
    assert "own" in keys.of("list").result["keys"]
    assert "BEGIN OPENSSH PRIVATE KEY" in shown["private"]
    assert shown["public"].split()[:2] == site.key.public.split()[:2]
    assert shown["info"]["name"] == "own"


@pytest.mark.full
def test_a_made_key_is_kept_in_a_file_of_its_own(keys: Played, module_player: Player) -> None:
    folder, private = module_player.folder, keys.of("make").result["private"]
    for path in (folder / "kept" / "made", folder / ".ssh" / "made"):
        assert path.read_text() == private
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "holds something else" in keys.of("over it").result["msg"]
    assert (folder / "occupied").read_text() == "something else\n"


@pytest.mark.full
def test_a_key_that_cannot_be_made_says_why(keys: Played, module_player: Player) -> None:
    assert "give either key, the path of a private key, or auto_generate" in keys.of("neither").result["msg"]
    assert "key: /nowhere/key cannot be read" in keys.of("no file").result["msg"]
    assert "'../up' cannot be a file's" in keys.of("a path as name").result["msg"]
    assert not (module_player.folder / "up").exists()


def test_a_token_lives_its_life_and_a_value_is_kept(player: Player, site: Site) -> None:
    make = {"name": "board", "scope": "read", "state": "present", "expires_in": 3600}
    keep = {"dest": str(player.folder / "out.json"), "key": "a", "value": [1, "two"]}
    played = player.tasks(
        pretend("pretend", TOKENS, **make),
        task("make", TOKENS, **make, also={"register": "made"}),
        task("again", TOKENS, **make),
        failing("other scope", TOKENS, **{**make, "scope": "admin"}),
        task("list", "mist_token"),
        task("use", "mist_backends", mist_token="{{ made.token }}"),
        pretend("pretend to delete", TOKENS, name="board", state="absent"),
        task("delete", TOKENS, name="board", state="absent"),
        task("delete again", TOKENS, name="board", state="absent"),
        pretend("pretend to keep", "mist_register", key="a", value=1),
        task("keep", "mist_register", **keep),
        task("keep again", "mist_register", **keep),
        task("more", "mist.mist.mist_register", **{**keep, "key": "b", "value": {"c": True}}),
        failing("not one", "mist_register", dest="{{ playbook_dir }}/play-0.yml", key="b", value=1),
        args=("--diff",),
    )

    assert played.code == 0, played.out
    assert played.changed() == [
        "pretend", "make", "pretend to delete", "delete", "pretend to keep", "keep", "more",
    ]  # fmt: skip
    text = played.of("make").result["token"]
    assert text.startswith("mist_")
    assert "token" not in played.of("again").result
    assert text not in played.out
    assert "has the scope 'read'" in played.of("other scope").result["msg"]
    assert [token["name"] for token in played.of("list").result["tokens"]] == ["board"]
    assert site.service.request("GET", "/me", token=text)[0] == 401
    assert json.loads((player.folder / "out.json").read_text()) == {"a": [1, "two"], "b": {"c": True}}
    assert "is not a JSON file with an object" in played.of("not one").result["msg"]
    assert not (player.folder / "output.json").exists()
