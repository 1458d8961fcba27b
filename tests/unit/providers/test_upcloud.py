"""UpCloud's rules, what a create says, both ways to sign in, and machines that are off before they go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec, MachineState
from mistserver.providers.base import Account
from mistserver.providers.upcloud import UpCloud
from mistserver.providers.upcloud.readings import as_label
from tests.lab.clouds.upcloud import DEBIAN, NETWORK, OWN, PASSWORD, TOKEN, USER, UpCloudCloud, refusal
from tests.lab.stand_in import Reply

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFU me"
INSIDE = str(NETWORK["uuid"])


def spec(**changes: Any) -> MachineSpec:
    given = {"name": "web", "mark": "m", "image": DEBIAN, "size": "1xCPU-1GB", "location": "fi-hel1"}
    return MachineSpec(**{**given, **changes})


def opened(cloud: UpCloudCloud, **given: str) -> UpCloud:
    provider = UpCloud(Account(settings=UpCloud.read_settings(given), endpoint=f"{cloud.url}/1.3"))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[UpCloudCloud]:
    with UpCloudCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: UpCloudCloud) -> Iterator[UpCloud]:
    provider = opened(cloud, token=TOKEN)
    yield provider
    provider.close()


def test_a_user_with_a_password_is_let_in_too(cloud: UpCloudCloud) -> None:
    opened(cloud, username=USER, password=PASSWORD).check()
    with pytest.raises(errors.ProviderAuthFailed):
        opened(cloud, username=USER, password="wrong").check()


@pytest.mark.parametrize(
    "given", [{}, {"username": "u"}, {"password": "p"}, {"token": "t", "username": "u", "password": "p"}]
)
def test_it_is_either_a_token_or_a_user(given: dict[str, str]) -> None:
    with pytest.raises(errors.InvalidInput, match="either token"):
        UpCloud.read_settings(given)


def test_everything_asked_for_is_in_the_call(provider: UpCloud, cloud: UpCloudCloud) -> None:
    extra = {"firewall": True, "timezone": "Europe/Helsinki", "username": "admin", "storage_size": 30}
    wanted = spec(
        location="london #1",
        public_key=KEY,
        user_data="#!/bin/sh",
        tags=("env=prod", "blue"),
        networks=(INSIDE,),
        extra=extra,
    )
    UpCloud.check_spec(wanted)
    machine = provider.create(wanted)
    (sent,) = cloud.created
    assert (sent["title"], sent["hostname"], sent["zone"], sent["plan"]) == ("web", "web", "uk-lon1", "1xCPU-1GB")
    assert sent["labels"]["label"] == [
        {"key": "mist-mark", "value": "m"},
        {"key": "env", "value": "prod"},
        {"key": "blue", "value": ""},
    ]
    assert sent["login_user"] == {"username": "admin", "create_password": "no", "ssh_keys": {"ssh_key": [KEY]}}
    assert (sent["user_data"], sent["firewall"], sent["timezone"]) == ("#!/bin/sh", "on", "Europe/Helsinki")
    disk = {"action": "clone", "storage": DEBIAN, "title": "web disk", "size": 30, "tier": "maxiops"}
    assert sent["storage_devices"]["storage_device"] == [disk]
    kinds = [(each["type"], each.get("network")) for each in sent["networking"]["interfaces"]["interface"]]
    assert kinds == [("public", None), ("utility", None), ("public", None), ("private", INSIDE)]
    assert (machine.tags, machine.mark, machine.state) == (("blue", "env=prod"), "m", MachineState.PENDING)


def test_a_plan_without_a_disk_takes_the_images(provider: UpCloud, cloud: UpCloudCloud) -> None:
    provider.create(spec(size="CLOUDNATIVE-1xCPU-4GB", image=OWN))
    (disk,) = cloud.created[0]["storage_devices"]["storage_device"]
    assert disk == {"action": "clone", "storage": OWN, "title": "web disk"}


def test_a_size_that_there_is_not_is_named(provider: UpCloud, cloud: UpCloudCloud) -> None:
    with pytest.raises(errors.InvalidInput, match="it has 1xCPU-1GB, 2xCPU-4GB"):
        provider.create(spec(size="huge"))
    assert cloud.created == []


def test_passwords_that_upcloud_makes_are_shown_nowhere(provider: UpCloud) -> None:
    assert not any(secret in repr(provider.create(spec())) for secret in ("777gznbm", "G4FvMjvg"))


def test_a_list_has_the_addresses_of_each(provider: UpCloud, cloud: UpCloudCloud) -> None:
    cloud.fill(2)
    for machine in provider.list_machines():
        assert machine.public_ips == ("203.0.113.7", "2001:db8:1000:720::1")
        assert machine.private_ips == ("10.6.2.151",)
    assert len(cloud.seen) == 2


def test_prices_are_cents_in_the_currency_of_the_account(provider: UpCloud) -> None:
    sizes = {size.id: size for size in provider.list_sizes()}
    assert (sizes["1xCPU-1GB"].price, sizes["1xCPU-1GB"].currency) == (0.00744, "EUR")
    assert sizes["1xCPU-1GB"].extra["locations"] == {"fi-hel1": 0.00744, "uk-lon1": 0.008}
    assert (sizes["CLOUDNATIVE-1xCPU-4GB"].price, sizes["CLOUDNATIVE-1xCPU-4GB"].currency) == (None, None)


def test_without_the_currency_there_is_no_price(provider: UpCloud, cloud: UpCloudCloud) -> None:
    refused = refusal(403, "ACCOUNT_FORBIDDEN", "The account details are not yours.")
    with cloud.refusing("GET", "/1.3/account/details/.*", refused):
        assert {size.price for size in provider.list_sizes()} == {None}


def test_a_running_machine_is_off_before_it_goes(provider: UpCloud, cloud: UpCloudCloud) -> None:
    id = provider.create(spec()).external_id
    provider.destroy(id)
    assert cloud.asked("POST", ".*/stop")[0].json == {"stop_server": {"stop_type": "hard"}}
    assert cloud.asked("DELETE", ".*")[0].query == {"storages": "1"}
    assert cloud.servers == {}


def test_while_it_is_going_off_a_destroy_may_be_tried_again(provider: UpCloud, cloud: UpCloudCloud) -> None:
    id = provider.create(spec()).external_id
    still_on = refusal(409, "SERVER_STATE_ILLEGAL", "The server is in state started.")
    with (
        cloud.refusing("DELETE", ".*", still_on),
        pytest.raises(errors.ProviderRateLimited, match="in a moment") as caught,
    ):
        provider.destroy(id)
    assert caught.value.retryable
    provider.destroy(id)
    assert cloud.servers == {}


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (refusal(400, "SERVER_INVALID", "The server UUID is invalid."), errors.ProviderNotFound, "UUID is invalid"),
        (
            Reply(403, {"type": "https://x/1.3/errors#ERROR_TRIAL_PLAN", "title": "Not in the trial.", "status": 403}),
            errors.ProviderQuota,
            "Not in the trial",
        ),
        (
            Reply(400, {"type": "INVALID_REQUEST", "title": "Validation error.", "status": 400}),
            errors.ProviderRejected,
            "Validation error",
        ),
        (Reply(500, {"error": {}}), errors.ProviderUnreachable, "status 500"),
    ],
)
def test_both_forms_of_a_refusal_are_read(
    provider: UpCloud, cloud: UpCloudCloud, reply: Reply, kind: type[errors.MistError], says: str
) -> None:
    id = provider.create(spec()).external_id
    with cloud.refusing("POST", ".*/restart", reply), pytest.raises(kind, match=says):
        provider.reboot(id)


@pytest.mark.parametrize("name", ["a", "web-1.example.org"])
def test_a_good_name_passes(name: str) -> None:
    UpCloud.check_spec(spec(name=name))


@pytest.mark.parametrize("name", ["-a", "a_b", "a..b", "a" * 64, ".".join(["a" * 60] * 3), "a b", "müller"])
def test_a_name_that_is_no_host_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="host names"):
        UpCloud.check_spec(spec(name=name))


@pytest.mark.parametrize(
    "changes",
    [
        {"size": None},
        {"location": None},
        {"image": "debian"},
        {"networks": ("inside",)},
        {"networks": (INSIDE,) * 6},
        {"extra": {"firewall": "on"}},
        {"extra": {"host": 1}},
        {"tags": ("x",)},
    ],
)
def test_what_upcloud_would_refuse_is_refused_before_any_call(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        UpCloud.check_spec(spec(**changes))


@pytest.mark.parametrize(
    "tag", ["x", "_hidden", "with blank", "env=", "=x", "k" * 33, "mist-mark=1", "m\u00fc", "a\u00e9=b"]
)
def test_a_tag_that_is_no_label_is_refused(tag: str) -> None:
    with pytest.raises(errors.InvalidInput, match="KEY=VALUE"):
        as_label(tag)


def test_networks_of_the_account_are_listed(provider: UpCloud) -> None:
    (network,) = provider.list_networks()
    assert (network.id, network.name, network.subnets[0]["cidr"]) == (INSIDE, "inside", "172.16.0.0/22")
