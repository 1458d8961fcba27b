"""The newest ansible-core that this Python can have, and the oldest that the collection is for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.ansible.conftest import Site
from tests.lab.environments import environment
from tests.support.playbooks import OTHER_ANSIBLE, Player, pretend, task

OLDEST = Path(__file__).parents[2] / "lab" / "ansible-2.16.txt"
BACKENDS = "mist.mist.mist_backends"


@pytest.fixture(params=["installed", "oldest"])
def release(request: pytest.FixtureRequest, player: Player) -> str:
    """The one that plays, beginning with its number; empty for that which is installed."""
    if request.param == "installed":
        return ""
    if sys.version_info >= (3, 13):
        pytest.skip("ansible-core 2.16 is for Python 3.10 to 3.12")
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    player.env[OTHER_ANSIBLE] = str(environment("ansible", OLDEST) / "lib" / python / "site-packages")
    return "2.16."


def test_what_is_waited_for_is_seen_at_once_and_the_rest_works(
    release: str, player: Player, site: Site, digitalocean: dict[str, str]
) -> None:
    site.service.wait_for_this_host()
    sign = player.folder / "seen"
    (player.folder / "mist.yml").write_text("plugin: mist.mist.mist\n")
    add = {"title": "Ocean", **digitalocean, "state": "present"}
    wait = task("wait", "mist_run", command=f"until test -e {sign}; do sleep 0.05; done", all=True, wait_time=120)
    others = [
        pretend("pretend", BACKENDS, **add),
        task("add", BACKENDS, **add),
        task("again", BACKENDS, **add),
        task("away", BACKENDS, title="Ocean", state="absent"),
    ]
    ping = {"hosts": "provider_localhost", "gather_facts": False, "tasks": [{"name": "ping", "ping": {}}]}
    shown = {"hosts": "localhost", "gather_facts": False, "tasks": [
        {"name": "release", "debug": {"msg": "{{ ansible_version.full }}"}}, wait,
        *(others if release else []),  # all other tests do this with the installed one
    ]}  # fmt: skip

    with player.started(player.book([shown, ping]), "-v", "-i", "mist.yml") as process:
        assert process.stdout is not None
        seen = next(line for line in process.stdout if line.startswith("<localhost> run until test -e"))
        sign.touch()  # the task goes on for as long as nobody has read of it
        rest = process.stdout.read()
        code = process.wait(60)

    assert ": queued (" in seen or ": running (" in seen
    assert code == 0, rest
    outcomes = {outcome.task: outcome for outcome in player.recorded()}
    assert outcomes["release"].result["msg"].startswith(release or "2.")
    assert [name for name, outcome in outcomes.items() if outcome.result.get("changed")] == [
        "wait", *(["pretend", "add", "away"] if release else []),
    ]  # fmt: skip
    assert outcomes["ping"].result["ping"] == "pong"
