"""Scaleway on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.scaleway import PROJECT, SECRET, ScalewayCloud, not_found, refused
from tests.lab.stand_in import Reply

_USED_UP = {
    "type": "quotas_exceeded",
    "message": "quota exceeded",
    "details": [{"resource": "instance_servers", "quota": 10, "current": 10}],
}


class ScalewayRig(StandInRig):
    id = "scaleway"
    cloud_class = ScalewayCloud
    region = "fr-par-1"
    good = {"secret_key": SECRET, "project_id": PROJECT}
    wrong = {"secret_key": "not the secret"}
    create_needle = b"POST /instance/v1/zones/fr-par-1/servers HTTP"
    creates_at = "/instance/v1/zones/fr-par-1/servers"
    many = True
    vendors_refusals = {
        "no quota": (Reply(403, _USED_UP), ProviderQuota),
        "sold out": (Reply(409, {"type": "out_of_stock", "resource": "DEV1-S"}), ProviderQuota),
        "unknown image": (not_found("instance_image", "7a892c1a-bbdc-491f-9974-4008e3708664"), ProviderNotFound),
        "bad type": (refused("commercial_type", "not a valid value"), ProviderRejected),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="debian_trixie", size="DEV1-S", location="fr-par-1")


RIG = ScalewayRig
