"""The clouds that the seed's add-backend lines lead to: one stand-in each, which knows the credentials of the seed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.lab.clouds.azure import ClassicAzure
from tests.lab.clouds.digitalocean import DigitalOceanCloud
from tests.lab.clouds.gce import GceCloud
from tests.lab.clouds.linode import LinodeCloud
from tests.lab.clouds.nephoscale import NephoScaleCloud
from tests.lab.clouds.nova import KeyedCloud, NovaCloud, OlderCloud
from tests.lab.clouds.softlayer import SoftLayerCloud
from tests.lab.clouds.vcloud import VCloudCloud
from tests.lab.stand_in import Answer, Reply, Request, StandIn, route

_RACKSPACE = "098er098eqwec98dqdqd098"
_NOTHING = (
    '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>'
    "<reservationSet/></DescribeInstancesResponse>"
)


class Ec2Door(StandIn):
    """Says that there are no machines to those who sign with one of the seed's keys."""

    @route("POST", "/")
    def describe(self, request: Request) -> Answer:
        signed_by = request.headers.get("authorization", "")
        known = any(f"Credential={key}/" in signed_by for key in ("ALKI098IGGYUG", "AKIAHKIB7OIJCX7YLIO3JA"))
        return Reply(200, _NOTHING) if known else Reply(401, "<Response/>")


class SeedLinode(LinodeCloud):
    """Linode with the seed's token."""

    def authorize(self, request: Request) -> Reply | None:
        good = request.headers.get("authorization") == "Bearer dkljflkjlkgddgijgd00987ghudGgcf9Glkjh"
        return None if good else Reply(401, {"errors": [{"reason": "Invalid Token"}]})


class SeedOpenStack(NovaCloud):
    """One cloud with the two users of the seed, each with a project of their own name."""

    def reply(self, request: Request) -> Reply:
        for user, password in (("admin", "admin_pass"), ("demo", "mypass")):
            if password.encode() in request.body:
                self.username, self.password, self.project = user, password, user
        return super().reply(request)


class SeedRackspace(KeyedCloud):
    """Rackspace with the user of the seed's command lines and the one of its Python."""

    def reply(self, request: Request) -> Reply:
        for user, key in (("my_username", _RACKSPACE), ("rack_username", "rack_api_secret")):
            if key.encode() in request.body:
                self.username, self.password = user, key
        return super().reply(request)


@dataclass(frozen=True)
class Seen:
    """Where a line leads: its provider, the cloud, what an endpoint ends with, and which request is the sign-in."""

    provider: str
    cloud: Callable[[], Any]
    signs_in: Callable[[Request], bool]
    path: str = ""


def _header(name: str, value: str) -> Callable[[Request], bool]:
    return lambda request: request.headers.get(name) == value


def _basic(user: str, password: str) -> Callable[[Request], bool]:
    return _header("authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


_DIGITALOCEAN = "kjhdkfh897dfodlkfjlkhdf90sdfusldkfjkljsdf098lkjlkj"
_SOFTLAYER = "kjhfdkjahf098OIjhkFChiugiGIIUuoh"


def _password(user: str, password: str) -> Callable[[Request], bool]:
    """A sign-in at Keystone, of either version, or with Rackspace's key."""
    return lambda request: (
        request.path.endswith("/tokens") and user.encode() in request.body and password.encode() in request.body
    )


CLOUDS = (
    Seen("ec2", Ec2Door, lambda request: "Credential=A" in request.headers.get("authorization", "")),
    Seen(
        "nephoscale",
        lambda: NephoScaleCloud("nepho_username", "nepho_passwd"),
        _basic("nepho_username", "nepho_passwd"),
    ),
    Seen(
        "digitalocean",
        lambda: DigitalOceanCloud(_DIGITALOCEAN),
        _header("authorization", f"Bearer {_DIGITALOCEAN}"),
    ),
    Seen("linode", SeedLinode, _header("authorization", "Bearer dkljflkjlkgddgijgd00987ghudGgcf9Glkjh")),
    Seen(
        "softlayer",
        lambda: SoftLayerCloud("soft_username", _SOFTLAYER),
        lambda request: b"soft_username" in request.body and _SOFTLAYER.encode() in request.body,
        "/xmlrpc/v3.1",
    ),
    Seen(
        "azure",
        lambda: ClassicAzure("lkjoiy8-kjdjkhd-987-hd9d"),
        lambda request: request.path.startswith("/lkjoiy8-kjdjkhd-987-hd9d/"),
    ),
    Seen("gce", GceCloud, lambda request: request.path == "/token"),
    Seen("vcloud", lambda: VCloudCloud("admin@MyOrg.io", "ioiuYoiuOIU"), _basic("admin@MyOrg.io", "ioiuYoiuOIU")),
    Seen(
        "indonesian_vcloud",
        lambda: VCloudCloud("admin@MyOrg.io", "kjOIULKJLlkj"),
        _basic("admin@MyOrg.io", "kjOIULKJLlkj"),
    ),
    Seen("openstack", SeedOpenStack, lambda request: request.path.endswith("/tokens") and b"pass" in request.body),
    Seen("rackspace", SeedRackspace, _password("my_username", _RACKSPACE)),
    Seen("hpcloud", lambda: OlderCloud("hp_username", "my_pass", "my_tenant"), _password("hp_username", "my_pass")),
)
