"""What the contract suite needs to know of a provider and of the system behind it.

A rig is a file `rigs/<provider>.py` with a class `RIG`. Its class attributes say, before anything is started, which
tests apply; `conftest.py` collects only those.
"""

from __future__ import annotations

import contextlib
import importlib
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import pytest

from mistserver.domain.errors import MistError
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account, Provider


class Rig:
    """One provider on one system."""

    id: ClassVar[str]
    unknown: ClassVar[str] = "nothing-has-this-id"
    credentials: ClassVar[bool] = True  # the system refuses wrong ones: `refused`
    network: ClassVar[bool] = True  # it is reached at a port of TCP: `at`
    http: ClassVar[bool] = False  # at that port it speaks HTTP
    endpoints: ClassVar[bool] = False  # its address may be given as a URL: `pointed`
    create_needle: ClassVar[bytes | None] = None  # what the request for a new machine holds on the wire
    resizes_running: ClassVar[bool] = False  # a resize does not ask for a stopped machine
    lists: ClassVar[tuple[str, ...]] = ("images", "sizes", "locations", "networks")  # what its catalog has
    tags: ClassVar[tuple[str, str]] = ("blue", "env=prod")  # two that the vendor can hold
    many: ClassVar[bool] = False  # it can be filled with machines: `fill`
    refusals: ClassVar[Mapping[str, type[MistError]]] = {}  # what `refusing` takes -> what a create then raises

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        """The system, running, and the rig on it. `request` leads to the lab's fixtures."""
        raise NotImplementedError

    def account(self) -> Account:
        """Good credentials."""
        raise NotImplementedError

    def refused(self) -> Account:
        """Credentials that the system refuses; what is secret in them is `not the secret`."""
        raise NotImplementedError

    def at(self, port: int) -> Account:
        """Good credentials, but the system is said to be at this port of loopback; time-outs of a second."""
        raise NotImplementedError

    def pointed(self, url: str, ca_pem: str | None = None) -> Account:
        """As `at`, for a URL."""
        raise NotImplementedError

    def dial(self) -> Callable[[], socket.socket]:
        """Connects to the system, for a relay in between."""
        raise NotImplementedError

    def spec(self, name: str, mark: str) -> MachineSpec:
        """What a machine is made from."""
        raise NotImplementedError

    def heeds(self, provider: Provider, external_id: str) -> bool:
        """Whether a new machine is far enough to heed what it is told."""
        return True

    def shell(self) -> contextlib.AbstractContextManager[str]:
        """The id of a machine that takes commands, while the context is open."""
        raise NotImplementedError

    def fill(self, count: int) -> contextlib.AbstractContextManager[None]:
        """So many machines, on pages of 50, while the context is open."""
        raise NotImplementedError

    def refusing(self, why: str) -> contextlib.AbstractContextManager[None]:
        """The system answers a create with this refusal in the vendor's own words, while the context is open."""
        raise NotImplementedError

    @contextlib.contextmanager
    def opened(self, account: Account | None = None) -> Iterator[Provider]:
        """The provider, ready for calls."""
        provider = registry.load(self.id)(account or self.account())
        try:
            provider.open()
            yield provider
        finally:
            provider.close()


def rig_of(id: str) -> type[Rig]:
    found: Any = importlib.import_module(f"tests.contract.providers.rigs.{id}")
    rig: type[Rig] = found.RIG
    return rig
