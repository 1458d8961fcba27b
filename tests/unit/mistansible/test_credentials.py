"""What a backend is signed in with, from a task's options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.mist.mist.plugins.module_utils._credentials import OPTIONS, credentials
from mistclient.declarations import bundled
from mistclient.errors import InvalidInput


def given(**options: Any) -> dict[str, Any]:
    return {**dict.fromkeys(OPTIONS), "provider": "docker", **options}


def test_every_setting_of_every_provider_is_an_option() -> None:
    declared = {setting["name"] for provider in bundled() for setting in provider["settings"]}

    assert declared <= set(OPTIONS)


def test_every_secret_is_kept_from_the_log() -> None:
    secret = {
        setting["name"]
        for provider in bundled()
        for setting in provider["settings"]
        if setting["secret"] and setting["kind"] != "file"
    }

    assert [name for name in sorted(secret) if OPTIONS[name].get("no_log") is not True] == []


def test_files_go_as_their_content(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("the key")
    (tmp_path / "ca").write_text("the authority")

    found = credentials(given(docker_host="h", key_file=str(tmp_path / "key"), ca_file=str(tmp_path / "ca")))

    assert found == {"docker_host": "h", "key_file": "the key", "ca_file": "the authority"}


def test_an_authority_of_an_endpoint_is_not_a_setting_of_the_provider(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("the authority")
    options = given(provider="digitalocean", token="t", endpoint="https://e", ca_file=str(tmp_path / "ca"))

    assert credentials(options) == {"token": "t", "endpoint": "https://e", "ca_pem": "the authority"}


def test_what_is_no_option_goes_through_settings() -> None:
    assert credentials(given(docker_host="h", settings={"new": 0})) == {"docker_host": "h", "new": 0}


def test_a_file_that_is_not_there_is_named_with_its_option() -> None:
    with pytest.raises(InvalidInput, match="key_file: /nowhere cannot be read"):
        credentials(given(key_file="/nowhere"))
