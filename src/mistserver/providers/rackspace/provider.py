"""The Rackspace provider: the servers of an account in one region, or of the first generation in one country."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec.structs import replace

from mistserver.domain.catalog import Size
from mistserver.providers import libcloud_base
from mistserver.providers.base import Account, Region
from mistserver.providers.declare import Guide, ProviderSettings, setting
from mistserver.providers.nova.cloud import Cloud, Place
from mistserver.providers.nova.provider import Nova
from mistserver.providers.rackspace.identity import sign_in

# id, title, the name of a backend that was given none, the table of prices
_REGIONS = (
    ("dfw", "Dallas", "Rackspace DFW", "rackspacenovaus"),
    ("ord", "Chicago", "Rackspace ORD", "rackspacenovaus"),
    ("iad", "N. Virginia", "Rackspace IAD", "rackspacenovaus"),
    ("lon", "London", "Rackspace LON", "rackspacenovalon"),
    ("syd", "Sydney", "Rackspace AU", "rackspacenovasyd"),
    ("hkg", "Hong Kong", "Rackspace HKG", ""),
    ("rackspace_first_gen:us", "US-First Gen", "Rackspace US (OLD)", "rackspace"),
    ("rackspace_first_gen:uk", "UK-First Gen", "Rackspace UK (OLD)", "rackspace"),
)
FIRST_GENERATION = "rackspace_first_gen:"
_NAMES = {id: name for id, _, name, _ in _REGIONS}
_PRICES = {id: table for id, _, _, table in _REGIONS}


class Settings(ProviderSettings, frozen=True, kw_only=True):
    username: Annotated[str, setting("User name", flag="rackspace-username")]
    api_key: Annotated[str, setting("API key", flag="rackspace-api-key", secret=True)]


class Rackspace(Nova):
    id = "rackspace"
    title = "Rackspace"
    Settings = Settings
    regions = tuple(Region(id, title) for id, title, _, _ in _REGIONS)
    region_required = True
    region_flag = "rackspace-region"
    guide = Guide(
        credentials="The control panel, My Profile & Settings: the API key is shown there.",
        permissions="The roles `nova:creator`, `glance:observer` and `neutron:observer` of a user of the account.",
        limits=(
            "A machine that is given networks is on those alone; name the public and the service network with others.",
            "Only flavours of the standard family can be resized.",
            "The first generation was switched off in 2015. Where something still speaks its API, machines are "
            "listed, created, rebooted, resized and destroyed; it can neither start nor stop them, and its tags are "
            "those of the create.",
            "Prices are those of libcloud's table.",
        ),
        through="the REST API of OpenStack's compute, image and network service, and keystoneauth1 for the catalogue",
        source="https://docs.rackspace.com/docs/cloud-servers/v2/",
    )

    def __new__(cls, account: Account) -> Rackspace:
        """The first generation has an API of its own."""
        if cls is Rackspace and (account.region or "").startswith(FIRST_GENERATION):
            from mistserver.providers.rackspace.first_generation import FirstGeneration

            return super().__new__(FirstGeneration)
        return super().__new__(cls)

    @classmethod
    def default_name(cls, settings: Any, region: str | None) -> str:
        return _NAMES.get(region or "", cls.title)

    def signed_in(self) -> Cloud:
        access = sign_in(self.account, self.title)
        return Cloud(self.account, self.title, access, Place(self.account.region, service="cloudServersOpenStack"))

    def list_sizes(self) -> list[Size]:
        return [self._priced(size) for size in super().list_sizes()]

    def _priced(self, size: Size) -> Size:
        cost = libcloud_base.price(_PRICES.get(self.account.region or "", ""), size.id)
        if cost is None:
            return size
        price, currency, date = cost
        return replace(size, price=price, currency=currency, price_date=date)
