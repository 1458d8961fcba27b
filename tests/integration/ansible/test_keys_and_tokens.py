"""The modules about keys, tokens and the register."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.integration.ansible.conftest import Site
from tests.support.playbooks import Player, task

KEYS, TOKENS = "mist.mist.mist_keys", "mist.mist.mist_token"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_lives_its_life(player: Player, site: Site) -> None:
    source = player.folder / "own_key"
    source.write_text(site.key.private)
    add = {"name": "own", "state": "present", "key": str(source)}
    played = player.tasks(
        task("pretend", KEYS, **add, also={"check_mode": True}),
        task("none yet", KEYS, name="own"),
        task("add", KEYS, **add),
        task("add again", KEYS, **add),
        task("list", KEYS),
        task("show", "mist_keys", name="own"),
        task("make default", KEYS, **add, default=True),
        task("make default again", KEYS, **add, default=True),
        task("pretend to delete", KEYS, name="own", state="absent", also={"check_mode": True}),
        task("delete", KEYS, name="own", state="absent"),
        task("delete again", KEYS, name="own", state="absent"),
    )

    results, changed = played.results, played.changes
    assert [name for name, change in changed.items() if change and "default" not in name] == [
        "pretend", "add", "pretend to delete", "delete",
    ]  # fmt: skip
    assert not changed["make default again"]
    assert results["none yet"] == {**results["none yet"], "info": {}, "private": "", "public": ""}
    assert "own" in results["list"]["keys"]
    assert "BEGIN OPENSSH PRIVATE KEY" in results["show"]["private"]
    assert results["show"]["public"].split()[:2] == site.key.public.split()[:2]
    assert results["show"]["info"]["name"] == "own"


def test_a_made_key_is_kept_in_a_file_of_its_own(player: Player) -> None:
    folder = player.folder / "kept"
    folder.mkdir()
    occupied = player.folder / "occupied"
    occupied.write_text("something else\n")
    make = {"name": "made", "state": "present", "auto_generate": True, "save_locally": True}
    played = player.tasks(
        task("pretend", KEYS, **make, local_save_path=str(folder), also={"check_mode": True}),
        task("make", KEYS, **make, local_save_path=str(folder)),
        task("again", KEYS, **make, local_save_path=str(folder)),
        task("as a file", KEYS, **make, local_save_path=str(player.folder / "one" / "file")),
        task("as a new folder", KEYS, **make, local_save_path=f"{player.folder}/new/"),
        task("at home", KEYS, **make),
        task("over it", KEYS, **make, local_save_path=str(occupied), also={"ignore_errors": True}),
        task("delete", KEYS, name="made", state="absent"),
    )

    private = played.of("make").result["private"]
    for path in (folder / "made", player.folder / "one" / "file", player.folder / "new" / "made",
                 player.folder / ".ssh" / "made"):  # fmt: skip
        assert path.read_text() == private
        assert mode(path) == 0o600
    assert [outcome.changed for outcome in played.outcomes[:3]] == [True, True, False]
    assert "holds something else" in played.of("over it").result["msg"]
    assert occupied.read_text() == "something else\n"


def test_a_key_that_cannot_be_made_says_why(player: Player) -> None:
    played = player.tasks(
        task("neither", KEYS, name="no", state="present", also={"ignore_errors": True}),
        task("no file", KEYS, name="no", state="present", key="/nowhere/key", also={"ignore_errors": True}),
        task("no name", KEYS, state="present", also={"ignore_errors": True}),
        task("a path as name", KEYS, name="../up", state="present", auto_generate=True, save_locally=True,
             also={"ignore_errors": True}),
        task("away", KEYS, name="../up", state="absent"),
    )  # fmt: skip

    assert "give either key, the path of a private key, or auto_generate" in played.of("neither").result["msg"]
    assert "key: /nowhere/key cannot be read" in played.of("no file").result["msg"]
    assert "name" in played.of("no name").result["msg"]
    assert "'../up' cannot be a file's" in played.of("a path as name").result["msg"]
    assert not (player.folder / "up").exists()


def test_a_token_lives_its_life(player: Player, site: Site) -> None:
    make = {"name": "board", "scope": "read", "state": "present", "expires_in": 3600}
    played = player.tasks(
        task("pretend", TOKENS, **make, also={"check_mode": True}),
        task("make", TOKENS, **make, also={"register": "made"}),
        task("again", TOKENS, **make),
        task("other scope", TOKENS, **{**make, "scope": "admin"}, also={"ignore_errors": True}),
        task("list", "mist_token"),
        task("use", "mist_backends", mist_token="{{ made.token }}"),
        task("delete", TOKENS, name="board", state="absent"),
        task("delete again", TOKENS, name="board", state="absent"),
    )

    assert played.code == 0, played.out
    assert [outcome.task for outcome in played if outcome.state == "ok" and outcome.changed] == [
        "pretend", "make", "delete",
    ]  # fmt: skip
    text = played.of("make").result["token"]
    assert text.startswith("mist_")
    assert "token" not in played.of("again").result
    assert text not in played.out
    assert "has the scope 'read'" in played.of("other scope").result["msg"]
    assert [token["name"] for token in played.of("list").result["tokens"]] == ["board"]
    assert site.service.request("GET", "/me", token=text)[0] == 401


def test_a_value_is_kept_in_a_file(player: Player) -> None:
    played = player.tasks(
        task("pretend", "mist_register", key="a", value=1, also={"check_mode": True}),
        task("keep", "mist_register", dest="{{ playbook_dir }}/out.json", key="a", value=[1, "two"]),
        task("again", "mist_register", dest="{{ playbook_dir }}/out.json", key="a", value=[1, "two"]),
        task("more", "mist.mist.mist_register", dest="{{ playbook_dir }}/out.json", key="b", value={"c": True}),
        task("not one", "mist_register", dest="{{ playbook_dir }}/play-0.yml", key="b", value=1,
             also={"ignore_errors": True}),
    )  # fmt: skip

    assert json.loads((player.folder / "out.json").read_text()) == {"a": [1, "two"], "b": {"c": True}}
    assert [outcome.changed for outcome in played.outcomes[:4]] == [True, True, False, True]
    assert "is not a JSON file with an object" in played.of("not one").result["msg"]
    assert not (player.folder / "output.json").exists()
