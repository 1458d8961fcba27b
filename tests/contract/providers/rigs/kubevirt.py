"""KubeVirt on a stand-in."""

from __future__ import annotations

from mistserver.domain.errors import ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.kubevirt import TOKEN, KubeVirtCloud, status

QUOTA = 'virtualmachines.kubevirt.io "x" is forbidden: exceeded quota: vms, requested: count/virtualmachines=1, used: 5'


class KubeVirtRig(StandInRig):
    id = "kubevirt"
    unknown = "default/nothing-has-this-id"
    cloud_class = KubeVirtCloud
    good = {"host": "k8s.example", "token": TOKEN}
    wrong = {"token": "not-the-secret"}
    create_needle = b"POST /apis/kubevirt.io/v1/namespaces/default/virtualmachines "
    creates_at = "/apis/kubevirt.io/v1/namespaces/[^/]+/virtualmachines"
    many = True
    vendors_refusals = {
        "no quota": (status(403, "Forbidden", QUOTA), ProviderQuota),
        "unknown size": (
            status(422, "Invalid", "Failure to find instancetype: virtualmachineclusterinstancetypes not found"),
            ProviderRejected,
        ),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image="quay.io/containerdisks/debian:13", size="1-1024")


RIG = KubeVirtRig
