"""What the rigs of providers on Nova's protocol have in common where a stand-in answers."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.keystone import PASSWORD, PROJECT, USERNAME
from tests.lab.clouds.nova import COMPUTE, IMAGES, NETWORK, refusal

REFUSALS = {
    "no quota": (
        refusal(403, "forbidden", "Quota exceeded for cores: Requested 1, but already used 20 of 20 cores"),
        ProviderQuota,
    ),
    "no quota, as it was said once": (refusal(413, "overLimit", "Quota exceeded for instances"), ProviderQuota),
    "sold out": (refusal(500, "computeFault", "No valid host was found."), ProviderQuota),
    "unknown image": (refusal(400, "badRequest", "Can not find requested image"), ProviderRejected),
}


class NovaRig(StandInRig):
    unknown = "00000000-0000-0000-0000-000000000000"
    good = {"username": USERNAME, "password": PASSWORD, "tenant_name": PROJECT}
    wrong = {"password": "not the secret"}
    create_needle = b"/servers HTTP"
    creates_at = COMPUTE + "/servers"
    resizes_running = True
    many = True
    vendors_refusals = REFUSALS

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(
            name=name, mark=mark, image=IMAGES[2]["id"], size="1", location="0", networks=(str(NETWORK["id"]),)
        )
