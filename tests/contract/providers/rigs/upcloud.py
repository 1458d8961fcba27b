"""UpCloud on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.upcloud import DEBIAN, TOKEN, UpCloudCloud, refusal


class UpCloudRig(StandInRig):
    id = "upcloud"
    unknown = "00814aac-240f-4f08-9139-ffffffffffff"
    cloud_class = UpCloudCloud
    good = {"token": TOKEN}
    wrong = {"token": "not the secret"}
    path = "/1.3"
    create_needle = b"POST /1.3/server HTTP"
    creates_at = "/1.3/server"
    many = True
    vendors_refusals = {
        "no quota": (refusal(403, "SERVER_CORE_LIMIT_REACHED", "The limit of CPU cores is reached."), ProviderQuota),
        "no credits": (refusal(402, "INSUFFICIENT_CREDITS", "There are not enough credits."), ProviderQuota),
        "sold out": (
            refusal(409, "SERVER_RESOURCES_UNAVAILABLE", "There are not enough resources in the zone."),
            ProviderQuota,
        ),
        "unknown image": (refusal(404, "STORAGE_NOT_FOUND", "The storage does not exist."), ProviderNotFound),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=DEBIAN, size="1xCPU-1GB", location="fi-hel1")


RIG = UpCloudRig
