"""Which providers there are, in the order in which they are listed. Their code is imported when it is first used.

Those of other packages follow (`outside.py`); they are looked for when the list is first asked for, not at the start.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from mistserver.domain.errors import InvalidInput, ProviderNotAvailable
from mistserver.providers import outside
from mistserver.providers.base import Provider

_HERE = "mistserver.providers."


@dataclass(frozen=True)
class Row:
    """One listed provider.

    `module_needed` is the vendor's library, which the distribution's extra `extra` brings; to be built it may need
    `packages` of the system. `package` is the distribution that brings it, when that is not this one.
    """

    id: str
    module: str
    name: str
    extra: str | None = None
    module_needed: str | None = None
    packages: str | None = None
    package: str | None = None


_LISTED = (
    # in the order in which users have always seen them
    Row("bare_metal", _HERE + "bare_metal", "BareMetal"),
    Row("azure", _HERE + "azure", "Azure", extra="libcloud", module_needed="libcloud"),
    Row("ec2", _HERE + "ec2", "Ec2", extra="ec2", module_needed="boto3"),
    Row("gce", _HERE + "gce", "Gce", extra="gce", module_needed="google.auth"),
    Row("nephoscale", _HERE + "nephoscale", "NephoScale"),
    Row("digitalocean", _HERE + "digitalocean", "DigitalOcean"),
    Row("linode", _HERE + "linode", "Linode"),
    Row("openstack", _HERE + "openstack", "OpenStack", extra="openstack", module_needed="keystoneauth1"),
    Row("rackspace", _HERE + "rackspace", "Rackspace", extra="openstack", module_needed="keystoneauth1"),
    Row("softlayer", _HERE + "softlayer", "SoftLayer", extra="softlayer", module_needed="SoftLayer"),
    Row("hpcloud", _HERE + "hpcloud", "HpCloud", extra="openstack", module_needed="keystoneauth1"),
    Row("docker", _HERE + "docker", "Docker", extra="docker", module_needed="docker"),
    Row("vcloud", _HERE + "vcloud", "VCloud"),
    Row("indonesian_vcloud", _HERE + "indonesian_vcloud", "IndonesianVCloud"),
    Row(
        *("libvirt", _HERE + "libvirt", "Libvirt"),
        extra="libvirt",
        module_needed="libvirt",
        packages="gcc python3-dev libvirt-dev",
    ),
    # and what came later
    Row("localhost", _HERE + "localhost", "Localhost"),
    Row("azure_arm", _HERE + "azure_arm", "AzureArm"),
    Row("hetzner", _HERE + "hetzner", "Hetzner", extra="hetzner", module_needed="hcloud"),
    Row("vultr", _HERE + "vultr", "Vultr"),
    Row("scaleway", _HERE + "scaleway", "Scaleway"),
    Row("ovh", _HERE + "ovh", "Ovh"),
    Row("upcloud", _HERE + "upcloud", "UpCloud"),
    Row("exoscale", _HERE + "exoscale", "Exoscale"),
    Row("cloudstack", _HERE + "cloudstack", "CloudStack"),
    Row("aliyun", _HERE + "aliyun", "Aliyun"),
    Row("oci", _HERE + "oci", "Oci"),
    Row("vsphere", _HERE + "vsphere", "Vsphere", extra="vsphere", module_needed="pyVmomi"),
    Row("proxmox", _HERE + "proxmox", "Proxmox", extra="proxmox", module_needed="proxmoxer"),
    Row("lxd", _HERE + "lxd", "Lxd"),
    Row("kubevirt", _HERE + "kubevirt", "KubeVirt"),
)
_SHOWN = 80  # characters of what was asked for
_ROWS = {listed.id: listed for listed in _LISTED}


def own_rows() -> tuple[Row, ...]:
    """Every provider of this distribution."""
    return tuple(_ROWS.values())


def rows() -> tuple[Row, ...]:
    """Every listed provider; those of other packages last."""
    return (*own_rows(), *(row(found.id) for found in outside.found(_ROWS)))


def row(id: str) -> Row:
    """The row of a provider; InvalidInput for an id that is not listed."""
    if id in _ROWS:
        return _ROWS[id]
    for found in outside.found(_ROWS):
        if found.id == id:
            return Row(id, found.module, found.name, package=found.package)
    raise InvalidInput(f"There is no provider {id[:_SHOWN]!a}; there are {', '.join(_ids())}.", field="provider")


def declaration(id: str) -> type[Provider]:
    """What a provider declares of itself; needs no vendor library.

    ProviderNotAvailable for one of another package that cannot be loaded; the reason names both.
    """
    listed = row(id)
    if listed.package is not None:
        return outside.load(id, listed.module, listed.name, listed.package)
    provider: type[Provider] = getattr(importlib.import_module(listed.module), listed.name)
    return provider


def missing(id: str) -> str | None:
    """Why the provider cannot be used here, as a sentence with the remedy; None when it can."""
    found = row(id)
    if found.package is not None:
        try:
            declaration(id)
        except ProviderNotAvailable as error:
            return error.message
    if found.module_needed is not None and not _installed(found.module_needed):
        first = f" (after apt-get install {found.packages})" if found.packages else ""
        return (
            f"{declaration(id).title} ({id}) needs the Python package {found.module_needed}, which is not installed "
            f"where the service runs; install it with: pip install 'mist[{found.extra}]'{first}"
        )
    return None


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package that a dotted name stands in
        return False


def load(id: str) -> type[Provider]:
    """The class of a provider that can be used here; else ProviderNotAvailable."""
    why = missing(id)
    if why is not None:
        raise ProviderNotAvailable(why, provider=id, extra=row(id).extra)
    return declaration(id)


def shorthands(id: str) -> dict[str, str]:
    """Names that mean this provider and one of its regions at once (`ec2_eu_west`, `rackspace:dfw`) -> region."""
    found = {}
    for region in declaration(id).regions:
        known = region.id.startswith(f"{id}_")
        found[region.id if known else f"{id}:{region.id}"] = region.id
    return found


def resolve(provider: str, region: str | None = None) -> tuple[str, str | None]:
    """The provider and region that a user means; InvalidInput that lists what there is.

    Takes the shorthands, and what else a region is called.
    """
    provider, region = provider.strip(), (region or "").strip() or None
    if provider in _ids():
        return provider, _region(provider, region)
    for id in _ids():
        meant = _shorthand(id, provider)
        if meant is None:
            continue
        if region is not None and _region(id, region) != meant:
            raise InvalidInput(f"The provider {provider!r} and the region {region!r} contradict.", field="region")
        return id, meant
    return row(provider).id, None


def _ids() -> list[str]:
    return [*_ROWS, *(found.id for found in outside.found(_ROWS))]


def _shorthand(id: str, asked: str) -> str | None:
    try:
        return shorthands(id).get(asked)
    except ProviderNotAvailable:
        return None


def _region(id: str, region: str | None) -> str | None:
    provider = declaration(id)
    known = [item.id for item in provider.regions]
    if region is None:
        if provider.region_required:
            raise InvalidInput(f"{provider.title} needs a region (--region): {', '.join(known)}.", field="region")
        return None
    meant = provider.region_aliases.get(region, region)
    if meant in known or provider.free_region:
        return meant
    if not known:
        raise InvalidInput(f"{provider.title} has no regions; leave --region out.", field="region")
    shown = ascii(region[:_SHOWN])
    raise InvalidInput(f"{provider.title} has no region {shown}; it has {', '.join(known)}.", field="region")
