"""What the contract suite needs to know of a provider and of the system behind it.

A rig is a file in `rigs` with a class `RIG`: `<provider>.py`, and `<provider>_<system>.py` for a further system. Its
class attributes say, before anything is started, which tests apply; `conftest.py` collects only those.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from mistserver.domain.errors import MistError
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account, Provider
from tests.lab.sshd import Sshd

Lack = Literal["start", "stop", "untag", "locations", "networks"]


class Rig:
    """One provider on one system."""

    id: ClassVar[str]  # the provider's
    lacks: ClassVar[Mapping[Lack, str]] = {}  # what the provider can and this system cannot show -> why
    unknown: ClassVar[str] = "nothing-has-this-id"
    credentials: ClassVar[bool] = True  # the system refuses wrong ones: `refused`
    network: ClassVar[bool] = True  # it is reached at a port of TCP: `at`
    http: ClassVar[bool] = False  # at that port it speaks HTTP
    endpoints: ClassVar[bool] = False  # its address may be given as a URL: `pointed`
    names: ClassVar[bool] = False  # without that, its host may be given by name: `called`
    ssh: ClassVar[bool] = False  # at that port it speaks SSH: `patiently`, `through`, `server`, `remember`
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

    def called(self, host: str) -> Account:
        """As `at`, for a name."""
        return self.pointed(f"http://{host}:81")

    def patiently(self, port: int) -> Account:
        """As `at`, with the time that a real server takes."""
        raise NotImplementedError

    def through(self, jump: int, port: int) -> Account:
        """As `patiently`, behind a jump host at the port `jump` of loopback, which the same key opens."""
        raise NotImplementedError

    def server(self, **options: str) -> contextlib.AbstractContextManager[Sshd]:
        """Another SSH server that takes the good credentials, with these lines in its configuration."""
        raise NotImplementedError

    def remember(self, server: Sshd, host_key: str) -> None:
        """Have seen this host key at that server before."""
        raise NotImplementedError

    def read(self, provider: Provider) -> None:
        """A call that fails when the system does."""
        provider.list_machines()

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


def rig_named(name: str) -> type[Rig]:
    """The rig of a file."""
    found: Any = importlib.import_module(f"tests.contract.providers.rigs.{name}")
    rig: type[Rig] = found.RIG
    return rig


def every_rig() -> dict[str, type[Rig]]:
    """By the names of their files: in the order of their providers, a provider's first system first."""
    order = [row.id for row in registry.own_rows()]
    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).with_name("rigs"))]))
    found = {name: rig_named(name) for name in names}
    return dict(sorted(found.items(), key=lambda item: (order.index(item[1].id), item[0])))
