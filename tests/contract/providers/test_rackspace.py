"""Rackspace as mimic plays it. It neither starts nor stops, forgets no metadata, and has no networks and no zones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.rackspace import Rackspace
from tests.lab.mimic import REFUSED, USERNAME, Mimic, mimic
from tests.lab.sshd import key_pair


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mimic]:
    with mimic(tmp_path_factory.mktemp("mimic")) as cloud:
        yield cloud


@contextmanager
def opened(cloud: Mimic, region: str, username: str = USERNAME) -> Iterator[Rackspace]:
    settings = Rackspace.read_settings({"username": username, "api_key": "not the secret"})
    provider = Rackspace(Account(settings=settings, region=region, endpoint=cloud.identity))
    provider.open()
    yield provider
    provider.close()


@pytest.fixture(params=["dfw", "ord", "iad"])
def provider(request: pytest.FixtureRequest, cloud: Mimic) -> Iterator[Rackspace]:
    with opened(cloud, request.param) as provider:
        yield provider


def made(provider: Rackspace, name: str, **other: object) -> MachineSpec:
    image, size = provider.list_images()[0].id, provider.list_sizes()[0].id
    return MachineSpec(name=name, mark=f"mark-of-{name}", image=image, size=size, **other)  # type: ignore[arg-type]


def test_a_machine_lives_and_dies(provider: Rackspace) -> None:
    provider.check()
    spec = made(provider, "one", tags=("blue", "env=prod"), key_name="fleet", public_key=key_pair().public)
    id = provider.create(spec).external_id
    machine = provider.known(id)
    assert provider.find_marked(spec.mark) == machine
    assert machine in provider.list_machines()
    assert (machine.name, machine.size, machine.image) == (spec.name, spec.size, spec.image)
    assert machine.tags == ("blue", "env=prod")
    assert machine.public_ips
    assert machine.private_ips
    assert machine.created_at is not None
    for _ in range(2):
        provider.reboot(id)
    for _ in range(2):
        provider.destroy(id)
    assert provider.read_machine(id) is None
    assert provider.find_marked(spec.mark) is None


def test_a_tag_is_added_beside_the_others(provider: Rackspace) -> None:
    id = provider.create(made(provider, "two", tags=("blue",))).external_id
    provider.add_tag(id, "green")
    assert provider.known(id).tags == ("blue", "green")
    provider.destroy(id)


def test_the_catalog(provider: Rackspace) -> None:
    assert provider.list_images("all")
    sizes = provider.list_sizes()
    assert {each.ram_mb for each in sizes} >= {512, 1024}
    assert (sizes[0].price, sizes[0].currency) == (0.022, "USD")


def test_a_region_shows_its_own_machines_alone(cloud: Mimic) -> None:
    with opened(cloud, "dfw") as dallas, opened(cloud, "ord") as chicago:
        id = dallas.create(made(dallas, "here")).external_id
        assert id not in {each.external_id for each in chicago.list_machines()}
        dallas.destroy(id)


def test_a_region_that_it_does_not_have_is_told(cloud: Mimic) -> None:
    with opened(cloud, "lon") as provider, pytest.raises(errors.InvalidInput, match="it has DFW, IAD, ORD"):
        provider.check()


def test_a_refused_key_is_called_that(cloud: Mimic) -> None:
    with (
        opened(cloud, "dfw", REFUSED) as provider,
        pytest.raises(errors.ProviderAuthFailed, match="Unable to authenticate user") as caught,
    ):
        provider.check()
    assert "not the secret" not in str(caught.value)


def test_a_create_that_was_carried_out_and_called_a_failure_is_found_by_its_mark(cloud: Mimic) -> None:
    """mimic's `false-negative`: the server is made, and the answer is a fault."""
    behave = cloud.control("DFW", USERNAME) + "/behaviors/creation"
    told = {"code": 500, "message": "fault after all", "type": "computeFault"}
    cloud.ask(behave, {"name": "false-negative", "criteria": [{"server_name": "lost"}], "parameters": told})
    with opened(cloud, "dfw") as provider:
        spec = made(provider, "lost")
        with pytest.raises(errors.ProviderUnreachable, match="fault after all") as caught:
            provider.create(spec)
        assert caught.value.retryable
        found = provider.find_marked(spec.mark)
        assert found is not None
        provider.destroy(found.external_id)


@pytest.mark.parametrize(
    ("status", "kind", "words", "error"),
    [
        (403, "forbidden", "Quota exceeded for ram: Requested 512, but already used 0 of 0 ram", errors.ProviderQuota),
        (400, "badRequest", "Can not find requested image", errors.ProviderRejected),
        (413, "overLimit", "This request was rate-limited. (nova)", errors.ProviderRateLimited),
    ],
)
def test_a_create_that_is_refused_says_why(
    cloud: Mimic, status: int, kind: str, words: str, error: type[errors.MistError]
) -> None:
    behave = cloud.control("ORD", USERNAME) + "/behaviors/creation"
    told = {"code": status, "message": words, "type": kind}
    cloud.ask(behave, {"name": "fail", "criteria": [{"server_name": f"no-{status}"}], "parameters": told})
    with opened(cloud, "ord") as provider:
        with pytest.raises(error):
            provider.create(made(provider, f"no-{status}"))
        assert provider.find_marked(f"mark-of-no-{status}") is None


def test_a_machine_that_failed_shows_it(cloud: Mimic) -> None:
    behave = cloud.control("IAD", USERNAME) + "/behaviors/creation"
    cloud.ask(behave, {"name": "error", "criteria": [{"server_name": "broken"}], "parameters": {}})
    with opened(cloud, "iad") as provider:
        id = provider.create(made(provider, "broken")).external_id
        assert provider.known(id).state is MachineState.ERROR
        provider.destroy(id)
