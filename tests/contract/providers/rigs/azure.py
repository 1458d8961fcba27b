"""Classic Azure on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.certificates import Authority
from tests.lab.clouds.azure import IMAGE, SUBSCRIPTION, ClassicAzure, refusal

OWNER = Authority().client("owner")


class AzureRig(StandInRig):
    id = "azure"
    unknown = "some-service/nothing"
    cloud_class = ClassicAzure
    good = {"subscription_id": SUBSCRIPTION, "certificate": f"{OWNER.certificate}\n{OWNER.private}"}
    wrong = {"subscription_id": "00000000-0000-0000-0000-000000000000"}
    lists = ("images", "sizes", "locations")
    create_needle = b"<RoleList>"
    creates_at = ".*/deployments"
    vendors_refusals = {
        "no quota": (
            refusal(
                409, "ConflictError", "The subscription policy limit for resource type 'cores count' was exceeded."
            ),
            ProviderQuota,
        ),
        "unknown image": (refusal(404, "ResourceNotFound", "The image does not exist."), ProviderNotFound),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=IMAGE, size="Small", location="West Europe")


RIG = AzureRig
