"""Alibaba Cloud on a stand-in."""

from __future__ import annotations

import contextlib

from mistserver.domain.errors import ProviderNotFound, ProviderQuota, ProviderRejected
from mistserver.domain.machine import MachineSpec
from tests.contract.providers.http_rig import StandInRig
from tests.lab.clouds.aliyun import ID, NEWEST, REGION, SECRET, AliyunCloud, refusal


class AliyunRig(StandInRig):
    id = "aliyun"
    cloud_class = AliyunCloud
    region = REGION
    good = {"access_key_id": ID, "access_key_secret": SECRET}
    wrong = {"access_key_secret": "not the secret"}
    create_needle = b"Action=RunInstances"
    many = True
    vendors_refusals = {
        "no quota": (refusal(403, "QuotaExceed.ElasticQuota", "The number of vCPUs exceeds the quota."), ProviderQuota),
        "sold out": (
            refusal(403, "OperationDenied.NoStock", "The requested resource is sold out in the specified zone."),
            ProviderQuota,
        ),
        "unknown image": (
            refusal(404, "InvalidImageId.NotFound", "The specified ImageId does not exist."),
            ProviderNotFound,
        ),
        "bad size": (
            refusal(403, "InvalidInstanceType.ValueNotSupported", "The specified InstanceType does not exist."),
            ProviderRejected,
        ),
    }

    def spec(self, name: str, mark: str) -> MachineSpec:
        return MachineSpec(name=name, mark=mark, image=NEWEST, size="ecs.g8i.large", location="eu-central-1b")

    def refusing(self, why: str) -> contextlib.AbstractContextManager[None]:
        """All actions go to one path."""
        reply = self.vendors_refusals[why][0]
        return self.cloud.refusing_action("RunInstances", reply)  # type: ignore[no-any-return]


RIG = AliyunRig
