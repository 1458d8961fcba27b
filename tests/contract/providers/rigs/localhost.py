"""This very machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig


class LocalhostRig(Rig):
    id = "localhost"
    credentials = False
    network = False
    lists = ()

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        yield cls()

    def account(self) -> Account:
        return Account(settings=registry.load(self.id).read_settings({}))

    @contextlib.contextmanager
    def shell(self) -> Iterator[str]:
        yield "localhost"


RIG = LocalhostRig
