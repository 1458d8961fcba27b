"""What a cluster offers to build machines from: data sources, container disks, instance types, namespaces, networks."""

from __future__ import annotations

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import ProviderAuthFailed
from mistserver.providers import images as choice
from mistserver.providers import shapes
from mistserver.providers.http_errors import understood
from mistserver.providers.kubevirt.api import Api
from mistserver.providers.kubevirt.machines import amount
from mistserver.providers.rest import Json

SOURCE = "datasource:"  # what the ids of data sources begin with; others are container images
POD = "pod"  # the cluster's own network
_SOURCES = "/apis/cdi.kubevirt.io/v1beta1{}/datasources"
_KINDS = "/apis/instancetype.kubevirt.io/v1beta1/virtualmachineclusterinstancetypes"
_NETWORKS = "/apis/k8s.cni.cncf.io/v1{}/network-attachment-definitions"
_UNBOUNDED = (1 << 16, 1 << 30)  # cores and MiB
# The project's own container disks: https://quay.io/organization/containerdisks
_PUBLISHED = (
    ("quay.io/containerdisks/debian:13", "Debian 13"),
    ("quay.io/containerdisks/debian:12", "Debian 12"),
    ("quay.io/containerdisks/ubuntu:24.04", "Ubuntu 24.04"),
    ("quay.io/containerdisks/ubuntu:22.04", "Ubuntu 22.04"),
    ("quay.io/containerdisks/centos-stream:10", "CentOS Stream 10"),
    ("quay.io/containerdisks/centos-stream:9", "CentOS Stream 9"),
    ("quay.io/containerdisks/fedora:latest", "Fedora"),
    ("quay.io/containerdisks/opensuse-leap:15.6", "openSUSE Leap 15.6"),
)


def images(api: Api, search: str | None) -> list[Image]:
    """The cluster's data sources, and container disks that the project publishes; any other may be named too."""
    published = [
        Image(id=id, name=f"{name} (container disk)", extra={"kind": "containerDisk"}) for id, name in _PUBLISHED
    ]
    sources = api.all(_SOURCES) if api.serves("cdi.kubevirt.io") else []
    with understood(api.where):
        return choice.shown(published, search, [_source(each) for each in sources if _is_ready(each)])


def sizes(api: Api, driver: str) -> list[Size]:
    """The cluster's instance types, then the common sizes; any other may be written in the same way."""
    common = shapes.offered(*_UNBOUNDED, driver)
    if not api.serves("instancetype.kubevirt.io"):
        return common
    found = api.all(_KINDS)
    with understood(api.where):
        kinds = [_size(each, driver) for each in found]
    return [*sorted(kinds, key=lambda size: (size.cores or 0, size.ram_mb or 0, size.id)), *common]


def locations(api: Api) -> list[Location]:
    """Namespaces; where the user may not list them, the backend's own."""
    if api.namespace is not None:
        return [Location(id=api.namespace, name=api.namespace)]
    names = sorted(str(each["metadata"]["name"]) for each in api.all("/api/v1{}/namespaces"))
    return [Location(id=name, name=name) for name in names]


def networks(api: Api) -> list[Network]:
    own = Network(id=POD, name="pod network", status="active")
    if not api.serves("k8s.cni.cncf.io"):
        return [own]
    try:
        found = api.all(_NETWORKS)
    except ProviderAuthFailed:  # a user may well see machines, and not these
        return [own]
    with understood(api.where):
        return [own, *(_network(each) for each in found)]


def _is_ready(source: Json) -> bool:
    conditions = (source.get("status") or {}).get("conditions") or []
    return all(each.get("status") != "False" for each in conditions if each.get("type") == "Ready")


def _source(each: Json) -> Image:
    meta = each["metadata"]
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key.startswith("instancetype.")}
    return Image(
        id=f"{SOURCE}{meta['namespace']}/{meta['name']}",
        name=str(meta["name"]),
        extra={"kind": "DataSource", "namespace": meta["namespace"], **labels},
    )


def _size(each: Json, driver: str) -> Size:
    spec, name = each["spec"], str(each["metadata"]["name"])
    memory = amount(spec["memory"]["guest"])
    return Size(
        id=name,
        name=name,
        cores=spec["cpu"]["guest"],
        ram_mb=None if memory is None else memory >> 20,
        driver=driver,
        extra={"kind": "instance type"},
    )


def _network(each: Json) -> Network:
    meta = each["metadata"]
    return Network(id=f"{meta['namespace']}/{meta['name']}", name=meta["name"], extra={"namespace": meta["namespace"]})
