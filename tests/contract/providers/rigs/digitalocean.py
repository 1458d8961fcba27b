"""DigitalOcean on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.digitalocean import TOKEN, DigitalOceanCloud
from tests.lab.stand_in import Reply


def _refusal(status: int, id: str, message: str) -> Reply:
    return Reply(status, {"id": id, "message": message})


class DigitalOceanRig(StandInRig):
    id = "digitalocean"
    unknown = "1"
    cloud_class = DigitalOceanCloud
    good = {"token": TOKEN}
    wrong = {"token": "not the secret"}
    create_needle = b"POST /v2/droplets HTTP"
    creates_at = "/v2/droplets"
    many = True
    tags = ("blue", "env:prod")
    vendors_refusals = {
        "no quota": (
            _refusal(422, "unprocessable_entity", "creating this/these droplet(s) will exceed your droplet limit"),
            ProviderQuota,
        ),
        "sold out": (_refusal(422, "unprocessable_entity", "Size is currently unavailable in fra1."), ProviderQuota),
        "unknown image": (
            _refusal(422, "unprocessable_entity", "You specified an invalid image for Droplet creation."),
            ProviderRejected,
        ),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="debian-13-x64", size="s-1vcpu-1gb", location="fra1")


RIG = DigitalOceanRig
