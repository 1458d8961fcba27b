"""Compute Engine on a stand-in that Google's own description of the API rules."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa

from mistserver.domain.errors import ProviderNotFound, ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.gce import GceCloud
from tests.lab.clouds.gce_project import EMAIL, PROJECT, pem, refusal

STRANGER = pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


class GceRig(StandInRig):
    id = "gce"
    unknown = "1234567890123456789"
    cloud_class = GceCloud
    good = {"email": EMAIL, "project_id": PROJECT, "private_key": pem()}
    wrong = {"private_key": STRANGER}
    create_needle = b"instances?requestId="
    creates_at = "/compute/v1/projects/[^/]+/zones/[^/]+/instances"
    many = True
    tags = ("blue", "web-server")
    vendors_refusals = {
        "no quota": (
            refusal(403, "quotaExceeded", "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1."),
            ProviderQuota,
        ),
        "sold out": (
            refusal(503, "resourcePoolExhausted", "The zone 'us-central1-a' does not have enough resources available."),
            ProviderQuota,
        ),
        "unknown image": (
            refusal(404, "notFound", "The resource 'projects/debian-cloud/global/images/family/x' was not found"),
            ProviderNotFound,
        ),
        "unknown size": (
            refusal(400, "invalid", "Invalid value for field 'resource.machineType': 'zones/z/machineTypes/x'."),
            ProviderRejected,
        ),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        image = "projects/debian-cloud/global/images/family/debian-13"
        return MachineSpec(name=name, mark=mark, image=image, size="e2-micro", location="us-central1-a")


RIG = GceRig
