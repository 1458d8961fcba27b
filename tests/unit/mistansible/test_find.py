"""What a task names is found by its whole name or id, or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.mist.mist.plugins.module_utils import _find
from mistclient import MistClient
from mistclient.errors import Ambiguous, NotFound
from tests.support import rest_records as records
from tests.support.rest_stub import TOKEN, RestStub


@pytest.fixture
def client(service: RestStub) -> Iterator[MistClient]:
    connected = MistClient(api_token=TOKEN)
    yield connected
    connected.close()


def test_a_machine_is_found_by_name_and_by_id(client: MistClient, service: RestStub) -> None:
    service.machines = [records.machine("web", "m1", "running"), records.machine("web2", "m2", "running")]

    assert _find.named_machine(client, "web").id == "m1"
    assert _find.named_machine(client, "m2").name == "web2"
    assert _find.machine(client, "we") is None
    with pytest.raises(NotFound, match="Machine not found: 'WEB'"):
        _find.named_machine(client, "WEB")


def test_two_of_one_name_are_not_guessed_between(client: MistClient, service: RestStub) -> None:
    service.machines = [records.machine("web", "m1", "running"), records.machine("web", "m2", "running")]

    with pytest.raises(Ambiguous, match=r"web \(id m1\), web \(id m2\). Nothing was done"):
        _find.machine(client, "web")


def test_a_terminated_machine_is_none(client: MistClient, service: RestStub) -> None:
    service.machines = [records.machine("web", "m1", "terminated"), records.machine("web", "m2", "running")]

    assert _find.named_machine(client, "web").id == "m2"


@pytest.mark.parametrize("level", ["substring", "none"])
def test_a_part_of_a_backends_name_is_no_name(client: MistClient, service: RestStub, level: str) -> None:
    found = [records.backend("Openstack Juno", "b1", "openstack")] if level == "substring" else []
    service.scripted["GET", "/backends"] = [(200, {"level": level, "items": found})]

    with pytest.raises(NotFound, match="you have to provide a valid backend id or title"):
        _find.backend(client, "Juno")
