"""CloudStack on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.cloudstack import API_KEY, SECRET, CloudStackCloud, refusal
from tests.lab.stand_in import Reply


def _refusal(code: int, words: str) -> Reply:
    return refusal("deployVirtualMachine", code, words)


class CloudStackRig(StandInRig):
    id = "cloudstack"
    unknown = "19253fbf-abb7-4013-a8a1-97df3b93f206"
    cloud_class = CloudStackCloud
    good = {"url": "https://cloud.example.org/client/api", "api_key": API_KEY, "secret_key": SECRET}
    wrong = {"secret_key": "not the secret"}
    path = "/client/api"
    create_needle = b"command=deployVirtualMachine"
    creates_at = "/client/api"
    many = True
    vendors_refusals = {
        "no quota": (
            _refusal(535, "Maximum number of resources of type 'user_vm' for account has been exceeded."),
            ProviderQuota,
        ),
        "sold out": (_refusal(533, "Unable to create a deployment for VM"), ProviderQuota),
        "unknown size": (_refusal(431, "Unable to find service offering: 104"), ProviderNotFound),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="a17b40d6", size="b6cd1ff5", location="CH-GV2")


RIG = CloudStackRig
