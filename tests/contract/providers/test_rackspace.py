"""Rackspace as mimic plays it, beyond what every provider has: its regions, and creates that end strangely."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.rackspace import Rackspace
from tests.lab.mimic import USERNAME, Mimic
from tests.lab.sshd import key_pair


@contextmanager
def opened(cloud: Mimic, region: str) -> Iterator[Rackspace]:
    settings = Rackspace.read_settings({"username": USERNAME, "api_key": "any"})
    provider = Rackspace(Account(settings=settings, region=region, endpoint=cloud.identity))
    provider.open()
    yield provider
    provider.close()


def spec(provider: Rackspace, name: str, **other: object) -> MachineSpec:
    image, size = provider.list_images()[0].id, provider.list_sizes()[0].id
    return MachineSpec(name=name, mark=f"mark-of-{name}", image=image, size=size, **other)  # type: ignore[arg-type]


def test_a_region_shows_its_own_machines_alone(mimic_cloud: Mimic) -> None:
    with opened(mimic_cloud, "dfw") as dallas, opened(mimic_cloud, "ord") as chicago:
        id = dallas.create(spec(dallas, "here")).external_id
        assert id not in {each.external_id for each in chicago.list_machines()}
        dallas.destroy(id)


def test_a_region_that_it_does_not_have_is_told(mimic_cloud: Mimic) -> None:
    with opened(mimic_cloud, "lon") as provider, pytest.raises(errors.InvalidInput, match="it has DFW, IAD, ORD"):
        provider.check()


def test_a_machine_is_read_whole(mimic_cloud: Mimic) -> None:
    with opened(mimic_cloud, "iad") as provider:
        wanted = spec(provider, "whole", key_name="fleet", public_key=key_pair().public)
        machine = provider.known(provider.create(wanted).external_id)
        assert (machine.name, machine.size, machine.image) == (wanted.name, wanted.size, wanted.image)
        assert machine.public_ips
        assert machine.private_ips
        assert machine.created_at is not None
        assert machine.extra["key"] == "fleet"
        provider.destroy(machine.external_id)


def test_a_create_that_was_carried_out_and_called_a_failure_is_found_by_its_mark(mimic_cloud: Mimic) -> None:
    with (
        opened(mimic_cloud, "dfw") as provider,
        mimic_cloud.creating("DFW", "lost", "false-negative", code=500, message="fault after all"),
    ):
        wanted = spec(provider, "lost")
        with pytest.raises(errors.ProviderUnreachable, match="fault after all") as caught:
            provider.create(wanted)
        assert caught.value.retryable
        found = provider.find_marked(wanted.mark)
        assert found is not None
        provider.destroy(found.external_id)


def test_a_machine_that_failed_shows_it(mimic_cloud: Mimic) -> None:
    with opened(mimic_cloud, "iad") as provider, mimic_cloud.creating("IAD", "broken", "error"):
        id = provider.create(spec(provider, "broken")).external_id
        assert provider.known(id).state is MachineState.ERROR
        provider.destroy(id)
