"""Rackspace as its own engineers' mimic plays it: https://github.com/rackerlabs/mimic"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import pytest

from mistserver.domain.errors import ProviderQuota, ProviderRateLimited, ProviderRejected
from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Account
from tests.contract.providers.http_rig import HttpRig
from tests.contract.providers.rig import Rig
from tests.lab.mimic import REFUSED, USERNAME, Mimic

# why -> status, code and words of the answer
REFUSALS = {
    "no quota": (403, "forbidden", "Quota exceeded for ram: Requested 512, but already used 0 of 0 ram"),
    "sold out": (500, "computeFault", "No valid host was found."),
    "unknown image": (400, "badRequest", "Can not find requested image"),
    "too often": (413, "overLimit", "This request was rate-limited. (nova)"),
}


class Detour:
    """A jump host behind which everything is at one port of loopback: mimic's catalogue names its own port."""

    def __init__(self, port: int) -> None:
        self._port = port

    @contextlib.contextmanager
    def jump(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        yield "127.0.0.1", self._port

    def run(self, *asked: Any) -> Any:
        raise AssertionError(asked)

    forward_socket = run


class RackspaceMimicRig(HttpRig):
    id = "rackspace"
    lacks = {
        "start": "of the actions on a server it has resize, rescue, reboot, rebuild, password and image alone",
        "stop": "as for start",
        "untag": "metadata is listed, set and replaced; it has no DELETE for one",
        "locations": "its compute service has no os-availability-zone",
        "networks": "its network service has a list that is always empty, and no subnets",
    }
    unknown = "test-server0-id-0"
    region = "dfw"
    path = "/identity/v2.0"
    good = {"username": USERNAME, "api_key": "any"}
    wrong = {"username": REFUSED, "api_key": "not the secret"}
    create_needle = b"/servers HTTP"
    resizes_running = True
    refusals = {
        "no quota": ProviderQuota,
        "sold out": ProviderQuota,
        "unknown image": ProviderRejected,
        "too often": ProviderRateLimited,
    }

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        yield cls(request.getfixturevalue("mimic_cloud"))

    def __init__(self, cloud: Mimic) -> None:
        super().__init__(cloud.port)
        self._cloud = cloud

    @cached_property
    def _image(self) -> str:
        with self.opened() as provider:
            return provider.list_images()[0].id

    def at(self, port: int) -> Account:
        return replace(self.account(), ssh=Detour(port), timeout_s=1.0)

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image, size="2")

    def refusing(self, why: str) -> contextlib.AbstractContextManager[None]:
        code, type, message = REFUSALS[why]
        return self._cloud.creating("DFW", "no-", "fail", code=code, type=type, message=message)


RIG = RackspaceMimicRig
