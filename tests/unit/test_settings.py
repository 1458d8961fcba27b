"""Settings by default < file < environment < flag, and what cannot be meant is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.settings import load


def test_the_stronger_source_wins(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('host = "127.0.0.2"\nport = 1\nlog_level = "debug"\n')
    environ = {"MIST_DATA_DIR": str(tmp_path), "MIST_PORT": "2", "MIST_HOST": "127.0.0.3"}

    settings, origins = load({"port": "3"}, environ)

    sources = {origin.name: origin.source for origin in origins}
    assert (settings.port, settings.host, settings.log_level) == (3, "127.0.0.3", "debug")
    assert (sources["port"], sources["host"]) == ("flag", "environment")
    assert sources["log_level"] == str(tmp_path / "settings.toml")
    assert sources["body_limit_bytes"] == "default"


def test_lists_and_maps_come_from_every_source(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('trusted_proxy = ["10.0.0.1"]\n[provider_endpoint]\nec2 = "http://x"\n')

    from_file, _ = load({"data_dir": str(tmp_path)}, {})
    from_environ, _ = load(
        {"data_dir": str(tmp_path)}, {"MIST_TRUSTED_PROXY": "a, b", "MIST_PROVIDER_ENDPOINT_EC2": "http://y"}
    )
    from_flags, _ = load({"data_dir": str(tmp_path), "provider_endpoint": ["ec2=http://z"]}, {})

    assert (from_file.trusted_proxies, from_file.provider_endpoints) == (("10.0.0.1",), {"ec2": "http://x"})
    assert (from_environ.trusted_proxies, from_environ.provider_endpoints) == (("a", "b"), {"ec2": "http://y"})
    assert from_flags.provider_endpoints == {"ec2": "http://z"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("port", "x", "whole number"), ("drain_s", "soon", "number"), ("manage_this_host", "maybe", "yes or no")],
)
def test_a_value_of_the_wrong_kind_names_setting_and_source(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        load({"data_dir": str(tmp_path)}, {f"MIST_{name.upper()}": value})

    assert name in caught.value.message
    assert "environment" in caught.value.message


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("prot = 1\n")

    with pytest.raises(InvalidInput, match="prot"):
        load({"data_dir": str(tmp_path)}, {})


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("port = = 1\n")

    with pytest.raises(InvalidInput, match=r"settings\.toml"):
        load({"data_dir": str(tmp_path)}, {})
