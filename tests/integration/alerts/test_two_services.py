"""Two services on one database: rules are judged once, and when one is killed the other goes on with its alerts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mistserver.store.tables import leases
from tests.integration.alerts.conftest import messages_waiting
from tests.lab.receivers import Webhook
from tests.lab.sshd import KeyPair, Sshd
from tests.lab.victoria import Victoria, missing
from tests.lab.waiting import eventually
from tests.support.burning import Load, loading
from tests.support.front import Front
from tests.support.service import Service

SLOW_S = 120
RULES = {"window_s": 20, "value": 0.5}


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[Victoria]:
    if reason := missing():
        pytest.skip(reason)
    folder = tmp_path / "victoria"
    folder.mkdir()
    server = Victoria(folder)
    yield server
    server.stop()


@pytest.fixture
def pair(tmp_path: Path, postgres_url: str, victoria: Victoria) -> Iterator[tuple[Service, Service]]:
    """Both run; the first one does the loops."""
    flags = ("--database-url", postgres_url, "--metrics-url", victoria.url)
    first = Service(tmp_path / "first" / "data", flags=flags).start()
    second = Service(
        tmp_path / "second" / "data", flags=(*flags, "--master-key-file", str(first.data_dir / "master.key"))
    )
    try:
        eventually(lambda: "rules" in holders(postgres_url))
        yield first, second.start()
    finally:
        for each in (first, second):
            if each.process is not None:
                each.stop()


def holders(url: str) -> dict[str, str]:
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return {row.name: row.holder for row in connection.execute(sa.select(leases))}
    finally:
        engine.dispose()


def firing(front: Front) -> list[dict[str, Any]]:
    return list(front.done("GET", "/alerts?state=firing")["items"])


def told(front: Front, hook: Webhook, times: int) -> None:
    """Until the receiver was told so often, and that is noted: a kill between the two would tell it again."""
    eventually(lambda: len(hook.posts) >= times and messages_waiting(front.service) == 0, SLOW_S)


def measured(front: Front, key: KeyPair, door: Sshd, load: Load) -> str:
    front.done("POST", "/keys", {"name": "lab", "private": key.private})
    settings = {"machine_ip": door.host, "machine_user": door.user, "machine_port": door.port}
    front.done("POST", "/backends", {"name": "host", "provider": "bare_metal", "settings": settings})
    machine = str(eventually(lambda: front.done("GET", "/machines?refresh=true")["items"])[0]["id"])
    load.measured(front, machine)
    return machine


@pytest.mark.full
@pytest.mark.timeout(900)
def test_what_one_began_the_other_ends_and_nobody_hears_it_twice(
    pair: tuple[Service, Service], postgres_url: str, lab_key: KeyPair, door: Sshd, hook: Webhook
) -> None:
    first, second = pair
    front, other = (Front(service, service.sign_in(), []) for service in pair)
    before = holders(postgres_url)["rules"]
    with loading() as load:
        machine = measured(other, lab_key, door, load)
        front.done("POST", "/channels", {"name": "hook", "url": hook.url})
        front.done("POST", "/rules", {"metric": load.metric, "machine_id": machine, **RULES})
        load.begin()
        (alert,) = eventually(lambda: firing(other), SLOW_S)
        told(other, hook, 1)

        first.kill()
        eventually(lambda: holders(postgres_url)["rules"] != before, SLOW_S)
        assert [each["id"] for each in firing(other)] == [alert["id"]]
        load.end()
        eventually(lambda: not firing(other), SLOW_S)
        told(other, hook, 2)

        first.start()
        load.begin()
        eventually(lambda: firing(other), SLOW_S)
        told(other, hook, 3)
        second.kill()
        load.end()
        eventually(lambda: not firing(front), SLOW_S)
        told(front, hook, 4)

    words = [title.split()[1] for title in hook.titles]
    assert words == ["ALERT:", "OK:", "ALERT:", "OK:"]
    found = front.done("GET", "/alerts?state=all")["items"]
    assert [each["state"] for each in found] == ["resolved", "resolved"]
