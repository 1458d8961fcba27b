"""OVHcloud on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.ovh import APPLICATION, AT, CONSUMER, PROJECT, SECRET, OvhCloud, refusal


class OvhRig(StandInRig):
    id = "ovh"
    cloud_class = OvhCloud
    region = "eu"
    good = {
        "application_key": APPLICATION,
        "application_secret": SECRET,
        "consumer_key": CONSUMER,
        "project_id": PROJECT,
    }
    wrong = {"application_secret": "not the secret"}
    create_needle = f"POST {AT}/instance HTTP".encode()
    creates_at = AT + "/instance"
    resizes_running = True
    many = True
    vendors_refusals = {
        "no quota": (
            refusal(403, "Quota exceeded for cores: Requested 2, but already used 20 of 20 cores"),
            ProviderQuota,
        ),
        "sold out": (refusal(400, "No valid host was found. There are not enough hosts available."), ProviderQuota),
        "unknown image": (refusal(404, "Image 1f3b49ad-3566-4838-93f8-b657a36b870f does not exist"), ProviderNotFound),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="Debian 12", size="b3-8", location="GRA11")


RIG = OvhRig
