"""Each built provider in turn, on its system; a test meets only the rigs that have what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mistserver.domain.machine import Action
from mistserver.providers import registry
from mistserver.providers.base import Provider
from tests.contract.providers.rig import Rig, rig_of

Test = Callable[[type[Provider], type[Rig]], bool]

NEEDS: dict[str, Test] = {
    "credentials": lambda provider, rig: rig.credentials,
    "network": lambda provider, rig: rig.network,
    "http": lambda provider, rig: rig.http,
    "endpoints": lambda provider, rig: rig.endpoints,
    "cut": lambda provider, rig: rig.create_needle is not None,
    "creates": lambda provider, rig: provider.creates,
    "resize": lambda provider, rig: provider.creates and Action.RESIZE in provider.actions,
    "resize when stopped": lambda provider, rig: not rig.resizes_running,
    "resize when running": lambda provider, rig: rig.resizes_running,
    "native tags": lambda provider, rig: provider.native_tags,
    "many": lambda provider, rig: rig.many,
    "refusals": lambda provider, rig: bool(rig.refusals),
    "exec": lambda provider, rig: provider.has_exec,
}


def built() -> list[str]:
    """The providers that can be tested, in their order."""
    return [row.id for row in registry.own_rows()]


def applies(id: str, needs: list[str]) -> bool:
    provider = registry.declaration(id)
    assert isinstance(provider, type)
    return all(NEEDS[need](provider, rig_of(id)) for need in needs)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" not in metafunc.fixturenames:
        return
    needs = [str(need) for mark in metafunc.definition.iter_markers("needs") for need in mark.args]
    metafunc.parametrize("rig", [id for id in built() if applies(id, needs)], indirect=True, scope="session")


@pytest.fixture(scope="session")
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with rig_of(request.param).started(request) as found:
        yield found
