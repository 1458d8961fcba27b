"""Linode on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.linode import TOKEN, LinodeCloud, refusal


class LinodeRig(StandInRig):
    id = "linode"
    unknown = "1"
    cloud_class = LinodeCloud
    good = {"api_key": TOKEN}
    wrong = {"api_key": "not the secret"}
    create_needle = b"POST /v4/linode/instances HTTP"
    creates_at = "/v4/linode/instances"
    many = True
    vendors_refusals = {
        "no quota": (refusal(400, "Account Limit reached. Please open a support ticket."), ProviderQuota),
        "sold out": (refusal(400, "This plan is sold out in the selected region.", "type"), ProviderQuota),
        "unknown image": (refusal(400, "image is not valid", "image"), ProviderRejected),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="linode/debian13", size="g6-nanode-1", location="us-east")


RIG = LinodeRig
