from __future__ import annotations

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.machine import MachineSpec
from mistserver.providers.proxmox import Proxmox
from mistserver.providers.proxmox.settings import url

TOKEN = {"token_id": "mist@pve!one", "token_secret": "s"}


@pytest.mark.parametrize(
    ("host", "where"),
    [
        ("pve.example", "https://pve.example:8006"),
        ("pve.example:443", "https://pve.example:443"),
        ("https://pve.example/", "https://pve.example:8006"),
        ("2001:db8::1", "https://[2001:db8::1]:8006"),
    ],
)
def test_an_address_is_taken_as_it_is_written(host: str, where: str) -> None:
    assert url(Proxmox.read_settings({"host": host, **TOKEN})) == where


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "token_id"),
        ({**TOKEN, "username": "root@pam", "password": "p"}, "token_id"),
        ({"token_id": "mist@pve!one"}, "token_secret"),
        ({"username": "root@pam"}, "password"),
        ({"username": "root", "password": "p"}, "username"),
        ({"token_id": "mist@pve", "token_secret": "s"}, "token_id"),
        ({**TOKEN, "token_secret": "a b"}, "token_secret"),
        ({**TOKEN, "fingerprint": "12:34"}, "fingerprint"),
        ({**TOKEN, "host": "http://pve.example"}, "host"),
        ({**TOKEN, "host": "pve.example/api2"}, "host"),
    ],
)
def test_what_cannot_be_meant_names_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Proxmox.read_settings({"host": "pve.example", **given})
    assert caught.value.facts["field"] == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "a_b"}, "name"),
        ({"name": "-a"}, "name"),
        ({"name": "a..b"}, "name"),
        ({"image": "debian"}, "image"),
        ({"image": "local:backup/x"}, "image"),
        ({"size": "big"}, "size"),
        ({"user_data": "#!/bin/sh"}, "user_data"),
        ({"image": "local:iso/x.iso", "public_key": "ssh-rsa A"}, "key"),
        ({"networks": ("vmbr0,tag=7",)}, "networks"),
        ({"tags": ("a b",)}, "tag"),
        ({"tags": ("Blue",)}, "tag"),
        ({"extra": {"ip": "a\nb"}}, "extra.ip"),
        ({"extra": {"full": "yes"}}, "extra"),
    ],
)
def test_a_create_is_looked_at_before_any_call(given: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Proxmox.check_spec(MachineSpec(**{"name": "a", "mark": "m", "image": "9000", **given}))  # type: ignore[arg-type]
    assert caught.value.facts["field"] == field
