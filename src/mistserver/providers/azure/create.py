"""Asking classic Azure for one machine: a cloud service of its own, which carries the mark, and a deployment in it."""

from __future__ import annotations

import base64
import re
import secrets
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import Conflict, InvalidInput, ProviderRejected
from mistserver.domain.machine import MachineReading, MachineSpec, MachineState
from mistserver.providers import checks
from mistserver.providers.azure.api import TITLE, Api
from mistserver.providers.azure.machines import MARK, service_of
from mistserver.providers.http import at

USER = "azureuser"
_NS = "{http://schemas.microsoft.com/windowsazure}"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,62}[A-Za-z0-9]")
_NAME_RULE = "names of 3 to 64 letters, digits and dashes, the first a letter, the last no dash"
_EXTRA = MappingProxyType({"storage_account": str})
_IMAGE = re.compile(r"[\w.%-]{1,256}")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


def check_spec(spec: MachineSpec) -> None:
    """What Azure would refuse, with its rule; no network."""
    checks.name(TITLE, spec, _NAME, _NAME_RULE)
    checks.needs(TITLE, spec, "size", "location")
    checks.options(TITLE, spec, _EXTRA)
    if spec.networks:
        raise InvalidInput(f"{TITLE} has no networks to choose from; leave them out.", field="networks")
    if not _IMAGE.fullmatch(spec.image):
        raise InvalidInput(f"{TITLE} has no image of that form; take an id of list-images.", field="image")
    if not _ACCOUNT.fullmatch(spec.extra.get("storage_account", "abc")):
        raise InvalidInput(f"{TITLE} has no storage account of that form.", field="extra")


def create(api: Api, spec: MachineSpec, location: str) -> MachineReading:
    """Asked again with the same mark, it goes on where it was: the service is there already, and a second deployment
    in it is refused."""
    media = None if _is_machine_image(api, spec.image) else _media(api, spec, location)
    service = service_of(spec.mark)
    _make_service(api, service, location, MARK + spec.mark)
    api.send(at("/services/hostedservices/{}/deployments", service), _document(api, spec, service, media))
    return MachineReading(
        external_id=f"{service}/{spec.name}",
        name=spec.name,
        state=MachineState.PENDING,
        size=spec.size,
        image=spec.image,
        location=location,
        mark=spec.mark,
    )


def _make_service(api: Api, service: str, location: str, description: str) -> None:
    try:
        api.libcloud.call("ex_create_cloud_service", service, location, description)
    except ProviderRejected as error:
        if error.facts.get("vendor_code") != "ConflictError" or api.found(_service(service), "HostedService") is None:
            raise


def _media(api: Api, spec: MachineSpec, location: str) -> str:
    """Where the disk is to be kept: in the account that is named, else in the first of the location."""
    account = spec.extra.get("storage_account") or next(iter(_accounts(api, location)), None)
    if account is None:
        raise Conflict(
            f"{TITLE} keeps disks in storage accounts, and {location} has none: make one there, or name another by the "
            "option storage_account.",
            location=location,
        )
    return f"http://{account}.blob.core.windows.net/vhds/{service_of(spec.mark)}-{spec.name}.vhd"


def _accounts(api: Api, location: str) -> list[str]:
    """The storage accounts of a location; the driver has no words for them."""
    answer = api.libcloud.call("_perform_get", api.path("/services/storageservices"), None)
    with api.libcloud.mapped():
        names = (
            each.findtext(f"{_NS}ServiceName")
            for each in answer.object.findall(f"{_NS}StorageService")
            if each.findtext(f"{_NS}StorageServiceProperties/{_NS}Location") == location
        )
        return sorted(str(name) for name in names if name)


def _is_machine_image(api: Api, image: str) -> bool:
    """Whether it is an image of a whole machine: those bring their disks along."""
    return any(each.name == image for each in api.read("/services/vmimages", "VMImages"))


def _document(api: Api, spec: MachineSpec, service: str, media: str | None) -> str:
    """The password is told to nobody: Azure wants one where it is given no certificate."""
    named, libcloud = api.libcloud.named, api.libcloud
    with libcloud.mapped():
        password = f"Aa1!{secrets.token_urlsafe(32)}"
        system = named("LinuxConfigurationSet")(spec.name, USER, password, False, custom_data(spec))
        network = named("ConfigurationSet")()
        network.configuration_set_type = "NetworkConfiguration"
        ssh = named("ConfigurationSetInputEndpoint")("SSH", "tcp", "22", "22", None, False)
        network.input_endpoints.items.append(ssh)
        disk = None if media is None else named("OSVirtualHardDisk")(spec.image, media)
        kind, whole = "PersistentVMRole", spec.image if media is None else None
        told = (service, "Production", spec.name, spec.name, system, disk, kind, network, None, None, spec.size, None)
        return str(named("AzureXmlSerializer").virtual_machine_deployment_to_xml(*told, whole))


def custom_data(spec: MachineSpec) -> str | None:
    """The key and the user data, for cloud-init; base64."""
    parts: list[Any] = []
    if spec.public_key:
        keys = f"#cloud-config\nssh_authorized_keys:\n  - {_quoted(spec.public_key.strip())}\n"
        parts.append(MIMEText(keys, "cloud-config"))
    if spec.user_data is not None:
        kind = "x-shellscript" if spec.user_data.startswith("#!") else "cloud-config"
        parts.append(MIMEText(spec.user_data, kind))
    if not parts:
        return None
    return base64.b64encode(MIMEMultipart(_subparts=parts).as_bytes()).decode()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _service(name: str) -> str:
    return at("/services/hostedservices/{}", name)
