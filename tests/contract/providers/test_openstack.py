"""The ways into a real OpenStack, and what only a real one shows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import Action, MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.nova.create import import_key
from mistserver.providers.openstack import OpenStack
from tests.lab.faults import silence
from tests.lab.openstack import PASSWORD, PROJECT, USER, OpenStackCloud
from tests.lab.sshd import key_pair
from tests.lab.waiting import eventually

Opener = Callable[..., Any]


@pytest.fixture
def opened(real_openstack: OpenStackCloud) -> Opener:
    @contextmanager
    def openstack(region: str | None = None, **other: Any) -> Iterator[OpenStack]:
        good = {"username": USER, "password": PASSWORD, "tenant_name": PROJECT, "auth_url": real_openstack.auth_url}
        given = {name: value for name, value in {**good, **other}.items() if value is not None}
        provider = OpenStack(Account(settings=OpenStack.read_settings(given), region=region))
        try:
            yield provider
        finally:
            provider.close()

    return openstack


def spec(cloud: OpenStackCloud, **other: Any) -> MachineSpec:
    plain = {"name": "one", "image": cloud.image, "size": "m1.tiny", "networks": (cloud.network,)}
    return MachineSpec(mark=secrets.token_hex(8), **{**plain, **other})


@pytest.mark.parametrize("ending", ["", "/", "/v3", "/v3/", "/v3/auth/tokens", "/v2.0", "/v2.0/tokens"])
def test_the_auth_url_may_be_spelled_as_any_openrc_has_it(
    real_openstack: OpenStackCloud, opened: Opener, ending: str
) -> None:
    with opened(auth_url=real_openstack.auth_url + ending) as provider:
        provider.check()


@pytest.mark.parametrize("ending", ["", "/v2.1", "/v2.1/%(tenant_id)s", "/v2/$(project_id)s"])
def test_the_compute_service_may_be_named_in_place_of_the_catalogues(
    real_openstack: OpenStackCloud, opened: Opener, ending: str
) -> None:
    with opened(compute_endpoint=real_openstack.url("nova") + ending) as provider:
        provider.check()


def test_domains_may_be_named_or_left_out(real_openstack: OpenStackCloud, opened: Opener) -> None:
    with opened(user_domain_name="Default", project_domain_id="default") as provider:
        provider.check()
    with opened(tenant_name=None, tenant_id=real_openstack.project, user_domain_id="default") as provider:
        provider.check()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "no"}, "does not accept the user name and the password in the domain 'Default'"),
        ({"username": "nobody"}, "does not accept the user name and the password"),
        ({"user_domain_name": "elsewhere"}, "does not accept .* in the domain 'elsewhere'"),
        ({"tenant_name": "admin"}, r"accepts the password, but the user has no project 'admin'; it has demo"),
        ({"project_domain_name": "elsewhere"}, "'demo' in the domain 'elsewhere'; it has demo .domain default."),
    ],
)
def test_what_of_the_credentials_is_wrong_is_said(opened: Opener, wrong: dict[str, str], said: str) -> None:
    with opened(**wrong) as provider, pytest.raises(errors.ProviderAuthFailed, match=said):
        provider.check()


def test_a_wrong_region_is_answered_with_those_that_there_are(opened: Opener) -> None:
    with (
        opened(region="Atlantis") as provider,
        pytest.raises(errors.InvalidInput, match="'Atlantis'; it has RegionOne"),
    ):
        provider.check()
    with opened(region="regionone") as provider:
        provider.check()


def test_a_service_that_the_catalogue_lacks_is_named(opened: Opener) -> None:
    with opened(interface="internal") as provider, pytest.raises(errors.ProviderRejected, match="no internal compute"):
        provider.check()


def test_another_service_is_no_identity_service(real_openstack: OpenStackCloud, opened: Opener) -> None:
    for service in ("nova", "glance"):
        with opened(auth_url=real_openstack.url(service)) as provider, pytest.raises(errors.ProviderBadAnswer):
            provider.check()


def test_an_application_credential_signs_in(real_openstack: OpenStackCloud, opened: Opener) -> None:
    headers = real_openstack.sign_in(USER, PASSWORD, PROJECT)
    user = real_openstack.ask("keystone", "GET", f"/v3/users?name={USER}")["users"][0]["id"]
    body = {"application_credential": {"name": "mist", "secret": "lab-application"}}
    path = f"/v3/users/{user}/application_credentials"
    made = real_openstack.ask("keystone", "POST", path, body, **headers)["application_credential"]
    nobody = {"username": None, "password": None, "tenant_name": None}
    secret = {"application_credential_secret": "lab-application"}
    with opened(**nobody, application_credential_id=made["id"], **secret) as provider:
        provider.check()
    named = {**nobody, "username": USER, "application_credential_name": "mist"}
    with opened(**named, **secret) as provider:
        provider.check()
    wrong = {"application_credential_secret": "not the secret"}
    with opened(**named, **wrong) as provider, pytest.raises(errors.ProviderAuthFailed, match="application credential"):
        provider.check()


def test_an_entry_of_clouds_yaml_signs_in(real_openstack: OpenStackCloud, opened: Opener) -> None:
    text = f"""
clouds:
  lab:
    auth:
      auth_url: {real_openstack.auth_url}/v3
      username: {USER}
      password: {PASSWORD}
      project_name: {PROJECT}
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
    identity_api_version: 3
  other:
    auth: {{auth_url: "http://127.0.0.1:1"}}
"""
    nothing = dict.fromkeys(("username", "password", "tenant_name", "auth_url"))
    with opened(**nothing, clouds_yaml=text, cloud="lab") as provider:
        provider.check()
        assert provider.account.settings.clouds_yaml is None


def test_what_finds_no_room_ends_in_an_error_with_its_reason(real_openstack: OpenStackCloud, opened: Opener) -> None:
    with opened() as provider:
        machine = provider.create(spec(real_openstack, size="m1.huge"))
        state = eventually(lambda: _unless_pending(provider, machine.external_id), 60)
        assert state is MachineState.ERROR
        failed = provider.known(machine.external_id)
        assert "No valid host was found" in failed.extra["reason"]
        assert Action.DESTROY in failed.actions
        provider.destroy(machine.external_id)


def test_an_external_network_is_refused_before_it_ends_in_an_error(
    real_openstack: OpenStackCloud, opened: Opener
) -> None:
    with opened() as provider:
        assert {each.name: each.extra["external"] for each in provider.list_networks()} == {
            "inner": False,
            "outer": True,
        }
        for wanted in (real_openstack.external, "outer"):
            with pytest.raises(errors.InvalidInput, match="external network"):
                provider.create(spec(real_openstack, networks=(wanted,)))
        with pytest.raises(errors.ProviderNotFound, match="no network 'nowhere'"):
            provider.create(spec(real_openstack, networks=("nowhere",)))


def test_every_page_of_everything_is_read(real_openstack: OpenStackCloud, opened: Opener) -> None:
    """The lab's pages are short: three servers or flavours, two images, one network."""
    with opened() as provider:
        ids = [provider.create(spec(real_openstack, name=f"page-{number}")).external_id for number in range(4)]
        assert set(ids) <= {each.external_id for each in provider.list_machines()}
        assert {each.id for each in provider.list_sizes()} == {"m1.tiny", "m1.small", "m1.medium", "m1.huge"}
        assert [each.name for each in provider.list_images("debian 1")] == ["Debian 13", "Debian 12", "Debian 10"]
        assert {each.name for each in provider.list_images()} == {"Debian 13", "Debian 12"}
        assert len(provider.list_networks()) == 2
        for id in ids:
            provider.destroy(id)


@pytest.mark.full
def test_a_machine_that_was_put_to_sleep_by_others_is_started(real_openstack: OpenStackCloud, opened: Opener) -> None:
    slept = {"pause": MachineState.PAUSED, "suspend": MachineState.SUSPENDED, "shelve": MachineState.STOPPED}
    with opened() as provider:
        id = provider.create(spec(real_openstack)).external_id
        for how, state in slept.items():
            eventually(lambda: provider.known(id).state is MachineState.RUNNING, 60)
            path = f"/v2.1/servers/{id}/action"
            real_openstack.ask("nova", "POST", path, {how: None})
            eventually(lambda state=state: provider.known(id).state is state, 60)
            eventually(lambda: Action.START in provider.known(id).actions)
            provider.start(id)
        eventually(lambda: provider.known(id).state is MachineState.RUNNING, 60)
        provider.destroy(id)


def test_two_keys_of_one_name_go_side_by_side(opened: Opener) -> None:
    one, two, three = (key_pair().public for _ in range(3))
    with opened() as provider:
        compute = provider.cloud.compute
        assert [import_key(compute, "same", one) for _ in range(2)] == ["same", "same"]
        other = import_key(compute, "same", two)
        assert other.startswith("same ")
        assert import_key(compute, "same", two) == other
        assert import_key(compute, "schl\u00fcssel/../x", three) == "mist"


def test_metadata_of_others_stays(real_openstack: OpenStackCloud, opened: Opener) -> None:
    with opened() as provider:
        id = provider.create(spec(real_openstack, tags=("blue", "env=prod"))).external_id
        eventually(lambda: provider.known(id).state is MachineState.RUNNING, 60)
        real_openstack.ask("nova", "POST", f"/v2.1/servers/{id}/metadata", {"metadata": {"owner": "others"}})
        provider.add_tag(id, "green")
        with pytest.raises(errors.Conflict, match="remove that one first"):
            provider.add_tag(id, "env=test")
        provider.remove_tag(id, "env=test")
        provider.remove_tag(id, "blue")
        assert provider.known(id).tags == ("env=prod", "green", "owner=others")
        provider.destroy(id)


def test_a_time_out_at_the_identity_service_is_one(opened: Opener) -> None:
    with silence() as port, opened(auth_url=f"http://127.0.0.1:{port}") as provider:
        provider.account = replace(provider.account, timeout_s=1.0)
        with pytest.raises(errors.ProviderTimeout):
            provider.check()


def _unless_pending(provider: OpenStack, id: str) -> MachineState | None:
    state = provider.known(id).state
    return None if state is MachineState.PENDING else state
