"""Rackspace's first generation, behind the same provider, on a stand-in."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from msgspec.structs import replace as change

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.rackspace import Rackspace
from tests.lab.clouds.first_generation import BASE, FirstGenerationCloud, fault
from tests.lab.clouds.keystone import PASSWORD, USERNAME
from tests.lab.faults import answering, silence, web_page

SPEC = MachineSpec(name="one", mark="m1", image="104", size="1")


def account(url: str, key: str = PASSWORD) -> Account:
    settings = Rackspace.read_settings({"username": USERNAME, "api_key": key})
    return Account(settings=settings, region="rackspace_first_gen:us", endpoint=url, timeout_s=1.0)


@contextmanager
def opened(account: Account) -> Iterator[Rackspace]:
    provider = Rackspace(account)
    provider.open()
    try:
        yield provider
    finally:
        provider.close()


@pytest.fixture
def cloud() -> Iterator[FirstGenerationCloud]:
    with FirstGenerationCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: FirstGenerationCloud) -> Iterator[Rackspace]:
    with opened(account(cloud.url)) as provider:
        yield provider


def test_a_machine_lives_and_dies(provider: Rackspace, cloud: FirstGenerationCloud) -> None:
    made = provider.create(SPEC)
    assert made.mark == "m1"
    assert provider.find_marked("m1") == provider.known(made.external_id)
    for _ in range(2):
        provider.destroy(made.external_id)
    assert provider.read_machine(made.external_id) is None
    assert provider.find_marked("m1") is None


def test_a_key_becomes_roots(provider: Rackspace, cloud: FirstGenerationCloud) -> None:
    provider.create(MachineSpec(name="one", mark="m", image="104", size="1", public_key=" ssh-rsa AAAA x \n"))
    (server,) = cloud.servers.values()
    assert base64.b64decode(server["files"]["/root/.ssh/authorized_keys"]) == b"ssh-rsa AAAA x\n"


def test_tags_are_those_of_the_create(provider: Rackspace) -> None:
    made = provider.create(MachineSpec(name="one", mark="m", image="104", size="1", tags=("blue", "env=prod")))
    assert provider.known(made.external_id).tags == ("blue", "env=prod")
    for order in (provider.add_tag, provider.remove_tag):
        with pytest.raises(errors.NotSupported, match="first generation of Rackspace cannot"):
            order(made.external_id, "blue")


def test_a_resize_is_confirmed_by_its_end(provider: Rackspace, cloud: FirstGenerationCloud) -> None:
    id = provider.create(SPEC).external_id
    provider.resize(id, "2")
    with pytest.raises(errors.Conflict, match="waits to be confirmed"):
        provider.resize(id, "1")
    for _ in range(2):
        provider.finish_resize(id, "2")
    assert cloud.servers[id]["did"] == ["resize", "confirmResize"]
    assert provider.known(id).size == "2"


def test_it_can_be_rebooted_but_neither_started_nor_stopped(provider: Rackspace, cloud: FirstGenerationCloud) -> None:
    machine = provider.create(SPEC)
    assert set(machine.actions) == {Action.REBOOT, Action.RESIZE, Action.DESTROY}
    provider.reboot(machine.external_id)
    assert cloud.servers[machine.external_id]["did"] == ["reboot"]
    for action in (provider.start, provider.stop):
        with pytest.raises(errors.NotSupported, match="first generation of Rackspace cannot"):
            action(machine.external_id)
    with pytest.raises(errors.NotSupported):
        provider.list_networks()


def test_the_catalog(provider: Rackspace) -> None:
    assert {each.name for each in provider.list_images()} == {"my backup", "Debian 6 (Squeeze)"}
    assert [each.id for each in provider.list_images("debian")] == ["104"]
    assert [(each.id, each.ram_mb, each.disk_gb) for each in provider.list_sizes()] == [("1", 256, 10), ("2", 512, 20)]


def test_every_page_is_read(provider: Rackspace, cloud: FirstGenerationCloud) -> None:
    for number in range(120):
        cloud.made(f"many-{number}", "1", {}, {})
    assert len(provider.list_machines()) == 120


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("networks", ("n",)),
        ("user_data", "#!"),
        ("extra", {"config_drive": True}),
        ("location", "moon"),
        ("tags", tuple("abcde")),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(provider: Rackspace, field: str, value: object) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        provider.create(change(SPEC, **{field: value}))
    assert caught.value.facts["field"] == field


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (413, "overLimit", errors.ProviderRateLimited),
        (503, "serverCapacityUnavailable", errors.ProviderQuota),
        (400, "badRequest", errors.ProviderRejected),
        (500, "cloudServersFault", errors.ProviderUnreachable),
    ],
)
def test_its_faults_are_ours(
    provider: Rackspace, cloud: FirstGenerationCloud, status: int, code: str, kind: type[errors.MistError]
) -> None:
    with cloud.refusing("POST", BASE + "/servers", fault(status, code, "no")), pytest.raises(kind):
        provider.create(SPEC)


def test_a_wrong_key_is_called_that(cloud: FirstGenerationCloud) -> None:
    with opened(account(cloud.url, "not the secret")) as provider, pytest.raises(errors.ProviderAuthFailed) as caught:
        provider.check()
    assert "not the secret" not in str(caught.value)


def test_what_is_no_identity_service_is_a_bad_answer() -> None:
    strange = {"X-Auth-Token": "t", "X-Server-Management-Url": "file:///etc"}
    for port_of, kind in (
        (web_page(), errors.ProviderBadAnswer),
        (silence(), errors.ProviderTimeout),
        (answering(204, b"", headers=strange), errors.ProviderBadAnswer),
    ):
        with port_of as port, opened(account(f"http://127.0.0.1:{port}")) as provider, pytest.raises(kind):
            provider.check()


@pytest.mark.parametrize(
    "body", [b"", b"<html/>", b"{}", b"<servers/>", b'<!DOCTYPE x [<!ENTITY a "b">]><servers/>', b"\xff\xfe"]
)
def test_nonsense_is_a_bad_answer(provider: Rackspace, cloud: FirstGenerationCloud, body: bytes) -> None:
    reply = replace(fault(200, "x", ""), body=body)
    with cloud.refusing("GET", BASE + "/servers/detail", reply), pytest.raises(errors.ProviderBadAnswer):
        provider.list_machines()


def test_states_are_mapped(provider: Rackspace, cloud: FirstGenerationCloud) -> None:
    states = {
        "BUILD": MachineState.PENDING,
        "SUSPENDED": MachineState.SUSPENDED,
        "SHUTOFF": MachineState.STOPPED,
        "HARD_REBOOT": MachineState.REBOOTING,
        "ERROR": MachineState.ERROR,
        "NEWER": MachineState.UNKNOWN,
    }
    for status in states:
        cloud.made(status, "1", {}, {})["status"] = status
    cloud.made("gone", "1", {}, {})["status"] = "DELETED"
    assert {each.name: each.state for each in provider.list_machines()} == states
