"""vCloud Director on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.vcloud import ORGANIZATION, PASSWORD, USERNAME, VCloudCloud, refusal


class VCloudRig(StandInRig):
    id = "vcloud"
    unknown = "vapp-00000000-0000-4000-8000-000000000000"
    cloud_class = VCloudCloud
    good = {"username": USERNAME, "password": PASSWORD, "organization": ORGANIZATION, "host": "vcd.example.org"}
    wrong = {"password": "not the secret"}
    create_needle = b"/action/composeVApp HTTP"
    creates_at = "/api/vdc/.*/action/composeVApp"
    many = True
    vendors_refusals = {
        "no quota": (
            refusal(400, "BAD_REQUEST", "The requested operation will exceed the VDC's quota of virtual machines."),
            ProviderQuota,
        ),
        "sold out": (
            refusal(500, "INTERNAL_SERVER_ERROR", "There are insufficient resources in the provider VDC."),
            ProviderQuota,
        ),
        "not ready": (refusal(400, "BUSY_ENTITY", "The entity is busy completing an operation."), ProviderRejected),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="vappTemplate-0", size="2x2048", location="main")


RIG = VCloudRig
