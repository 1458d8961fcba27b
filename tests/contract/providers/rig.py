"""What the contract suite needs to know of a provider and of the real system behind it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import ClassVar

from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account, Provider


class Rig:
    """One provider on one system. What a provider does not have, its rig answers with None."""

    id: ClassVar[str]
    unknown: ClassVar[str] = "nothing-has-this-id"
    over_http: ClassVar[bool] = False
    create_needle: ClassVar[bytes | None] = None  # what the request for a new machine holds on the wire

    def account(self) -> Account:
        """Good credentials."""
        raise NotImplementedError

    def refused(self) -> Account | None:
        """Credentials that the system refuses."""
        return None

    def at(self, port: int) -> Account | None:
        """Good credentials, but the system is said to be at this port of loopback; time-outs of a second."""
        return None

    def dial(self) -> Callable[[], socket.socket] | None:
        """Connects to the system, for a relay in between."""
        return None

    def spec(self, name: str, mark: str) -> MachineSpec | None:
        """What a machine is made from."""
        return None

    def heeds(self, provider: Provider, external_id: str) -> bool:
        """Whether a new machine is far enough to heed what it is told."""
        return True

    def shell(self) -> contextlib.AbstractContextManager[str] | None:
        """The id of a machine that takes commands, while the context is open."""
        return None

    @contextlib.contextmanager
    def opened(self, account: Account | None = None) -> Iterator[Provider]:
        """The provider, ready for calls."""
        provider = registry.load(self.id)(account or self.account())
        try:
            provider.open()
            yield provider
        finally:
            provider.close()
