"""VMware vSphere on the vendor's own simulator."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import HttpRig
from tests.contract.providers.rig import Rig
from tests.lab.vcenter import PASSWORD, TEMPLATE, USER, VCenter


class VsphereRig(HttpRig):
    id = "vsphere"
    unknown = "vm-999999"
    good = {"host": "vcenter.example", "username": USER, "password": PASSWORD}
    wrong = {"password": "not the secret"}
    create_needle = b"<CloneVM_Task "

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        center: VCenter = request.getfixturevalue("vcenter_simulator")
        yield cls(center.port)

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=TEMPLATE, size="1-512")


RIG = VsphereRig
