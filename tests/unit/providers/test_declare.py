"""Settings: what a user sends becomes a checked record, and an error names the field, never the value."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.providers import registry
from mistserver.providers.declare import declared


def test_blanks_are_cut_and_numbers_understood() -> None:
    settings = registry.load("bare_metal").read_settings({"machine_ip": " 10.0.0.1 ", "machine_port": "2222"})
    assert (settings.machine_ip, settings.machine_port, settings.machine_user) == ("10.0.0.1", 2222, "root")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, r"needs api_key \(--ec2-api-key\)"),
        ({"api_key": "  ", "api_secret": "x"}, "needs api_key"),
        ({"api_key": "x", "api_secret": "y", "colour": "z"}, "no setting called 'colour'"),
        ({"api_key": "x", "api_secret": ["hidden"]}, "api_secret .* has to be text"),
        ({"api_key": "x", "api_secret": "hid\x1bden"}, "control character"),
        ({"api_key": "x" * 70000, "api_secret": "y"}, "longer than"),
    ],
)
def test_bad_settings_are_refused_by_name(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        registry.load("ec2").read_settings(given)
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize("port", ["0", "65536", "x", -1, True, 1.5e9])
def test_a_port_is_a_port(port: Any) -> None:
    with pytest.raises(InvalidInput, match="has to be a port"):
        registry.load("docker").read_settings({"docker_host": "h", "docker_port": port})


def test_secrets_stay_out_of_the_repr() -> None:
    settings = registry.load("ec2").read_settings({"api_key": "AKIA", "api_secret": "canary"})
    assert "canary" not in repr(settings)
    assert "AKIA" in repr(settings)


def test_every_flag_is_declared_once() -> None:
    flags = [item.flag for row in registry.own_rows() for item in declared(registry.load(row.id).Settings)]
    assert len(flags) == len(set(flags))
