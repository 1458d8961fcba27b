"""Rigs of providers that speak HTTP to an endpoint which may be given as a URL."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from mistserver.domain.errors import MistError
from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig
from tests.lab.stand_in import Reply, StandIn


class HttpRig(Rig):
    """On a stand-in (or whatever listens at `port`)."""

    http = True
    endpoints = True
    good: ClassVar[Mapping[str, Any]]  # settings that the system accepts
    wrong: ClassVar[Mapping[str, Any]]  # what of them is replaced so that it refuses
    region: ClassVar[str | None] = None
    path: ClassVar[str] = ""  # what an endpoint has after its port

    def __init__(self, port: int) -> None:
        self.port = port

    def account(self) -> Account:
        return self._account(self.good)

    def refused(self) -> Account:
        return self._account({**self.good, **self.wrong})

    def at(self, port: int) -> Account:
        return self.pointed(f"http://127.0.0.1:{port}")

    def pointed(self, url: str, ca_pem: str | None = None) -> Account:
        return replace(self.account(), endpoint=url + self.path, ca_pem=ca_pem, timeout_s=1.0)

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self.port))

    def _account(self, given: Mapping[str, Any]) -> Account:
        settings = registry.load(self.id).read_settings(given)
        endpoint = f"http://127.0.0.1:{self.port}{self.path}"
        return Account(settings=settings, region=self.region, endpoint=endpoint)


class StandInRig(HttpRig):
    """On a stand-in of ours. `creates_at` is the path (a pattern) of the call that creates a machine."""

    cloud_class: ClassVar[type[StandIn]]
    create_method: ClassVar[str] = "POST"
    creates_at: ClassVar[str]
    vendors_refusals: ClassVar[Mapping[str, tuple[Reply, type[MistError]]]] = {}

    def __init_subclass__(cls) -> None:
        cls.refusals = {why: kind for why, (_, kind) in cls.vendors_refusals.items()}

    def __init__(self, cloud: Any) -> None:
        super().__init__(cloud.port)
        self.cloud = cloud

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        with cls.cloud_class() as cloud:
            yield cls(cloud)

    def refusing(self, why: str) -> contextlib.AbstractContextManager[None]:
        return self.cloud.refusing(self.create_method, self.creates_at, self.vendors_refusals[why][0])  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def fill(self, count: int) -> Iterator[None]:
        """Uses the stand-in's `fill(count)` and `empty()`."""
        self.cloud.fill(count)
        try:
            yield
        finally:
            self.cloud.empty()
