"""Exoscale on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.exoscale import API_KEY, DEBIAN, SECRET, TINY, ExoscaleCloud
from tests.lab.stand_in import Reply


class ExoscaleRig(StandInRig):
    id = "exoscale"
    unknown = "00000000-0000-4000-8000-000000000000"
    cloud_class = ExoscaleCloud
    good = {"api_key": API_KEY, "api_secret": SECRET}
    wrong = {"api_secret": "not the secret"}
    region = "de-fra-1"
    path = "/v2"
    create_needle = b"POST /v2/instance HTTP"
    creates_at = "/v2/instance"
    many = True
    vendors_refusals = {
        "no quota": (Reply(403, {"message": "Quota exceeded for instances"}), ProviderQuota),
        "sold out": (
            Reply(200, {"id": "a", "state": "failure", "reason": "unavailable", "message": "Not enough capacity"}),
            ProviderQuota,
        ),
        "unknown image": (Reply(404, {"message": "Template not found"}), ProviderNotFound),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=DEBIAN, size=TINY, location="de-fra-1")


RIG = ExoscaleRig
