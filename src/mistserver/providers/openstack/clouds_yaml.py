"""One entry of a clouds.yaml: https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html"""

from __future__ import annotations

from typing import Any

from mistserver.domain.errors import InvalidInput

# its keys under `auth` and beside it -> names of settings
_AUTH = {
    "auth_url": "auth_url",
    "username": "username",
    "password": "password",
    "project_name": "tenant_name",
    "tenant_name": "tenant_name",
    "project_id": "tenant_id",
    "tenant_id": "tenant_id",
    "user_domain_name": "user_domain_name",
    "user_domain_id": "user_domain_id",
    "project_domain_name": "project_domain_name",
    "project_domain_id": "project_domain_id",
    "application_credential_id": "application_credential_id",
    "application_credential_name": "application_credential_name",
    "application_credential_secret": "application_credential_secret",
}
_BESIDE = {
    "region_name": "region_name",
    "interface": "interface",
    "endpoint_type": "interface",
    "compute_endpoint_override": "compute_endpoint",
}
_BOTH_DOMAINS = {"domain_name": ("user_domain_name", "project_domain_name")}
_BOTH_DOMAINS |= {"domain_id": ("user_domain_id", "project_domain_id"), "default_domain": _BOTH_DOMAINS["domain_name"]}
_SIGNS_IN = ("password", "v2password", "v3password", "v3applicationcredential")


def entry(text: str, name: str | None) -> dict[str, str]:
    """The settings that an entry holds. InvalidInput for a file or an entry that cannot be meant; never quotes it."""
    clouds = _clouds(text)
    if name is None and len(clouds) == 1:
        (name,) = clouds
    if name is None or name not in clouds:
        known = ", ".join(ascii(each[:80]) for each in sorted(clouds)[:20]) or "none"
        raise InvalidInput(f"Name one of the clouds in clouds.yaml (--openstack-cloud): {known}.", field="cloud")
    cloud = clouds[name]
    auth = cloud.get("auth") or {}
    if not isinstance(auth, dict):
        raise _wrong()
    _check(cloud, auth)
    found = {_AUTH[key]: _plain(value) for key, value in auth.items() if key in _AUTH and value is not None}
    found |= {_BESIDE[key]: _plain(value) for key, value in cloud.items() if key in _BESIDE and value is not None}
    for key, names in _BOTH_DOMAINS.items():
        value = auth.get(key, cloud.get(key))
        found = {**({} if value is None else dict.fromkeys(names, _plain(value))), **found}
    return {setting: value for setting, value in found.items() if value}


def _clouds(text: str) -> dict[str, dict[str, Any]]:
    import yaml

    try:
        clouds = yaml.safe_load(text)["clouds"]
    except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError):
        raise _wrong() from None
    if not isinstance(clouds, dict) or not all(isinstance(each, dict) for each in clouds.values()):
        raise _wrong()
    return {str(name): each for name, each in clouds.items()}


def _check(cloud: dict[str, Any], auth: dict[str, Any]) -> None:
    """What the file may say and Mist does not do is refused, not left out."""
    kind = cloud.get("auth_type", "password")
    if kind not in _SIGNS_IN:
        raise InvalidInput(f"Mist signs in by {', '.join(_SIGNS_IN)}; the entry asks for another way.", field="cloud")
    if cloud.get("verify") is False or cloud.get("insecure"):
        raise InvalidInput(
            "Mist always verifies certificates; take `verify: false` out, and give the authority (--ca-file).",
            field="cloud",
        )
    if "auth_url" not in auth and ("profile" in cloud or "cloud" in cloud):
        raise InvalidInput("The entry leans on a vendor's profile; write its auth_url into it.", field="cloud")
    if any(cloud.get(key) for key in ("cert", "key")):
        raise InvalidInput("Mist does not sign in with a client's certificate.", field="cloud")


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _wrong()
    return str(value).strip()


def _wrong() -> InvalidInput:
    return InvalidInput("This is no clouds.yaml: its `clouds:` hold names, each with an `auth:`.", field="clouds_yaml")
