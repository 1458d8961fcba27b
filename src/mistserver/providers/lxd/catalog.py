"""What a server offers to build machines from: its own images, those of an image server, networks, members."""

from __future__ import annotations

import contextlib
from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput, ProviderAuthFailed, ProviderError, ProviderNotFound
from mistserver.providers import images as choice
from mistserver.providers import shapes
from mistserver.providers.http import at
from mistserver.providers.http_errors import understood
from mistserver.providers.lxd import simplestreams
from mistserver.providers.lxd.api import Api
from mistserver.providers.rest import Json

REMOTE = "images:"  # what the ids of an image server's images begin with
_OF_HOSTS = ("loopback", "unknown")
_UNBOUNDED = (1 << 16, 1 << 30)  # cores and MiB


def images(api: Api, search: str | None) -> list[Image]:
    """The server's own, and those of the image server where that can be reached from here."""
    own = [_own(each) for each in api.listed("/1.0/images")]
    remote: list[Image] = []
    server = api.image_server()
    if server is not None:
        http = api.elsewhere(server)
        with contextlib.closing(http), contextlib.suppress(ProviderError):
            known = api.environment().get("architectures") or []
            remote = [_remote(each) for each in simplestreams.products(http) if each.fits(known)]
    return choice.shown(remote, search, own)


def source(api: Api, image: str) -> tuple[Json, str | None]:
    """Where an image comes from, as the server is told, and its type where that is known."""
    if image.startswith(REMOTE):
        server, alias = api.image_server(), image.removeprefix(REMOTE)
        if server is None:
            raise InvalidInput(f"{image[:80]!a} needs an image server (--lxd-images).", field="image")
        return {"type": "image", "mode": "pull", "server": server, "protocol": "simplestreams", "alias": alias}, None
    found = _found(api, image)
    with understood(api.where):
        return {"type": "image", "fingerprint": found["fingerprint"]}, str(found.get("type") or "container")


def sizes(api: Api, driver: str) -> list[Size]:
    """The common sizes that fit the server; any other may be written in the same way."""
    try:
        told = api.get("/1.0/resources")
    except (ProviderAuthFailed, ProviderNotFound):  # not for users of a single project, nor of old servers
        return shapes.offered(*_UNBOUNDED, driver)
    with understood(api.where):
        return shapes.offered(int(told["cpu"]["total"]), int(told["memory"]["total"]) >> 20, driver)


def locations(api: Api) -> list[Location]:
    """The members of a cluster, or the server itself."""
    told = api.environment()
    if told.get("server_clustered"):
        members = api.listed("/1.0/cluster/members")
        with understood(api.where):
            return [Location(id=each["server_name"], name=each["server_name"]) for each in members]
    name = str(told.get("server_name") or "local")
    return [Location(id=name, name=name)]


def networks(api: Api) -> list[Network]:
    found = api.listed("/1.0/networks")
    with understood(api.where):
        return [_network(each) for each in found if each.get("managed") or each["type"] not in _OF_HOSTS]


def card(api: Api, network: str) -> dict[str, str]:
    """A network card that joins a network: one of the server's own making, or one of its host."""
    found = api.get(at("/1.0/networks/{}", network))
    with understood(api.where):
        if found["managed"]:
            return {"type": "nic", "network": found["name"]}
        kind = {"bridge": "bridged", "physical": "macvlan", "bond": "macvlan", "vlan": "macvlan"}.get(found["type"])
    if kind is None:
        raise InvalidInput(f"Machines cannot join the network {network[:80]!a}.", field="networks")
    return {"type": "nic", "nictype": kind, "parent": network}


def _found(api: Api, image: str) -> Any:
    """An image by its alias or its fingerprint, or the beginning of that."""
    try:
        alias = api.get(at("/1.0/images/aliases/{}", image))
        with understood(api.where):
            return api.get(at("/1.0/images/{}", alias["target"]))
    except ProviderNotFound:
        pass
    try:
        return api.get(at("/1.0/images/{}", image))
    except ProviderNotFound:
        raise ProviderNotFound(
            f"LXD has no image {image[:200]!a}; those of the image server begin with {REMOTE}", image=image[:200]
        ) from None


def _own(each: Json) -> Image:
    """By its first alias, which stays when the image is renewed."""
    aliases = sorted(str(alias["name"]) for alias in each.get("aliases") or [])
    told = each.get("properties") or {}
    named = " ".join(str(told[part]) for part in ("os", "release") if told.get(part))
    name = str(told.get("description") or named or (aliases[0] if aliases else each["fingerprint"][:12]))
    extra = {
        "fingerprint": each["fingerprint"],
        "type": each.get("type"),
        "architecture": each.get("architecture"),
        "aliases": aliases,
        "size_bytes": each.get("size"),
    }
    return Image(id=aliases[0] if aliases else each["fingerprint"], name=name, extra=extra)


def _remote(product: simplestreams.Product) -> Image:
    extra = {"types": list(product.types), "architecture": product.architecture, "aliases": list(product.aliases)}
    return Image(id=REMOTE + product.aliases[0], name=product.name, extra=extra)


def _network(each: Json) -> Network:
    config = each.get("config") or {}
    ranges = [config.get(f"{family}.address") for family in ("ipv4", "ipv6")]
    subnets = tuple({"cidr": cidr} for cidr in ranges if cidr and cidr != "none")
    return Network(
        id=each["name"],
        name=each["name"],
        status=str(each.get("status") or ""),
        subnets=subnets,
        extra={"type": each["type"], "managed": bool(each.get("managed"))},
    )
