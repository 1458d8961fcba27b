"""SoftLayer on a stand-in."""

from __future__ import annotations

from xmlrpc.client import Fault, dumps

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.softlayer import API_KEY, USERNAME, SoftLayerCloud
from tests.lab.stand_in import Reply


def _refusal(words: str) -> Reply:
    return Reply(200, dumps(Fault("SoftLayer_Exception_Public", words), methodresponse=True))  # type: ignore[arg-type]


class SoftLayerRig(StandInRig):
    id = "softlayer"
    unknown = "1"
    cloud_class = SoftLayerCloud
    good = {"username": USERNAME, "api_key": API_KEY}
    wrong = {"api_key": "not the secret"}
    path = "/xmlrpc/v3.1"
    create_needle = b"<methodName>createObject<"
    creates_at = "/xmlrpc/v3.1/SoftLayer_Virtual_Guest"
    resizes_running = True
    many = True
    tags = ("blue", "env:prod")
    vendors_refusals = {
        "no quota": (_refusal("You have reached the maximum number of computing instances."), ProviderQuota),
        "sold out": (_refusal("There is insufficient capacity to complete the request."), ProviderQuota),
        "unknown image": (
            _refusal("Invalid value provided for 'operatingSystemReferenceCode' (NO_OS)."),
            ProviderRejected,
        ),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="DEBIAN_13_64", size="B1_1X2X25", location="ams03")


RIG = SoftLayerRig
