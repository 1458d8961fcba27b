"""What Azure's stand-in offers to build machines from."""

from __future__ import annotations

from typing import Any

LOCATIONS = [
    {"name": "eastus", "displayName": "East US", "metadata": {"regionType": "Physical"}},
    {"name": "europe", "displayName": "Europe", "metadata": {"regionType": "Logical"}},
    {"name": "westeurope", "displayName": "West Europe", "metadata": {"regionType": "Physical"}},
]
SIZES = {"Standard_B1s": ("1", "1", "4096"), "Standard_D2s_v3": ("2", "8", "16384"), "Standard_NEW9": ("2", "8", "0")}
MARKET: dict[str, dict[str, list[str]]] = {
    "Canonical": {
        "0001-com-ubuntu-server-jammy": ["22_04-lts", "22_04-lts-gen2"],
        "ubuntu-24_04-lts": ["minimal", "server"],
        "ubuntu-25_04": ["server"],
    },
    "Debian": {"debian-10": ["10", "10-gen2"], "debian-12": ["12", "12-gen2"], "debian-13": ["13", "13-gen2"]},
    "almalinux": {"almalinux-x86_64": ["8-gen2", "9-gen2", "10-gen2"]},
    "kinvolk": {"flatcar-container-linux": ["stable", "stable-gen2"]},
}


def sku(name: str, cores: str, ram_gb: str, disk_mb: str) -> dict[str, Any]:
    """https://learn.microsoft.com/en-us/rest/api/compute/resource-skus/list"""
    told = {"vCPUs": cores, "MemoryGB": ram_gb, "MaxResourceVolumeMB": disk_mb, "CpuArchitectureType": "x64"}
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "locations": ["westeurope"],
        "capabilities": [{"name": key, "value": value} for key, value in told.items()],
        "restrictions": [],
    }
