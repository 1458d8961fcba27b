"""EC2 as moto plays it."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mistserver.domain.errors import ProviderNotFound, ProviderQuota, ProviderRateLimited
from mistserver.domain.machine import MachineSpec
from mistserver.providers import registry
from mistserver.providers.base import Account
from tests.contract.providers.rig import Rig
from tests.lab.faults import Refuser, response
from tests.lab.moto import Ec2Service, client

# why -> status, code and words of the answer
REFUSALS = {
    "no quota": (
        400,
        "VcpuLimitExceeded",
        "You have requested more vCPU capacity than your current limit of 0 allows.",
    ),
    "sold out": (500, "InsufficientInstanceCapacity", "Insufficient capacity."),
    "unknown image": (400, "InvalidAMIID.NotFound", "The image id '[ami-0]' does not exist"),
    "too often": (503, "RequestLimitExceeded", "Request limit exceeded."),
}


class Ec2Rig(Rig):
    id = "ec2"
    unknown = "i-00000000000000000"
    http = True
    endpoints = True
    create_needle = b"Action=RunInstances"
    refusals = {
        "no quota": ProviderQuota,
        "sold out": ProviderQuota,
        "unknown image": ProviderNotFound,
        "too often": ProviderRateLimited,
    }

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        cloud: Ec2Service = request.getfixturevalue("ec2_cloud")
        images = client(cloud, "eu-west-1").describe_images()["Images"]
        linux = [image["ImageId"] for image in images if not image.get("Platform")]
        yield cls(cloud, sorted(linux)[0])

    def __init__(self, service: Ec2Service, image: str) -> None:
        self._service, self._image, self._port = service, image, service.port

    def account(self) -> Account:
        settings = registry.load(self.id).read_settings(
            {"api_key": self._service.api_key, "api_secret": self._service.api_secret}
        )
        return Account(settings=settings, region="ec2_eu_west", endpoint=f"http://127.0.0.1:{self._port}")

    def refused(self) -> Account:
        given = {"api_key": self._service.api_key, "api_secret": "not the secret"}
        return replace(self.account(), settings=registry.load(self.id).read_settings(given))

    def at(self, port: int) -> Account:
        return self.pointed(f"http://127.0.0.1:{port}")

    def pointed(self, url: str, ca_pem: str | None = None) -> Account:
        return replace(self.account(), endpoint=url, ca_pem=ca_pem, timeout_s=1.0)

    def dial(self) -> Callable[[], socket.socket]:
        return lambda: socket.create_connection(("127.0.0.1", self._service.port))

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=self._image, size="m1.small", location="0")

    @contextlib.contextmanager
    def refusing(self, why: str) -> Iterator[None]:
        """moto refuses nothing of itself."""
        status, code, words = REFUSALS[why]
        error = f"<Error><Code>{code}</Code><Message>{words}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors><RequestID>r-1</RequestID></Response>"
        with Refuser(self.dial(), self.create_needle, response(status, body.encode(), "text/xml")) as refuser:
            self._port = refuser.port
            try:
                yield
            finally:
                self._port = self._service.port


RIG = Ec2Rig
