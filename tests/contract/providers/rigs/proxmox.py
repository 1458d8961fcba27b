"""Proxmox VE on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.proxmox import TEMPLATE, TOKEN_ID, TOKEN_SECRET, ProxmoxCloud, died


class ProxmoxRig(StandInRig):
    id = "proxmox"
    unknown = "199999"
    cloud_class = ProxmoxCloud
    good = {"host": "pve.example", "token_id": TOKEN_ID, "token_secret": TOKEN_SECRET}
    wrong = {"token_secret": "not-the-secret"}
    create_needle = b"/clone HTTP"
    creates_at = "/api2/json/nodes/[^/]+/qemu/[0-9]+/clone"
    many = True
    tags = ("blue", "env.prod")
    vendors_refusals = {
        "no space": (
            died('volume group "pve" has insufficient free space (100 extents): 1024 required.'),
            ProviderQuota,
        ),
        "unknown image": (
            died("Configuration file 'nodes/pve1/qemu-server/9000.conf' does not exist"),
            ProviderNotFound,
        ),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=str(TEMPLATE), size="1-512")


RIG = ProxmoxRig
