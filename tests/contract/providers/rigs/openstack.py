"""OpenStack's own services, with a fake hypervisor below."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig
from tests.lab.openstack import PASSWORD, PROJECT, QUOTA, USER, OpenStackCloud


class OpenStackRig(Rig):
    """A wrong port or URL is the compute service's (`at`), or all of the cloud (`pointed`).

    A time-out of three seconds, not one: a real cloud on a busy machine may think that long.
    """

    id = "openstack"
    unknown = "00000000-0000-0000-0000-000000000000"
    http = True
    endpoints = True
    resizes_running = True
    create_needle = b"/servers HTTP"  # GET asks for /servers/detail
    refusals = {"no quota": ProviderQuota, "unknown image": ProviderRejected}

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        yield cls(request.getfixturevalue("real_openstack"))

    def __init__(self, cloud: OpenStackCloud) -> None:
        self._cloud = cloud

    def account(self) -> Account:
        return self._account()

    def refused(self) -> Account:
        return self._account(password="not the secret")

    def at(self, port: int) -> Account:
        return replace(self._account(compute_endpoint=f"http://127.0.0.1:{port}/v2.1"), timeout_s=3.0)

    def pointed(self, url: str, ca_pem: str | None = None) -> Account:
        return replace(self.account(), endpoint=url, ca_pem=ca_pem, timeout_s=1.0)

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._cloud.ports["nova"]))

    def spec(self, name: str, mark: str) -> MachineSpec:
        networks = (self._cloud.network,)
        return MachineSpec(
            name=name, mark=mark, image=self._cloud.image, size="m1.tiny", location="0", networks=networks
        )

    def heeds(self, provider: Any, external_id: str) -> bool:
        """Not while it is built, nor while the resize that was confirmed is not yet cleared away."""
        return bool(provider.known(external_id).extra["status"] == "ACTIVE")

    @contextlib.contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        """No quota for another machine, or the image is not for everybody any more."""
        change = self._quota if why == "no quota" else self._visibility
        change(bad=True)
        try:
            yield
        finally:
            change(bad=False)

    def _quota(self, *, bad: bool) -> None:
        body = {"quota_set": {"instances": 0 if bad else QUOTA, "force": True}}  # whatever is still on its way out
        self._cloud.ask("nova", "PUT", f"/v2.1/os-quota-sets/{self._cloud.project}", body)

    def _visibility(self, *, bad: bool) -> None:
        body = [{"op": "replace", "path": "/visibility", "value": "private" if bad else "public"}]
        kind = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        self._cloud.ask("glance", "PATCH", f"/v2/images/{self._cloud.image}", body, **kind)

    def _account(self, **other: str) -> Account:
        good = {"username": USER, "password": PASSWORD, "tenant_name": PROJECT, "auth_url": self._cloud.auth_url}
        return Account(settings=registry.load(self.id).read_settings({**good, **other}))


RIG = OpenStackRig
