from __future__ import annotations

import base64
import json

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers.lxd import Lxd
from mistserver.providers.lxd.settings import address, trusted_fingerprint

PAIR = {"cert_file": "a certificate", "key_file": "a key"}


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("lxd.example", "https://lxd.example:8443"),
        ("lxd.example:9443", "https://lxd.example:9443"),
        ("https://lxd.example", "https://lxd.example:8443"),
        ("https://lxd.example:444/", "https://lxd.example:444"),
        ("2001:db8::1", "https://[2001:db8::1]:8443"),
        ("[2001:db8::1]:9443", "https://[2001:db8::1]:9443"),
    ],
)
def test_an_address_is_taken_as_it_is_written(host: str, url: str) -> None:
    settings = Lxd.read_settings({"host": host, **PAIR})
    assert address(settings).url == url
    assert not Lxd.reaches_host(settings)


@pytest.mark.parametrize(
    "host", ["/var/snap/lxd/common/lxd/unix.socket", "unix:///var/snap/lxd/common/lxd/unix.socket"]
)
def test_a_socket_leads_to_the_services_own_host(host: str) -> None:
    settings = Lxd.read_settings({"host": host})
    assert address(settings).path == "/var/snap/lxd/common/lxd/unix.socket"
    assert Lxd.reaches_host(settings)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"host": "http://lxd.example", **PAIR}, "host"),
        ({"host": "https://u:p@lxd.example", **PAIR}, "host"),
        ({"host": "https://lxd.example/1.0", **PAIR}, "host"),
        ({"host": "a b", **PAIR}, "host"),
        ({"host": "lxd.example:99999", **PAIR}, "host"),
        ({"host": "lxd.example"}, "cert_file"),
        ({"host": "lxd.example", "cert_file": "c"}, "key_file"),
        ({"host": "lxd.example", **PAIR, "project": "a/b"}, "project"),
        ({"host": "lxd.example", **PAIR, "fingerprint": "abc"}, "fingerprint"),
        ({"host": "lxd.example", **PAIR, "image_server": "images.example"}, "image_server"),
    ],
)
def test_what_cannot_be_meant_names_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Lxd.read_settings(given)
    assert caught.value.facts["field"] == field


def test_a_token_tells_the_servers_fingerprint() -> None:
    told = {"client_name": "mist", "fingerprint": "AB" * 32, "addresses": [], "secret": "s"}
    token = base64.b64encode(json.dumps(told).encode()).decode()
    assert trusted_fingerprint(Lxd.read_settings({"host": "h", **PAIR, "token": token})) == "ab" * 32
    for other in ("a trust password", base64.b64encode(b"[]").decode(), base64.b64encode(b"{}").decode()):
        assert trusted_fingerprint(Lxd.read_settings({"host": "h", **PAIR, "token": other})) is None


@pytest.mark.parametrize("name", ["1abc", "-a", "a-", "a.b", "a_b", "a b", "é", "a" * 64, "123"])
def test_names_that_no_host_could_have_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="a letter first"):
        Lxd.check_spec(MachineSpec(name=name, mark="m", image="i"))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"size": "big"}, "size"),
        ({"extra": {"type": "jail"}}, "extra.type"),
        ({"extra": {"config": {"user.mist-mark": "x"}}}, "extra.config"),
        ({"extra": {"config": {"limits.cpu": 1}}}, "extra.config"),
        ({"extra": {"profiles": [1]}}, "extra.profiles"),
        ({"extra": {"flavour": "x"}}, "extra"),
    ],
)
def test_options_are_looked_at_before_any_call(spec: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Lxd.check_spec(MachineSpec(name="a", mark="m", image="i", **spec))  # type: ignore[arg-type]
    assert caught.value.facts["field"] == field
