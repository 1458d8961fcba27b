"""Rackspace on a stand-in, which shows what mimic lacks."""

from __future__ import annotations

from tests.contract.providers.nova_rig import NovaRig
from tests.lab.clouds.keystone import PASSWORD, USERNAME
from tests.lab.clouds.nova import KeyedCloud


class RackspaceRig(NovaRig):
    id = "rackspace"
    region = "dfw"
    cloud_class = KeyedCloud
    good = {"username": USERNAME, "api_key": PASSWORD}
    wrong = {"api_key": "not the secret"}


RIG = RackspaceRig
