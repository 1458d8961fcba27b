"""Classic Azure: its certificate, what a create sends, what a destroy takes along, and refusals in its own words."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.azure import Azure
from mistserver.providers.azure.create import custom_data
from mistserver.providers.base import Account
from tests.contract.providers.rigs.azure import AzureRig
from tests.lab.certificates import Authority, server_context
from tests.lab.clouds.azure import IMAGE, ClassicAzure, refusal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5 me's"
SPEC = MachineSpec(name="web-1", mark="7oDk2Lw-0", image=IMAGE, size="Small", location="West Europe", public_key=KEY)


@pytest.fixture
def cloud() -> Iterator[ClassicAzure]:
    with ClassicAzure() as cloud:
        yield cloud


def opened(cloud: ClassicAzure, certificate: str | None = None, ca_pem: str | None = None) -> Azure:
    given = {**AzureRig.good, **({"certificate": certificate} if certificate else {})}
    provider = Azure(Account(settings=Azure.read_settings(given), endpoint=cloud.url, ca_pem=ca_pem))
    provider.open()
    return provider


def test_the_certificate_is_what_signs_in() -> None:
    authority, owners = Authority(), Authority()
    cloud = ClassicAzure()
    cloud.tls = server_context(authority.server("127.0.0.1"))
    cloud.tls.verify_mode = ssl.CERT_REQUIRED
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(owners.pem)
        file.flush()
        cloud.tls.load_verify_locations(file.name)
    owner, stranger = owners.client("owner"), Authority().client("stranger")
    with cloud:
        assert opened(cloud, f"{owner.certificate}\n{owner.private}", authority.pem).list_machines() == []
        with pytest.raises((errors.ProviderAuthFailed, errors.ProviderUnreachable)):
            opened(cloud, f"{stranger.certificate}\n{stranger.private}", authority.pem).list_machines()
    assert len(cloud.seen) == 1


@pytest.mark.parametrize("certificate", ["no pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"])
def test_a_certificate_that_cannot_be_used(certificate: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        Azure.read_settings({**AzureRig.good, "certificate": certificate})
    assert caught.value.facts["field"] == "certificate"


def test_a_machine_has_a_cloud_service_of_its_own_that_goes_with_it(cloud: ClassicAzure) -> None:
    provider = opened(cloud)
    machine = provider.create(SPEC)
    assert len(cloud.services) == 1
    (asked,) = cloud.asked("POST", ".*/deployments")
    assert b"<MediaLink>http://mystore.blob.core.windows.net/vhds/mist-" in asked.body
    assert b"<RoleSize>Small</RoleSize>" in asked.body
    provider.destroy(machine.external_id)
    assert cloud.services == {}


@pytest.mark.parametrize(("roles", "path"), [(("a",), "deployments/d"), (("a", "b"), "deployments/d/roles/a")])
def test_a_cloud_service_of_others_stays(cloud: ClassicAzure, roles: tuple[str, ...], path: str) -> None:
    told = {"size": "Small", "status": "ReadyRole"}
    parts = {"Description": "theirs", "Location": "West Europe", "Label": "", "deployment": "d"}
    cloud.services["theirs"] = {**parts, "roles": {role: dict(told) for role in roles}}
    provider = opened(cloud)
    assert len(provider.list_machines()) == len(roles)
    provider.destroy("theirs/a")
    assert "theirs" in cloud.services
    assert [request.path.partition("/theirs/")[2] for request in cloud.seen if request.method == "DELETE"] == [path]
    assert {machine.name for machine in provider.list_machines()} == set(roles) - {"a"}


def test_a_create_that_was_cut_off_goes_on(cloud: ClassicAzure) -> None:
    provider = opened(cloud)
    with cloud.refusing("POST", ".*/deployments", refusal(500, "InternalError", "Try again.")):
        with pytest.raises(errors.ProviderUnreachable):
            provider.create(SPEC)
        assert provider.find_marked(SPEC.mark) is None
    machine = provider.create(SPEC)
    assert provider.find_marked(SPEC.mark) is not None
    with pytest.raises(errors.ProviderRejected, match="occupied"):
        provider.create(SPEC)
    assert [each.external_id for each in provider.list_machines()] == [machine.external_id]


def test_a_stop_deallocates(cloud: ClassicAzure) -> None:
    provider = opened(cloud)
    machine = provider.create(SPEC)
    provider.stop(machine.external_id)
    assert b"StoppedDeallocated" in cloud.seen[-1].body
    assert provider.known(machine.external_id).state is MachineState.STOPPED


def test_a_location_without_a_storage_account(cloud: ClassicAzure) -> None:
    provider = opened(cloud)
    elsewhere = replace(SPEC, location="North Europe")
    with pytest.raises(errors.Conflict, match="storage account"):
        provider.create(elsewhere)
    assert cloud.services == {}
    provider.create(replace(elsewhere, extra={"storage_account": "mystore"}))


def test_key_and_user_data_are_both_told() -> None:
    parts = message_from_bytes(
        base64.b64decode(custom_data(replace(SPEC, user_data="#!/bin/sh\n")) or "")
    ).get_payload()
    assert isinstance(parts, list)
    keys, script = parts
    assert keys.get_content_type() == "text/cloud-config"
    assert f"  - '{KEY}'".replace("me's", "me''s") in str(keys.get_payload())
    assert (script.get_content_type(), script.get_payload()) == ("text/x-shellscript", "#!/bin/sh\n")
    assert custom_data(replace(SPEC, public_key=None)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"name": "1web"},
        {"name": "ab"},
        {"name": "web_1"},
        {"size": None},
        {"location": None},
        {"networks": ("a",)},
        {"image": "a b"},
        {"extra": {"storage_account": "No-Such"}},
    ],
)
def test_a_create_that_azure_would_refuse(change: dict[str, Any]) -> None:
    Azure.check_spec(SPEC)
    with pytest.raises(errors.InvalidInput):
        Azure.check_spec(replace(SPEC, **change))


def test_the_words_of_azure_are_passed_on(cloud: ClassicAzure) -> None:
    limit = refusal(409, "ConflictError", "The policy limit for 'cores' was exceeded & so on.")
    with cloud.refusing("POST", ".*/deployments", limit), pytest.raises(errors.ProviderQuota, match="exceeded & so on"):
        opened(cloud).create(SPEC)
