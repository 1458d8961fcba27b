"""Each built provider in turn, on each of its systems; a test meets only the rigs that have what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mistserver.domain.machine import Action
from mistserver.providers import registry
from mistserver.providers.base import Provider
from tests.contract.providers.rig import Rig, every_rig, rig_named

Test = Callable[[type[Provider], type[Rig]], bool]

NEEDS: dict[str, Test] = {
    "credentials": lambda provider, rig: rig.credentials,
    "network": lambda provider, rig: rig.network,
    "http": lambda provider, rig: rig.http,
    "endpoints": lambda provider, rig: rig.endpoints,
    "ssh": lambda provider, rig: rig.ssh,
    "names": lambda provider, rig: rig.endpoints or rig.names,
    "cut": lambda provider, rig: rig.create_needle is not None,
    "creates": lambda provider, rig: provider.creates,
    "resize": lambda provider, rig: provider.creates and Action.RESIZE in provider.actions,
    "resize when stopped": lambda provider, rig: not rig.resizes_running,
    "resize when running": lambda provider, rig: rig.resizes_running,
    "native tags": lambda provider, rig: provider.native_tags,
    "tags come off": lambda provider, rig: "untag" not in rig.lacks,
    "tags stay": lambda provider, rig: "untag" in rig.lacks,
    "images": lambda provider, rig: "images" in rig.lists,
    "sizes": lambda provider, rig: "sizes" in rig.lists,
    "locations": lambda provider, rig: "locations" in rig.lists and "locations" not in rig.lacks,
    "networks": lambda provider, rig: "networks" in rig.lists and "networks" not in rig.lacks,
    "lists less": lambda provider, rig: set(rig.lists) < set(Rig.lists),
    "many": lambda provider, rig: rig.many,
    "refusals": lambda provider, rig: bool(rig.refusals),
    "exec": lambda provider, rig: provider.has_exec,
}


def applies(rig: type[Rig], needs: list[str]) -> bool:
    provider = registry.declaration(rig.id)
    assert isinstance(provider, type)
    return all(NEEDS[need](provider, rig) for need in needs)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" not in metafunc.fixturenames:
        return
    needs = [str(need) for mark in metafunc.definition.iter_markers("needs") for need in mark.args]
    names = [name for name, rig in every_rig().items() if applies(rig, needs)]
    metafunc.parametrize("rig", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rig_named(request.param).started(request) as found:
        yield found
