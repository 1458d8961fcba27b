"""Hetzner Cloud on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.hetzner import TOKEN, HetznerCloud, refusal


class HetznerRig(StandInRig):
    id = "hetzner"
    unknown = "1"
    cloud_class = HetznerCloud
    good = {"token": TOKEN}
    wrong = {"token": "not the secret"}
    create_needle = b"POST /v1/servers HTTP"
    creates_at = "/v1/servers"
    many = True
    vendors_refusals = {
        "no quota": (refusal(403, "resource_limit_exceeded", "server limit exceeded"), ProviderQuota),
        "sold out": (refusal(412, "resource_unavailable", "error during placement"), ProviderQuota),
        "unknown image": (refusal(404, "not_found", "image not found: debian-99"), ProviderNotFound),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="debian-13", size="cx22", location="fsn1")


RIG = HetznerRig
