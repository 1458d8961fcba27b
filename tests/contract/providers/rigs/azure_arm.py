"""Azure Resource Manager on a stand-in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.contract.providers.rig import Rig
from tests.lab.clouds.azure_arm import CLIENT, SECRET, SUBSCRIPTION, TENANT, AzureCloud, refusal

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5 me"


class AzureArmRig(StandInRig):
    id = "azure_arm"
    unknown = "mist/nothing-has-this-name"
    cloud_class = AzureCloud
    good = {"tenant_id": TENANT, "client_id": CLIENT, "client_secret": SECRET, "subscription_id": SUBSCRIPTION}
    wrong = {"client_secret": "not the secret"}
    create_needle = b'"mist-mark"'
    create_method = "PUT"
    creates_at = ".*/(virtualMachines|deployments)/[^/]+"
    resizes_running = True
    many = True
    vendors_refusals = {
        "no quota": (
            refusal(
                409,
                "OperationNotAllowed",
                "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
            ),
            ProviderQuota,
        ),
        "sold out": (
            refusal(
                400,
                "InvalidTemplateDeployment",
                "The template deployment is not valid. See inner errors for details.",
                {"code": "SkuNotAvailable", "message": "The requested VM size is currently not available."},
            ),
            ProviderQuota,
        ),
        "unknown image": (
            refusal(404, "PlatformImageNotFound", "The platform image 'a:b:c:latest' is not available."),
            ProviderNotFound,
        ),
    }

    @classmethod
    @contextlib.contextmanager
    def started(cls, request: pytest.FixtureRequest) -> Iterator[Rig]:
        """A subscription has no network until something needs one, which stays when that goes."""
        with super().started(request) as rig:
            with rig.opened() as provider:
                provider.destroy(provider.create(rig.spec("first", "mark-of-the-first")).external_id)
            yield rig

    def spec(self, name: str, mark: str) -> MachineSpec:
        image = "Debian:debian-13:13-gen2:latest"
        place = {"image": image, "size": "Standard_B1s", "location": "westeurope"}
        return MachineSpec(name=name, mark=mark, public_key=KEY, **place)


RIG = AzureArmRig
