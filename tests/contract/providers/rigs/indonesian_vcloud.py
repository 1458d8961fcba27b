"""Indonesian Cloud on a stand-in of vCloud Director."""

from __future__ import annotations

from tests.contract.providers.rigs.vcloud import VCloudRig
from tests.lab.clouds.vcloud import ORGANIZATION, PASSWORD, USERNAME


class IndonesianVCloudRig(VCloudRig):
    id = "indonesian_vcloud"
    good = {"username": USERNAME, "password": PASSWORD, "organization": ORGANIZATION}
    many = False  # the code is VMware's own row's


RIG = IndonesianVCloudRig
