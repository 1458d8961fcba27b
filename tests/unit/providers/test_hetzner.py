"""Hetzner's rules, what a create says, and the vendor's library kept from waiting and trying again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Account
from mistserver.providers.hetzner import Hetzner
from mistserver.providers.hetzner.readings import as_label, as_tag
from tests.lab.clouds.hetzner import TOKEN, HetznerCloud, refusal
from tests.lab.stand_in import Reply

pytest.importorskip("hcloud", reason="hcloud is not installed: make install")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMISTMISTMISTMISTMISTMISTMISTMISTMISTMISTMIS me"


def spec(**changes: Any) -> MachineSpec:
    given = {"name": "web", "mark": "m", "image": "debian-13", "size": "cx22"}
    return MachineSpec(**{**given, **changes})


def opened(cloud: HetznerCloud, timeout_s: float = 20.0) -> Hetzner:
    settings = Hetzner.read_settings({"token": TOKEN})
    provider = Hetzner(Account(settings=settings, endpoint=cloud.url, timeout_s=timeout_s))
    provider.open()
    return provider


@pytest.fixture
def cloud() -> Iterator[HetznerCloud]:
    with HetznerCloud() as cloud:
        yield cloud


@pytest.fixture
def provider(cloud: HetznerCloud) -> Iterator[Hetzner]:
    provider = opened(cloud)
    yield provider
    provider.close()


@pytest.fixture
def sleepless(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError(f"slept for {seconds} s")

    monkeypatch.setattr(time, "sleep", sleep)


@pytest.mark.usefixtures("sleepless")
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(429, "rate_limit_exceeded", "limit of 3600 requests per hour reached"), errors.ProviderRateLimited),
        (refusal(409, "conflict", "the resource changed meanwhile"), errors.ProviderRateLimited),
        (refusal(423, "locked", "server is locked"), errors.ProviderRateLimited),
        (refusal(504, "timeout", "timed out"), errors.ProviderTimeout),
        (refusal(502, "bad_gateway", "bad gateway"), errors.ProviderUnreachable),
        (Reply(502, "<html>bad gateway</html>"), errors.ProviderUnreachable),
        (Reply(504, ""), errors.ProviderUnreachable),
        (Reply(200, "<html>welcome</html>"), errors.ProviderBadAnswer),
    ],
)
def test_the_library_asks_once_and_never_sleeps(
    provider: Hetzner, cloud: HetznerCloud, reply: Reply, kind: type[errors.MistError]
) -> None:
    with cloud.refusing("GET", "/v1/servers", reply), pytest.raises(kind):
        provider.list_machines()
    assert len(cloud.asked("GET", "/v1/servers")) == 1


def test_a_library_that_is_built_otherwise_is_named(cloud: HetznerCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hcloud.Client", lambda token, api_endpoint: object())
    with pytest.raises(errors.ProviderNotAvailable, match=r"hcloud>=2\.27"):
        opened(cloud)


@pytest.mark.usefixtures("sleepless")
def test_an_action_is_not_waited_for(provider: Hetzner, cloud: HetznerCloud) -> None:
    id = provider.create(spec()).external_id
    provider.stop(id)
    assert cloud.asked("GET", ".*/actions.*") == []


def test_a_list_that_does_not_tell_of_more_is_a_bad_answer(provider: Hetzner, cloud: HetznerCloud) -> None:
    whole = Reply(200, {"servers": []})
    with cloud.refusing("GET", "/v1/servers", whole), pytest.raises(errors.ProviderBadAnswer):
        provider.list_machines()


def test_everything_asked_for_is_in_the_call(provider: Hetzner, cloud: HetznerCloud) -> None:
    extra = {"firewalls": [7], "placement_group": 8, "public_ipv4": False}
    wanted = spec(tags=("env=prod", "blue"), location="1", networks=("4711",), user_data="#!/bin/sh", extra=extra)
    Hetzner.check_spec(wanted)
    machine = provider.create(wanted)
    (sent,) = cloud.created
    assert sent["labels"] == {"mist-mark": "m", "env": "prod", "blue": ""}
    assert (sent["location"], sent["networks"], sent["user_data"]) == ("hel1", [4711], "#!/bin/sh")
    assert (sent["firewalls"], sent["placement_group"]) == ([{"firewall": 7}], 8)
    assert sent["public_net"] == {"enable_ipv4": False, "enable_ipv6": True}
    assert (machine.tags, machine.location, machine.private_ips) == (("blue", "env=prod"), "hel1", ("10.0.1.2",))


def test_what_was_not_asked_for_is_left_to_the_vendor(provider: Hetzner, cloud: HetznerCloud) -> None:
    provider.create(spec(image="15"))
    (sent,) = cloud.created
    assert sent["image"] == 15
    assert not sent.keys() & {"location", "networks", "public_net", "firewalls", "user_data", "ssh_keys"}


def test_a_key_is_brought_once(provider: Hetzner, cloud: HetznerCloud) -> None:
    for name in ("one", "two"):
        provider.create(spec(name=name, public_key=KEY, key_name="mine"))
    assert [key["public_key"] for key in cloud.keys] == [KEY]
    assert cloud.keys[0]["name"].startswith("mine ")
    assert [sent["ssh_keys"] for sent in cloud.created] == [[1], [1]]


def test_a_key_that_another_create_brought_meanwhile_serves(
    provider: Hetzner, cloud: HetznerCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.create(spec(public_key=KEY))
    found = iter([None, SimpleNamespace(id_or_name=1)])
    monkeypatch.setattr(provider._client.ssh_keys, "get_by_fingerprint", lambda fingerprint: next(found))
    provider.create(spec(name="two", public_key=KEY))
    assert cloud.created[-1]["ssh_keys"] == [1]


@pytest.mark.parametrize("key", ["", "ssh-rsa", "ssh-rsa not/base64!"])
def test_a_key_of_another_form_is_refused(provider: Hetzner, key: str) -> None:
    with pytest.raises(errors.InvalidInput, match="OpenSSH"):
        provider.create(spec(public_key=key or " "))


def test_prices_are_without_vat_and_say_so(provider: Hetzner) -> None:
    sizes = {size.id: size for size in provider.list_sizes()}
    assert set(sizes) == {"cx22", "cx32"}
    size = sizes["cx22"]
    assert (size.price, size.currency, size.cores, size.ram_mb) == (0.006, "EUR", 2, 4096)
    assert (size.extra["vat"], size.extra["vat_rate_percent"]) == ("not included", 19.0)
    assert size.extra["locations"]["fsn1"]["hour_gross"] == pytest.approx(0.00714)


def test_an_image_of_two_architectures_is_shown_once(provider: Hetzner) -> None:
    shown = {image.id: image for image in provider.list_images()}
    assert shown["debian-13"].extra["architectures"] == ["x86", "arm"]
    assert shown["15"].name == "my golden image"


@pytest.mark.parametrize("name", ["a", "web-1.example.org", "A" * 63])
def test_a_good_name_passes(name: str) -> None:
    Hetzner.check_spec(spec(name=name))


@pytest.mark.parametrize(
    "name", ["-a", "a-", "a_b", "a..b", "a" * 64, "a b", "müller", ".".join(["a" * 60] * 5), "a\n"]
)
def test_a_name_that_is_no_host_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(errors.InvalidInput, match="RFC 1123"):
        Hetzner.check_spec(spec(name=name))


@pytest.mark.parametrize(
    "changes",
    [
        {"size": None},
        {"networks": ("inside",)},
        {"networks": ("1", "2", "3", "4")},
        {"extra": {"firewalls": ["all"]}},
        {"extra": {"volume": 1}},
        {"user_data": "x" * 32769},
        {"tags": ("with blank",)},
    ],
)
def test_what_hetzner_would_refuse_is_refused_before_any_call(changes: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidInput):
        Hetzner.check_spec(spec(**changes))


@pytest.mark.parametrize("tag", ["blue", "env=prod", "a.b/c=1.2-3_4"])
def test_a_tag_survives_the_way_there_and_back(tag: str) -> None:
    assert as_tag(*as_label(tag)) == tag


@pytest.mark.parametrize("tag", ["", "=x", "env=", "a=b=c", "-a", "a=b-", "x" * 64, "mist-mark=1", "mist-mark"])
def test_a_tag_that_is_no_label_is_refused(tag: str) -> None:
    with pytest.raises(errors.InvalidInput, match="KEY=VALUE"):
        as_label(tag)


@pytest.mark.parametrize("id", ["1/actions/poweroff", "..", "1?x", "\u0661", "1" * 19, ""])
def test_only_numbers_reach_the_paths(provider: Hetzner, cloud: HetznerCloud, id: str) -> None:
    assert provider.read_machine(id) is None
    with pytest.raises(errors.ProviderNotFound):
        provider.reboot(id)
    assert cloud.seen == []
