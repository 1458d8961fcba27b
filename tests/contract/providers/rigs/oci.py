"""Oracle Cloud on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderNotFound, ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds import oci as lab

_MISSING = "Authorization failed or requested resource not found."


class OciRig(StandInRig):
    id = "oci"
    unknown = "ocid1.instance.oc1.eu.nothing"
    cloud_class = lab.OciCloud
    region = lab.REGION
    good = {
        "tenancy": lab.TENANCY,
        "user": lab.USER,
        "fingerprint": lab.FINGERPRINT,
        "private_key": lab.PEM,
        "compartment_id": lab.COMPARTMENT,
    }
    wrong = {"private_key": lab.other_key("not the secret"), "passphrase": "not the secret"}
    create_needle = f"POST {lab.ROOT}/instances HTTP".encode()
    creates_at = lab.ROOT + "/instances"
    resizes_running = True
    many = True
    vendors_refusals = {
        "no quota": (lab.refusal(400, "LimitExceeded", "The following service limits were exceeded"), ProviderQuota),
        "sold out": (lab.refusal(500, "InternalError", "Out of host capacity."), ProviderQuota),
        "unknown image": (lab.refusal(404, "NotAuthorizedOrNotFound", _MISSING), ProviderNotFound),
        "bad shape": (lab.refusal(400, "InvalidParameter", "Shape X does not exist"), ProviderRejected),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(
            name=name,
            mark=mark,
            image="img-1",
            size="VM.Standard.E5.Flex:1:12",
            location="Uocm:EU-FRANKFURT-1-AD-1",
            networks=(lab.OPEN,),
        )


RIG = OciRig
