"""The services of one project in one region, each at its address from the catalogue."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from mistserver.domain.errors import InvalidInput, ProviderRejected
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.http_errors import understood, vendors_words
from mistserver.providers.nova.dialect import dialect
from mistserver.providers.nova.identity import Access
from mistserver.providers.rest import Json, Rest, by_link

PAGE = 1000  # Nova's own limit unless its operator set another, which then holds
_VERSION = re.compile(r"/v[\d.]+$")
_PROJECT = re.compile(r"[%$]\((?:tenant|project)_id\)s")


@dataclass(frozen=True)
class Place:
    """Which of a catalogue's endpoints are meant; `compute` is an address that takes the place of the catalogue's."""

    region: str | None = None
    interface: str = "public"
    compute: str | None = None
    service: str | None = None  # the name of the compute service, where a catalogue has several


class Cloud:
    """Calls to compute, image and network service. Closed with `close`."""

    def __init__(self, account: Account, title: str, access: Access, place: Place) -> None:
        self.title = title
        self.access = access
        self._account = replace(account, endpoint=None)
        self._place = place
        self.region = self._region(place)
        self._closing = ExitStack()

    def close(self) -> None:
        self._closing.close()

    @cached_property
    def compute(self) -> Rest:
        """Nova, at its microversion 2.1, which has all that is used. ProviderRejected when the catalogue has none."""
        if self._place.compute:
            return self._rest(_whole(self._place.compute, self.access.project_id))
        url = self._url("compute")
        if url is None:
            raise ProviderRejected(
                f"The catalogue of {self.title} has no {self._place.interface} compute service for this project"
                f"{f' in the region {self.region}' if self.region else ''}; it has {self._offers()}."
            )
        return self._rest(url)

    @cached_property
    def image(self) -> Rest | None:
        """Glance, version 2; None when the catalogue has none."""
        url = self._url("image")
        return None if url is None else self._rest(_versioned(url, "/v2"))

    @cached_property
    def network(self) -> Rest | None:
        """Neutron; None when the catalogue has none."""
        url = self._url("network")
        return None if url is None else self._rest(_versioned(url, "/v2.0"))

    def _rest(self, url: str) -> Rest:
        rest = Rest(Http(self._account, url), dialect(self.title), {"X-Auth-Token": self.access.token})
        self._closing.callback(rest.close)
        return rest

    def _url(self, service: str) -> str | None:
        found = [each for each in self._endpoints(service, self._place.interface) if each.region_name == self.region]
        return str(found[0].url).rstrip("/") if found else None

    def _region(self, place: Place) -> str | None:
        """The region as the catalogue spells it. InvalidInput for one that it does not have, or when one is needed."""
        regions = sorted({str(each.region_name) for each in self._endpoints("compute", None) if each.region_name})
        if place.region is not None and regions:
            known = {region.casefold(): region for region in regions}
            if place.region.casefold() not in known:
                raise InvalidInput(
                    f"{self.title} has no region {place.region[:80]!a}; it has {vendors_words(', '.join(regions))}.",
                    field="region",
                )
            return known[place.region.casefold()]
        if len(regions) > 1 and not place.compute:
            listed = vendors_words(", ".join(regions))
            raise InvalidInput(f"{self.title} has several regions; choose one (--region): {listed}.", field="region")
        return place.region or (regions[0] if regions else None)

    def _endpoints(self, service: str, interface: str | None) -> list[Any]:
        with understood("The catalogue of services"):
            name = self._place.service if service == "compute" else None
            found = self.access.catalogue.get_endpoints_data(service, interface, service_name=name)
            return [each for several in found.values() for each in several]

    def _offers(self) -> str:
        with understood("The catalogue of services"):
            types = sorted(self.access.catalogue.get_endpoints_data())
        return vendors_words(", ".join(types)) or "nothing"


def listed(rest: Rest, path: str, key: str, **query: Any) -> list[Json]:
    """Every page of a listing of Nova (`servers_links`), Neutron (`networks_links`) or Glance (`next`)."""

    def link(body: Json) -> Any:
        if "next" in body:
            return body["next"]
        return next((each["href"] for each in body.get(f"{key}_links") or [] if each.get("rel") == "next"), None)

    return rest.pages(path, key, by_link(link), limit=PAGE, **query)


def _versioned(url: str, version: str) -> str:
    """An address of the catalogue's, which may name the version, an older one, or none."""
    older, count = re.subn(r"/v1(\.\d+)?(?=/|$)", version, url)
    return older if count or re.search(r"/v2(\.\d+)?(/|$)", url) else url + version


def _whole(url: str, project: str) -> str:
    """An address of Nova as users give it: with or without version and project. Old ones need the project's id."""
    url = _PROJECT.sub(project, url).rstrip("/")
    tail = url.split("://", 1)[-1].partition("/")[2]
    if not tail:
        url += "/v2.1"
    return f"{url}/{project}" if _VERSION.search(url) else url
