"""Compute Engine: credentials in all their forms, lists that would be incomplete, and what goes into a create."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.gce import Gce, catalog
from mistserver.providers.gce.create import body
from mistserver.providers.gce.machines import reading
from tests.lab.certificates import Authority
from tests.lab.clouds.gce import GceCloud
from tests.lab.clouds.gce_project import EMAIL, PROJECT, pem
from tests.lab.faults import answering
from tests.lab.stand_in import Answer, Reply, Request, StandIn

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5 me"
SPEC = MachineSpec(
    name="web-1",
    mark="7oDk2Lw-0",
    image="projects/debian-cloud/global/images/family/debian-13",
    size="e2-micro",
    location="us-central1-a",
)
ACCOUNT = {
    "type": "service_account",
    "project_id": PROJECT,
    "client_email": EMAIL,
    "private_key": pem(),
    "token_uri": "https://oauth2.googleapis.com/token",
}
USER = {
    "type": "authorized_user",
    "client_id": "c",
    "client_secret": "not the secret",
    "refresh_token": "1//r",
    "quota_project_id": PROJECT,
}
IAM = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"
IMPERSONATED = {"type": "impersonated_service_account", "service_account_impersonation_url": IAM}
EXTERNAL = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/o",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"url": "https://issuer.example.com/token"},
}


def read(key: Any, **more: Any) -> Any:
    text = key if isinstance(key, str) else json.dumps(key)
    return Gce.read_settings({"private_key": text, **more})


def opened(cloud: StandIn, settings: Any = None) -> Gce:
    provider = Gce(Account(settings=settings or read(ACCOUNT), endpoint=cloud.url))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[GceCloud]:
    with GceCloud() as cloud:
        yield cloud


class Tokens(StandIn):
    """Google's services for tokens, and an empty project."""

    def handle(self, request: Request) -> Answer:
        if request.path.endswith(":generateAccessToken"):
            return {"accessToken": "impersonated", "expireTime": "2099-01-01T00:00:00Z"}
        if request.path.endswith("/aggregated/instances"):
            return {"kind": "compute#instanceAggregatedList", "items": {}}
        return {"access_token": "plain", "expires_in": 3599, "token_type": "Bearer"}


def test_a_key_in_pem_form_needs_its_email_and_project() -> None:
    assert read(pem(), email=EMAIL, project_id=PROJECT).project_id == PROJECT
    assert read(pem().replace("\n", "\\n"), email=EMAIL, project_id=PROJECT)
    with pytest.raises(errors.InvalidInput, match="email"):
        read(pem(), project_id=PROJECT)
    with pytest.raises(errors.InvalidInput, match="project"):
        read(pem(), email=EMAIL)


def test_json_says_the_rest() -> None:
    assert read(ACCOUNT).project_id == PROJECT
    assert read(USER).project_id == PROJECT
    assert read({**IMPERSONATED, "source_credentials": USER}, project_id="other-1").project_id == "other-1"


@pytest.mark.parametrize(
    "key",
    [
        "no key at all",
        "{",
        {"type": "gdch_service_account"},
        {**ACCOUNT, "private_key": "no key"},
        {**ACCOUNT, "token_uri": "https://attacker.example.com/token"},
        {**ACCOUNT, "token_uri": "http://oauth2.googleapis.com/token"},
        {**ACCOUNT, "token_uri": "https://googleapis.com.example.com/token"},
        {**ACCOUNT, "universe_domain": "example.com"},
        {**IMPERSONATED, "source_credentials": {"type": "external_account"}},
        {**IMPERSONATED, "source_credentials": {**ACCOUNT, "token_uri": "https://attacker.example.com"}},
        {**IMPERSONATED, "service_account_impersonation_url": "https://x.example.com/", "source_credentials": USER},
        {**EXTERNAL, "credential_source": {"file": "/etc/shadow"}},
        {**EXTERNAL, "credential_source": {"executable": {"command": "id"}}},
        {**EXTERNAL, "credential_source": {"url": "http://169.254.169.254/token"}},
        {**EXTERNAL, "credential_source": {"environment_id": "aws1", "url": "https://x.example.com"}},
        {**EXTERNAL, "token_url": "https://attacker.example.com/token"},
    ],
)
def test_credentials_that_cannot_be_used_or_would_lead_elsewhere(key: Any) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        read(key, email=EMAIL, project_id=PROJECT)
    assert caught.value.facts["field"] == "private_key"


@pytest.mark.parametrize(
    ("key", "paths", "token"),
    [
        (ACCOUNT, ["/token"], "plain"),
        (USER, ["/token"], "plain"),
        (
            {**IMPERSONATED, "source_credentials": USER, "quota_project_id": PROJECT},
            ["/token", IAM.removeprefix("https://iamcredentials.googleapis.com")],
            "impersonated",
        ),
    ],
)
def test_each_kind_of_json_gets_a_token(key: Any, paths: list[str], token: str) -> None:
    with Tokens() as cloud:
        assert opened(cloud, read(key, project_id=PROJECT)).list_machines() == []
        assert [each.path for each in cloud.seen[:-1]] == paths
        assert cloud.seen[-1].headers["authorization"] == f"Bearer {token}"


def test_the_token_of_another_identity_provider_is_exchanged() -> None:
    authority = Authority()
    subject = answering(200, b"subject", "text/plain", tls=authority.server("127.0.0.1"))
    with Tokens() as cloud, subject as port:
        source = {"url": f"https://127.0.0.1:{port}/token"}
        settings = read({**EXTERNAL, "credential_source": source}, project_id=PROJECT)
        provider = Gce(Account(settings=settings, endpoint=cloud.url, ca_pem=authority.pem))
        provider.open()
        assert provider.list_machines() == []
        exchange = cloud.seen[0]
    assert exchange.path == "/v1/token"
    assert exchange.form["subject_token"] == "subject"


def test_a_refused_user_is_told_so() -> None:
    with Tokens() as cloud:
        refused = Reply(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
        with cloud.refusing("POST", "/token", refused), pytest.raises(errors.ProviderAuthFailed, match="revoked"):
            opened(cloud, read(USER)).check()
        assert len(cloud.seen) == 1


def test_a_zone_that_was_not_read_is_no_shorter_list(cloud: GceCloud) -> None:
    cloud.unread = {"zones/asia-east1-a": {"warning": {"code": "UNREACHABLE", "message": "The zone is unreachable."}}}
    with pytest.raises(errors.ProviderUnreachable, match="asia-east1-a"):
        opened(cloud).list_machines()


@pytest.mark.parametrize(
    "part", [{"unreachables": ["zones/asia-east1-a"]}, {"warning": {"code": "PARTIAL_SUCCESS"}}, {"items": ["x"]}]
)
def test_a_list_that_says_it_is_not_whole(part: dict[str, Any]) -> None:
    class Partial(Tokens):
        def handle(self, request: Request) -> Answer:
            answer = super().handle(request)
            return {**answer, **part} if isinstance(answer, dict) and "kind" in answer else answer

    with Partial() as cloud, pytest.raises((errors.ProviderUnreachable, errors.ProviderBadAnswer)):
        opened(cloud).list_machines()


def test_a_create_that_fails_later_says_why(cloud: GceCloud) -> None:
    cloud.sold_out = True
    provider = opened(cloud)
    machine = provider.create(SPEC)
    assert machine.state is MachineState.PENDING
    with pytest.raises(errors.ProviderQuota, match="does not have enough"):
        provider.read_machine(machine.external_id)


def test_a_repeated_create_makes_no_second_machine(cloud: GceCloud) -> None:
    provider = opened(cloud)
    first, second = provider.create(SPEC), provider.create(SPEC)
    assert first == second
    assert len(provider.list_machines()) == 1


def test_a_name_that_is_taken(cloud: GceCloud) -> None:
    provider = opened(cloud)
    provider.create(SPEC)
    with pytest.raises(errors.ProviderRejected, match="already exists"):
        provider.create(replace(SPEC, mark="another"))


@pytest.mark.parametrize("name", ["Web", "1web", "web_1", "web.example.com", "a" * 64, "web-", ""])
def test_names_that_google_refuses(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="63"):
        Gce.check_spec(replace(SPEC, name=name))


@pytest.mark.parametrize(
    "change",
    [
        {"size": None},
        {"location": None},
        {"networks": ("a", "b")},
        {"tags": ("env=prod",)},
        {"image": "../../x"},
        {"extra": {"disk_gb": "20"}},
        {"extra": {"ssh_user": "a:b"}},
        {"public_key": f"{KEY}\nroot:{KEY}"},
    ],
)
def test_a_create_that_would_be_refused(change: dict[str, Any]) -> None:
    Gce.check_spec(SPEC)
    with pytest.raises(errors.InvalidInput):
        Gce.check_spec(replace(SPEC, **change))


def sent(cloud: GceCloud, **change: Any) -> dict[str, Any]:
    return body(opened(cloud)._api, replace(SPEC, **change), "us-central1-a")


def test_a_key_belongs_to_the_user_of_the_distribution(cloud: GceCloud) -> None:
    def keys(**change: Any) -> str:
        items = sent(cloud, public_key=KEY, **change)["metadata"]["items"]
        return next(item["value"] for item in items if item["key"] == "ssh-keys")

    assert keys() == f"debian:{KEY}"
    assert keys(image="projects/rocky-linux-cloud/global/images/family/rocky-linux-9") == f"rocky:{KEY}"
    assert keys(image="my-image") == f"user:{KEY}"
    assert keys(extra={"ssh_user": "me"}) == f"me:{KEY}"


def test_user_data_goes_where_it_is_read(cloud: GceCloud) -> None:
    def names(data: str) -> set[str]:
        return {item["key"] for item in sent(cloud, user_data=data)["metadata"]["items"]} - {"mist-mark"}

    assert names("#!/bin/sh\n") == {"startup-script"}
    assert names("#cloud-config\n") == {"user-data"}


def test_where_a_machine_is_put(cloud: GceCloud) -> None:
    def place(*networks: str, **change: Any) -> dict[str, Any]:
        found = dict(sent(cloud, networks=networks, **change)["networkInterfaces"][0])
        found.pop("accessConfigs", None)
        return found

    by_hand = {"network": "global/networks/by-hand", "subnetwork": "regions/us-central1/subnetworks/first"}
    assert place() == {"network": "global/networks/default"}
    assert place("default") == {"network": "global/networks/default"}
    assert place("by-hand") == by_hand
    assert place("regions/us-central1/subnetworks/x") == {"subnetwork": "regions/us-central1/subnetworks/x"}
    with pytest.raises(errors.InvalidInput, match="another region"):
        place("regions/europe-west1/subnetworks/x")
    with pytest.raises(errors.ProviderNotFound, match="no network"):
        place("nowhere")


def test_a_location_is_a_zone_or_its_position(cloud: GceCloud) -> None:
    api = opened(cloud)._api
    assert catalog.zone(api, "us-central1-a") == catalog.zone(api, "1") == "us-central1-a"
    for wrong in ("9", "mars", "1" * 5000, "²"):
        with pytest.raises(errors.InvalidInput, match="list-locations"):
            catalog.zone(api, wrong)


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("projects/p/global/images/i", "projects/p/global/images/i"),
        ("https://www.googleapis.com/compute/v1/projects/p/global/images/i", "projects/p/global/images/i"),
        ("debian-cloud/debian-12-v1", "projects/debian-cloud/global/images/debian-12-v1"),
        ("mine", f"projects/{PROJECT}/global/images/mine"),
    ],
)
def test_an_image_in_all_its_spellings(cloud: GceCloud, image: str, path: str) -> None:
    assert catalog.source_image(opened(cloud)._api, image) == path


def test_prices_are_those_of_its_cores_and_memory(cloud: GceCloud) -> None:
    sizes = {size.id: size for size in opened(cloud).list_sizes()}
    standard, micro = sizes["n2-standard-2"], sizes["e2-micro"]
    assert (standard.cores, standard.ram_mb, standard.currency) == (2, 8192, "USD")
    assert standard.price == pytest.approx(0.097118, abs=0.001)  # Google's own price in us-central1
    assert micro.price == pytest.approx(0.008376, abs=0.0005)
    assert standard.extra["locations"] == ["europe-west1-b", "us-central1-a"]
    assert (sizes["c9-standard-2"].price, sizes["c9-standard-2"].currency) == (None, None)


def test_addresses_of_both_families() -> None:
    interface = {
        "networkIP": "10.0.0.2",
        "accessConfigs": [{"natIP": "203.0.113.7"}, {}],
        "ipv6Address": "fd20::1",
        "ipv6AccessConfigs": [{"externalIpv6": "2600:1900::1"}],
    }
    machine = reading({"id": 7, "name": "x", "status": "NEW", "networkInterfaces": [interface]})
    assert machine.public_ips == ("203.0.113.7", "2600:1900::1")
    assert machine.private_ips == ("10.0.0.2", "fd20::1")
    assert machine.state is MachineState.UNKNOWN
