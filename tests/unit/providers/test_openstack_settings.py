"""What an OpenStack backend may be told, and in which words it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.providers.nova.identity import root_of
from mistserver.providers.openstack import OpenStack
from mistserver.providers.openstack.settings import credentials

SEEDS = {"username": "admin", "password": "admin_pass", "tenant_name": "admin", "auth_url": "http://10.0.1:5000"}
CLOUDS = """
clouds:
  plain:
    auth:
      auth_url: https://cloud.example.org:5000/v3
      username: ada
      password: "0042"
      project_name: demo
      domain_name: corp
    region_name: north
    interface: internalURL
    compute_endpoint_override: https://cloud.example.org:8774/v2.1
  key:
    auth_type: v3applicationcredential
    auth: {auth_url: "https://cloud.example.org/identity", application_credential_id: abc,
           application_credential_secret: hush}
  unsafe:
    verify: false
    auth: {auth_url: "https://cloud.example.org"}
  vendors:
    profile: acme
    auth: {username: ada}
  federated:
    auth_type: v3oidcpassword
    auth: {auth_url: "https://cloud.example.org"}
  certified:
    cert: /etc/ssl/me.pem
    auth: {auth_url: "https://cloud.example.org"}
  listed:
    auth: {auth_url: "https://cloud.example.org", username: [ada]}
"""


def read(**given: Any) -> Any:
    return OpenStack.read_settings(given)


def test_the_fields_of_old_are_enough() -> None:
    settings = read(**SEEDS)
    assert settings.interface == "public"
    assert credentials(settings).project == "admin"
    assert "admin_pass" not in repr(settings) + repr(credentials(settings))


@pytest.mark.parametrize("missing", SEEDS)
def test_what_is_missing_is_named(missing: str) -> None:
    given = {name: value for name, value in SEEDS.items() if name != missing}
    with pytest.raises(InvalidInput, match=f"OpenStack needs {missing} \\(--openstack-") as caught:
        read(**given)
    assert caught.value.facts["field"] == missing


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"auth_url": "ftp://host"}, "auth_url"),
        ({"auth_url": "host:5000"}, "auth_url"),
        ({"auth_url": "http://me:secret@host:5000"}, "auth_url"),
        ({"auth_url": "http://[::1"}, "auth_url"),
        ({"auth_url": "http://host:99999"}, "auth_url"),
        ({"compute_endpoint": "http://host/?x=1"}, "compute_endpoint"),
        ({"interface": "secret"}, "interface"),
        ({"cloud": "plain"}, "clouds_yaml"),
        ({"application_credential_id": "abc"}, "application_credential_secret"),
        ({"application_credential_secret": "hush"}, "application_credential_name"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(**{**SEEDS, **given})
    assert caught.value.facts["field"] == field
    assert "secret@" not in caught.value.message


def test_an_entry_of_clouds_yaml_becomes_settings() -> None:
    settings = read(clouds_yaml=CLOUDS, cloud="plain")
    assert (settings.username, settings.password, settings.tenant_name) == ("ada", "0042", "demo")
    assert (settings.user_domain_name, settings.project_domain_name) == ("corp", "corp")
    assert (settings.region_name, settings.interface) == ("north", "internal")
    assert settings.compute_endpoint == "https://cloud.example.org:8774/v2.1"
    assert (settings.clouds_yaml, settings.cloud) == (None, None)
    assert OpenStack.validate(settings) == settings


def test_what_is_said_beside_the_file_has_precedence() -> None:
    settings = read(clouds_yaml=CLOUDS, cloud="plain", username="eve", region_name="south")
    assert (settings.username, settings.region_name, settings.password) == ("eve", "south", "0042")


def test_an_application_credential_needs_neither_user_nor_project() -> None:
    who = credentials(read(clouds_yaml=CLOUDS, cloud="key"))
    assert (who.application_id, who.username, who.project) == ("abc", None, None)
    assert "hush" not in repr(who)


def test_a_file_of_one_cloud_needs_no_name() -> None:
    text = "clouds: {only: {auth: {auth_url: 'http://h', username: a, password: b, project_id: 7}}}"
    assert read(clouds_yaml=text).tenant_id == "7"


@pytest.mark.parametrize(
    ("cloud", "says"),
    [
        (None, "Name one of the clouds .*'certified', 'federated'"),
        ("nowhere", "Name one of the clouds"),
        ("unsafe", "always verifies certificates"),
        ("vendors", "vendor's profile"),
        ("federated", "another way"),
        ("certified", "client's certificate"),
        ("listed", "no clouds.yaml"),
    ],
)
def test_what_mist_does_not_do_of_the_file_is_refused(cloud: str | None, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        read(**({"cloud": cloud} if cloud else {}), clouds_yaml=CLOUDS)


@pytest.mark.parametrize(
    "text",
    ["[", "7", "clouds: 7", "clouds: {a: 7}", "{}", "!!python/object/apply:os.system [id]", "clouds: {a: {auth: 7}}"],
)
def test_what_is_no_clouds_yaml_is_called_that(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"no clouds\.yaml"):
        read(clouds_yaml=text, cloud="a")


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://h:5000", "http://h:5000"),
        ("http://h:5000/", "http://h:5000"),
        ("http://h:5000/v3/auth/tokens", "http://h:5000"),
        ("http://h/identity/v3/", "http://h/identity"),
        ("http://h/identity/v2.0/tokens", "http://h/identity"),
        ("http://v3/x", "http://v3/x"),
    ],
)
def test_an_auth_url_is_cut_to_its_root(given: str, root: str) -> None:
    assert root_of(given) == root
