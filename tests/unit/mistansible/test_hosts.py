"""What machines are called in an inventory, whatever they are called in their cloud."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mist.mist.plugins.plugin_utils import _hosts

ODD = ["", "-x", "a/b", "../x", "a b", "a,b", "a:b", "a[1]", "{{ x }}", "a\nb", "a\0b", "!a", "*", "~a", "\u202ea"]
TAKEN = ["all", "ALL", "ungrouped", "localhost", "127.0.0.1", "tag_web", "state_running"]


def record(name: str, id: str = "m1", **changed: Any) -> dict[str, Any]:
    empty = {"public_ips": [], "private_ips": [], "ssh_host": None, "ssh_port": None}
    return {"name": name, "id": id, **empty, **changed}


def test_a_plain_name_is_kept() -> None:
    names = ["web-1", "db.example.com", "ünïcode", "user@host", "10.0.0.1", "a+b_c"]

    assert _hosts.host_names([record(name, str(n)) for n, name in enumerate(names)]) == names


@pytest.mark.parametrize("name", ODD + TAKEN)
def test_any_other_is_known_by_its_id(name: str) -> None:
    assert _hosts.host_names([record(name)]) == ["m1"]


def test_names_that_several_have_are_told_apart() -> None:
    records = [record("web", "m1"), record("db", "m2"), record("web", "m3")]

    assert _hosts.host_names(records) == ["web_m1", "db", "web_m3"]


def test_one_that_is_called_as_another_is_here_does_not_take_its_place() -> None:
    records = [record("{{ x }}", "m1"), record("m1", "m2"), record("web", "m3"), record("web", "m4")]

    assert _hosts.host_names([*records, record("web_m3", "m5")]) == ["m1", "m2", "web_m3", "web_m4", "m5"]


@given(st.lists(st.text() | st.sampled_from(["m0", "m1", "web", "web_m1", "web_m2"]), max_size=8))
def test_every_machine_is_called_something_of_its_own(names: list[str]) -> None:
    called = _hosts.host_names([record(name, f"m{number}") for number, name in enumerate(names)])

    assert len(set(called)) == len(names)
    assert all(name and "/" not in name and "{" not in name and "\n" not in name for name in called)


def test_what_could_be_a_template_is_marked_at_any_depth() -> None:
    value = {"{{ k }}": ["plain", "{{ x }}", {"deep": "{% y %}"}], "number": 1, "none": None}

    marked = _hosts.as_text(value)

    assert marked == value
    assert marked["number"] == 1


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"public_ips": ["2001:db8::1", "203.0.113.7"], "private_ips": ["10.0.0.1"]}, "203.0.113.7"),
        ({"private_ips": ["10.0.0.1"]}, "10.0.0.1"),
        ({"public_ips": ["203.0.113.7"], "ssh_host": "bastion"}, "bastion"),
        ({"public_ips": ["-oProxyCommand=sh", "203.0.113.7"]}, "203.0.113.7"),
        ({"public_ips": ["::1"]}, "::1"),
        ({}, None),
    ],
)
def test_the_address(changed: dict[str, Any], expected: str | None) -> None:
    assert _hosts.address(record("web", **changed)) == expected


def test_direct_connections_take_what_the_association_says() -> None:
    door = {"host": None, "port": 2222, "user": "deploy", "key_name": "fleet"}

    assert _hosts.directly(record("web", public_ips=["203.0.113.7"]), door) == {
        "ansible_host": "203.0.113.7", "ansible_port": 2222, "ansible_user": "deploy", "mist_key": "fleet",
    }  # fmt: skip
    assert _hosts.directly(record("web", public_ips=["203.0.113.7"], ssh_port=22), None) == {
        "ansible_host": "203.0.113.7", "ansible_port": 22,
    }  # fmt: skip
