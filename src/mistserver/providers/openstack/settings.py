"""What an OpenStack backend is told: the fields of an openrc or of an entry of clouds.yaml, or that file itself."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from mistserver.domain.errors import InvalidInput
from mistserver.providers.declare import ProviderSettings, declared, setting
from mistserver.providers.nova.identity import Credentials
from mistserver.providers.openstack import clouds_yaml

INTERFACES = ("public", "internal", "admin")


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str | None, setting("User name", flag="openstack-username")] = None
    password: Annotated[str | None, setting("Password", flag="openstack-password", secret=True)] = None
    auth_url: Annotated[
        str | None, setting("URL of the identity service (http://host:5000)", flag="openstack-auth-url", kind="url")
    ] = None
    tenant_name: Annotated[str | None, setting("Name of the tenant (project)", flag="openstack-tenant")] = None
    tenant_id: Annotated[
        str | None, setting("ID of the tenant (project), instead of its name", flag="openstack-tenant-id")
    ] = None
    compute_endpoint: Annotated[
        str | None,
        setting(
            "URL of the compute service, where the catalogue's is not reachable",
            flag="openstack-compute-endpoint",
            kind="url",
        ),
    ] = None
    user_domain_name: Annotated[
        str | None, setting("Domain of the user; the default one if left out", flag="openstack-user-domain-name")
    ] = None
    user_domain_id: Annotated[
        str | None, setting("ID of the user's domain, instead of its name", flag="openstack-user-domain-id")
    ] = None
    project_domain_name: Annotated[
        str | None, setting("Domain of the tenant; the default one if left out", flag="openstack-project-domain-name")
    ] = None
    project_domain_id: Annotated[
        str | None, setting("ID of the tenant's domain, instead of its name", flag="openstack-project-domain-id")
    ] = None
    application_credential_id: Annotated[
        str | None,
        setting("ID of an application credential, instead of a password", flag="openstack-application-credential-id"),
    ] = None
    application_credential_name: Annotated[
        str | None,
        setting("Name of an application credential of the user", flag="openstack-application-credential-name"),
    ] = None
    application_credential_secret: Annotated[
        str | None,
        setting("Secret of the application credential", flag="openstack-application-credential-secret", secret=True),
    ] = None
    interface: Annotated[
        str, setting("Which of the catalogue's addresses: public, internal or admin", flag="openstack-interface")
    ] = "public"
    region_name: Annotated[
        str | None, setting("Region, as clouds.yaml calls it; --region has precedence", flag="openstack-region-name")
    ] = None
    clouds_yaml: Annotated[
        str | None,
        setting("File clouds.yaml with all of this", flag="openstack-clouds-yaml", secret=True, kind="file"),
    ] = None
    cloud: Annotated[str | None, setting("Name of the entry in clouds.yaml", flag="openstack-cloud")] = None


def validated(settings: Settings, title: str) -> Settings:
    """Whole and in order, the file taken apart into its fields; what is said beside the file has precedence."""
    if settings.clouds_yaml is not None:
        read = clouds_yaml.entry(settings.clouds_yaml, settings.cloud)
        told = {name: getattr(settings, name) for name in read}
        defaults = {item.name: item.default for item in declared(Settings)}
        missing = {name: value for name, value in read.items() if told[name] == defaults[name]}
        settings = replace(settings, **missing, clouds_yaml=None, cloud=None)
    elif settings.cloud is not None:
        raise InvalidInput(f"{title} needs clouds_yaml (--openstack-clouds-yaml) with a cloud.", field="clouds_yaml")
    if settings.interface.removesuffix("URL") not in INTERFACES:
        raise InvalidInput(f"An interface is one of {', '.join(INTERFACES)}.", field="interface")
    for name in _needed(settings):
        if getattr(settings, name) is None:
            flag = next(item.flag for item in declared(Settings) if item.name == name)
            raise InvalidInput(f"{title} needs {name} (--{flag}).", field=name)
    _check_url("auth_url", settings.auth_url)
    _check_url("compute_endpoint", settings.compute_endpoint)
    return replace(settings, interface=settings.interface.removesuffix("URL"))


def credentials(settings: Settings) -> Credentials:
    """The same, in the words of the identity service."""
    return Credentials(
        username=settings.username,
        password=settings.password,
        project_name=settings.tenant_name,
        project_id=settings.tenant_id,
        user_domain={"user_domain_id": settings.user_domain_id, "user_domain_name": settings.user_domain_name},
        project_domain={
            "project_domain_id": settings.project_domain_id,
            "project_domain_name": settings.project_domain_name,
        },
        application_id=settings.application_credential_id,
        application_name=settings.application_credential_name,
        application_secret=settings.application_credential_secret,
    )


def _needed(settings: Settings) -> tuple[str, ...]:
    """An application credential belongs to one user and one project: it says both."""
    if settings.application_credential_id is not None:
        return ("application_credential_secret", "auth_url")
    if settings.application_credential_name is not None or settings.application_credential_secret is not None:
        return ("application_credential_secret", "application_credential_name", "username", "auth_url")
    project = () if settings.tenant_id is not None else ("tenant_name",)
    return ("username", "password", "auth_url", *project)


def _check_url(name: str, value: Any) -> None:
    if value is None:
        return
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        fits = False
    if not fits:
        raise InvalidInput(f"The setting {name} has to begin with http:// or https://.", field=name)
    if parts.username or parts.query or parts.fragment:
        raise InvalidInput(f"The setting {name} has to be an address alone, without a user or a query.", field=name)
