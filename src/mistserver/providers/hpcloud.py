"""HP Helion Public Cloud: Keystone's version 2 and Nova, for endpoints that still speak them.

The vendor's documentation went with its cloud; what it described is OpenStack's.
"""

from __future__ import annotations

from typing import Annotated

from mistserver.providers.base import Region
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.nova.cloud import Cloud, Place
from mistserver.providers.nova.identity import Credentials, Keystone
from mistserver.providers.nova.provider import Nova


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str, setting("User name", flag="hp-username")]
    password: Annotated[str, setting("Password", flag="hp-password", secret=True)]
    tenant_name: Annotated[str, setting("Name of the tenant", flag="hp-tenant")]


class HpCloud(Nova):
    id = "hpcloud"
    title = "HP Helion Cloud"
    Settings = Settings
    regions = (Region("region-a.geo-1", "US West"), Region("region-b.geo-1", "US East"))
    region_required = True
    region_flag = "hp-region"
    retired_since = "2016"
    guide = Guide(
        credentials="There are none any more; a cloud of the same kind has a user name, a password and a tenant.",
        permissions="The role `member` in the tenant.",
        limits=("Its vendor switched it off in January 2016; give the address of a cloud that still speaks its API.",),
        through="keystoneauth1 for identity, and the REST API of compute, image and network service",
        source="https://docs.openstack.org/api-ref/compute/",
    )

    def signed_in(self) -> Cloud:
        settings, region = self.account.settings, self.account.region
        keystone = Keystone(self.account, f"https://{region}.identity.hpcloudsvc.com:35357/v2.0", self.title)
        try:
            who = Credentials(settings.username, settings.password, project_name=settings.tenant_name)
            access = keystone.sign_in(who)
        finally:
            keystone.close()
        return Cloud(self.account, self.title, access, Place(region))
