"""HP Helion Cloud as its OpenStack once was: a stand-in with the second Keystone, images and networks being Nova's."""

from __future__ import annotations

from tests.contract.providers.nova_rig import NovaRig
from tests.lab.clouds.nova import OlderCloud


class HpCloudRig(NovaRig):
    id = "hpcloud"
    region = "region-a.geo-1"
    path = "/v2.0"
    cloud_class = OlderCloud


RIG = HpCloudRig
