"""What a vCenter offers to build machines from: templates, clusters and hosts, networks."""

from __future__ import annotations

from typing import Any

from mistserver.domain.catalog import Image, Location, Network, Size
from mistserver.domain.errors import InvalidInput, ProviderNotFound
from mistserver.providers import images as choice
from mistserver.providers import locations, shapes
from mistserver.providers.vsphere import soap
from mistserver.providers.vsphere.api import Api, Told
from mistserver.providers.vsphere.machines import is_template
from mistserver.providers.vsphere.settings import TITLE


def images(api: Api, search: str | None) -> list[Image]:
    """Templates; all of them are the account's own."""
    vim = soap.vim()

    paths = ("name", "config.template", "config.guestFullName", "summary.config")
    found = [(each, told) for each, told in api.all(vim.VirtualMachine, paths) if is_template(told)]
    return choice.shown([], search, [_image(each, told) for each, told in found])


def template(api: Api, image: str) -> Any:
    """A template by its id or its name; ProviderNotFound when there is none, InvalidInput when there are several."""
    vim = soap.vim()

    every = api.all(vim.VirtualMachine, ("name", "config.template"))
    found = [(each, told) for each, told in every if is_template(told) and image in (each._moId, told.get("name"))]
    exact = [each for each, _ in found if each._moId == image] or [each for each, _ in found]
    if not exact:
        raise ProviderNotFound(f"{TITLE} has no template {image[:200]!a}.", image=image[:200])
    if len(exact) > 1:
        message = f"Several templates are called {image[:80]!a}; give one by its id: "
        raise InvalidInput(message + ", ".join(each._moId for each in exact) + ".", field="image")
    return exact[0]


def sizes(api: Api, driver: str) -> list[Size]:
    """The common sizes that fit the largest host; any other may be written in the same way."""
    vim = soap.vim()

    found = [told["summary.hardware"] for _, told in api.all(vim.HostSystem, ("summary.hardware",)) if told]
    cores = max((int(each.numCpuThreads) for each in found), default=0)
    memory = max((int(each.memorySize) for each in found), default=0)
    return shapes.offered(cores, memory >> 20, driver)


def places(api: Api) -> list[tuple[Any, Told]]:
    """Clusters, and hosts that belong to none."""
    vim = soap.vim()

    paths = ("name", "parent", "resourcePool", "host", "datastore", "network")
    return sorted(api.all(vim.ComputeResource, paths), key=lambda pair: str(pair[1].get("name")))


def all_locations(api: Api) -> list[Location]:
    return [_location(each, told) for each, told in places(api)]


def place(api: Api, location: str) -> tuple[Any, Told]:
    """The cluster or host that a location means."""
    found = places(api)
    wanted = locations.meant(TITLE, location, [_location(each, told) for each, told in found]).id
    return next(pair for pair in found if pair[0]._moId == wanted)


def networks(api: Api) -> list[Network]:
    vim = soap.vim()

    found = api.all(vim.Network, ("name", "summary.accessible"))
    return [_network(each, told) for each, told in found if told.get("name")]


def network(api: Api, wanted: str) -> Any:
    """A network by its id or its name."""
    vim = soap.vim()

    every = api.all(vim.Network, ("name",))
    found = [each for each, _ in every if each._moId == wanted]
    found = found or [each for each, told in every if told.get("name") == wanted]
    if len(found) != 1:
        how = "no network" if not found else "several networks (give an id)"
        raise InvalidInput(f"{TITLE} has {how} {wanted[:80]!a}.", field="networks")
    return found[0]


def datastore(api: Api, wanted: str) -> Any:
    """A datastore by its id or its name."""
    vim = soap.vim()

    for each, told in api.all(vim.Datastore, ("name",)):
        if wanted in (each._moId, told.get("name")):
            return each
    raise InvalidInput(f"{TITLE} has no datastore {wanted[:80]!a}.", field="extra.datastore")


def _image(each: Any, told: Told) -> Image:
    summary = told.get("summary.config")
    extra = {"os": told.get("config.guestFullName"), "path": getattr(summary, "vmPathName", None)}
    return Image(id=each._moId, name=told.get("name") or each._moId, extra=extra)


def _location(each: Any, told: Told) -> Location:
    return Location(id=each._moId, name=told.get("name") or each._moId)


def _network(each: Any, told: Told) -> Network:
    kind = type(each).__name__.rpartition(".")[2]
    status = "accessible" if told.get("summary.accessible", True) else "inaccessible"
    return Network(id=each._moId, name=told["name"], status=status, extra={"type": kind})
