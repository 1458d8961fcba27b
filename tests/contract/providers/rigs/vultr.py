"""Vultr on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.vultr import KEY, VultrCloud, refusal

_FULL = "Server add failed: You have reached the maximum number of active virtual machines for this account."
_SOLD_OUT = "Server add failed: Plan is not available in the selected datacenter."


class VultrRig(StandInRig):
    id = "vultr"
    unknown = "4f0f12e5-1f84-404f-aa84-ffffffffffff"
    cloud_class = VultrCloud
    good = {"api_key": KEY}
    wrong = {"api_key": "not the secret"}
    create_needle = b"POST /v2/instances HTTP"
    creates_at = "/v2/instances"
    many = True
    vendors_refusals = {
        "no quota": (refusal(400, _FULL), ProviderQuota),
        "sold out": (refusal(400, _SOLD_OUT), ProviderQuota),
        "unknown image": (refusal(400, "Invalid OS chosen."), ProviderRejected),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="2625", size="vc2-1c-1gb", location="ams")


RIG = VultrRig
