"""Scaleway: what a create consists of, also when it was interrupted, and what is left of a machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.scaleway import Scaleway
from mistserver.providers.scaleway.machines import UNFINISHED, reading
from tests.lab.clouds.scaleway import LOCAL, NETWORK, PROJECT, SECRET, ScalewayCloud, refused
from tests.lab.stand_in import Reply

AT = "/instance/v1/zones/fr-par-1/servers"
SPEC = MachineSpec(
    name="web",
    mark="mark-1",
    image="debian_trixie",
    size="PRO2-XXS",
    public_key="ssh-ed25519 AAAA me@home\n",
    user_data="#cloud-config\n",
    networks=(NETWORK,),
    tags=("blue",),
)


@pytest.fixture
def cloud() -> Iterator[ScalewayCloud]:
    with ScalewayCloud() as running:
        yield running


@pytest.fixture
def provider(cloud: ScalewayCloud) -> Iterator[Scaleway]:
    settings = Scaleway.read_settings({"secret_key": SECRET, "project_id": PROJECT})
    opened = Scaleway(Account(settings=settings, region="fr-par-1", endpoint=cloud.url))
    opened.open()
    yield opened
    opened.close()


def test_a_machine_is_given_all_that_was_asked_for(provider: Scaleway, cloud: ScalewayCloud) -> None:
    made = provider.create(SPEC)
    (server,) = cloud.servers.values()
    assert made == provider.read_machine(server["id"])
    assert (made.state, made.mark, made.tags) == (MachineState.RUNNING, "mark-1", ("blue",))
    assert (made.public_ips, made.private_ips) == (("51.15.129.35",), ("172.16.4.2",))
    assert cloud.user_data == {server["id"]: "#cloud-config\n"}
    assert server["tags"] == ["mist-mark:mark-1", "AUTHORIZED_KEY=ssh-ed25519_AAAA_me@home", "blue"]


def test_local_storage_goes_before_block_storage(provider: Scaleway, cloud: ScalewayCloud) -> None:
    made = provider.create(MachineSpec(name="web", mark="m", image="debian_trixie", size="DEV1-S"))
    assert made.image == LOCAL
    provider.destroy(made.external_id)
    assert not cloud.volumes


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", AT + "/.*/private_nics"),
        ("PATCH", AT + "/.*/user_data/.*"),
        ("POST", AT + "/.*/action"),
        ("PATCH", AT + "/[^/]*"),
    ],
)
def test_an_interrupted_create_is_finished_once(
    provider: Scaleway, cloud: ScalewayCloud, method: str, path: str
) -> None:
    with cloud.refusing(method, path, Reply(503, "busy")), pytest.raises(errors.ProviderUnreachable):
        provider.create(SPEC)
    found = provider.find_marked("mark-1")
    assert found is not None
    for _ in range(2):
        assert provider.finish(SPEC, found).state is MachineState.RUNNING
    (server,) = cloud.servers.values()
    assert cloud.user_data == {server["id"]: "#cloud-config\n"}
    assert len(server["private_nics"]) == 1
    assert UNFINISHED not in server["tags"]
    assert len(cloud.asked("POST", AT + "/.*/action")) == (2 if path.endswith("action") else 1)


def test_what_was_stopped_later_stays_stopped(provider: Scaleway) -> None:
    made = provider.create(SPEC)
    provider.stop(made.external_id)
    found = provider.find_marked("mark-1")
    assert found is not None
    assert provider.finish(SPEC, found).state is MachineState.STOPPED


def test_what_may_not_run_is_taken_away(provider: Scaleway, cloud: ScalewayCloud) -> None:
    sold_out = Reply(409, {"type": "out_of_stock", "resource": "PRO2-XXS"})
    with cloud.refusing("POST", AT + "/.*/action", sold_out), pytest.raises(errors.ProviderQuota, match="out_of_stock"):
        provider.create(SPEC)
    assert not cloud.servers
    assert not cloud.volumes


def test_a_block_volume_goes_with_a_stopped_machine(provider: Scaleway, cloud: ScalewayCloud) -> None:
    made = provider.create(SPEC)
    provider.stop(made.external_id)
    provider.destroy(made.external_id)
    assert not cloud.servers
    assert not cloud.volumes


def test_a_zone_is_a_location(provider: Scaleway) -> None:
    for location in ("fr-par-1", "Paris 1", "0"):
        assert provider.create(MachineSpec(name="w", mark=location, image=LOCAL, size="DEV1-S", location=location))
    with pytest.raises(errors.InvalidInput, match="nl-ams-1"):
        provider.create(MachineSpec(name="w", mark="m", image=LOCAL, size="DEV1-S", location="nl-ams-1"))


def test_an_image_that_does_not_fit_the_size_is_refused(provider: Scaleway) -> None:
    with pytest.raises(errors.InvalidInput, match="GPU-X"):
        provider.create(MachineSpec(name="w", mark="m", image="debian_trixie", size="GPU-X"))


def test_the_reason_of_a_refusal_is_told(provider: Scaleway, cloud: ScalewayCloud) -> None:
    with (
        cloud.refusing("POST", AT, refused("name", "not a valid value")),
        pytest.raises(errors.ProviderRejected, match="name not a valid value"),
    ):
        provider.create(SPEC)


@pytest.mark.parametrize("name", ["a_b", "a/b", "ä", "x\x1b[2J", ""])
def test_names_that_scaleway_does_not_take(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="dots, spaces and dashes"):
        Scaleway.check_spec(MachineSpec(name=name, mark="m", image="i", size="s"))


@pytest.mark.parametrize("extra", [{"password": "x"}, {"dynamic_ip_required": "yes"}])
def test_options_that_scaleway_does_not_have(extra: dict[str, object]) -> None:
    with pytest.raises(errors.InvalidInput, match="security_group"):
        Scaleway.check_spec(MachineSpec(name="a", mark="m", image="i", size="s", extra=extra))


def test_every_address_is_shown_once() -> None:
    four, six = {"address": "51.15.0.1"}, {"address": "2001:bc8::1"}
    server = {"id": "1", "name": "a", "state": "odd", "public_ip": four, "public_ips": [four, six], "ipv6": None}
    machine = reading({**server, "private_nics": [{"id": "n"}]}, {"n": ["10.0.0.2", "fd00::2"]})
    assert machine.public_ips == ("51.15.0.1", "2001:bc8::1")
    assert machine.private_ips == ("10.0.0.2", "fd00::2")
    assert machine.state is MachineState.UNKNOWN
    assert machine.created_at is None
