"""NephoScale on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.nephoscale import PASSWORD, USERNAME, NephoScaleCloud
from tests.lab.stand_in import Reply


def _refusal(message: str) -> Reply:
    return Reply(400, {"success": False, "subcode": 0, "message": message, "response": 400})


class NephoScaleRig(StandInRig):
    id = "nephoscale"
    unknown = "1"
    cloud_class = NephoScaleCloud
    good = {"username": USERNAME, "password": PASSWORD}
    wrong = {"password": "not the secret"}
    create_needle = b"POST /server/cloud/ HTTP"
    creates_at = "/server/cloud/"
    lists = ("images", "sizes", "locations")
    many = True
    vendors_refusals = {
        "no quota": (_refusal("Your quota does not allow another server."), ProviderQuota),
        "sold out": (_refusal("There is no capacity for this type in the zone."), ProviderQuota),
        "unknown image": (_refusal("The image is not valid."), ProviderRejected),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="75", size="5", location="RIC-1")


RIG = NephoScaleRig
