"""The OpenStack provider: one project in one region of a cloud."""

from __future__ import annotations

from typing import Any

from mistserver.providers.declare import Guide
from mistserver.providers.nova.cloud import Cloud, Place
from mistserver.providers.nova.identity import Keystone
from mistserver.providers.nova.provider import Nova
from mistserver.providers.openstack import settings as told
from mistserver.providers.openstack.settings import Settings


class OpenStack(Nova):
    id = "openstack"
    title = "OpenStack"
    Settings = Settings
    region_flag = "openstack-region"
    free_region = True
    guide = Guide(
        credentials="The dashboard (Horizon), Project, API Access: an openrc or a clouds.yaml has all of it. Better "
        "than your password is an application credential: Identity, Application Credentials.",
        permissions="The role `member` in the project. An application credential may be restricted by access rules to "
        "the compute service, and reading of image and network service.",
        limits=(
            "Tags are metadata of the server: letters, digits, blanks, dots, colons, dashes and underscores.",
            "A resize takes two steps there: Mist confirms it once the machine runs on its new size.",
            "Floating addresses are shown; they are not given out by a create.",
            "The protocol has no prices.",
            "The project's network has to be named where it has several.",
        ),
        through="keystoneauth1 for identity, and the REST API of compute, image and network service",
        source="https://docs.openstack.org/api-ref/compute/",
    )

    @classmethod
    def validate(cls, settings: Any) -> Any:
        return told.validated(settings, cls.title)

    def signed_in(self) -> Cloud:
        settings = self.account.settings
        keystone = Keystone(self.account, settings.auth_url, self.title)
        try:
            access = keystone.sign_in(told.credentials(settings))
        finally:
            keystone.close()
        region = self.account.region or settings.region_name
        return Cloud(self.account, self.title, access, Place(region, settings.interface, settings.compute_endpoint))
