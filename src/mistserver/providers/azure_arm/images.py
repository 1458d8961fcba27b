"""Azure's images: the distributions' own, what a search finds, and those of the subscription.

An image is `publisher:offer:sku:latest`; Azure takes its newest version when a machine is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mistserver.domain.catalog import Image
from mistserver.providers import images as choosing
from mistserver.providers.azure_arm import catalog
from mistserver.providers.azure_arm.api import COMPUTE, Api
from mistserver.providers.http import at
from mistserver.providers.rest import Json

_MOST_PUBLISHERS, _MOST_OFFERS = 5, 20  # that a search looks at beside the distributions' own
_GALLERIES = "2023-07-03"


@dataclass(frozen=True)
class Line:
    """The images of one distribution: how its offers and SKUs are called, one of which holds the version (`v`)."""

    publisher: str
    title: str
    offer: str
    sku: str


# https://learn.microsoft.com/en-us/azure/virtual-machines/linux/endorsed-distros; the second generation of machines
LINES = (
    Line("Canonical", "Ubuntu", r"ubuntu-(?P<v>\d\d_04)-lts", r"server"),
    Line("Canonical", "Ubuntu", r"0001-com-ubuntu-server-jammy", r"(?P<v>22_04)-lts-gen2"),
    Line("Debian", "Debian", r"debian-(?P<v>\d+)", r"\d+-gen2"),
    Line("almalinux", "AlmaLinux", r"almalinux-x86_64", r"(?P<v>\d+)-gen2"),
    Line("RedHat", "Red Hat Enterprise Linux", r"RHEL", r"(?P<v>\d+)-lvm-gen2"),
    Line("Oracle", "Oracle Linux", r"Oracle-Linux", r"ol(?P<v>\d+)-lvm-gen2"),
    Line("SUSE", "openSUSE Leap", r"opensuse-leap-(?P<v>15-\d)", r"gen2"),
)


def images(api: Api, search: str | None) -> list[Image]:
    """See `Provider.list_images`. `all` is all of the distributions' own publishers: Azure's market has no whole list.

    A search also looks among publishers whose name it is part of.
    """
    shop = _Shop(api)
    found = {image.id: image for image in shop.lines()}
    if search is not None:
        found = {image.id: image for image in shop.more(search)} | found
    return choosing.shown(found.values(), search, _own(api))


class _Shop:
    """The market of one location; what it was asked once it is not asked again."""

    def __init__(self, api: Api) -> None:
        self._api = api
        first = catalog.locations(api)[0].id
        self._root = (
            f"{at('/subscriptions/{}', api.subscription)}/providers/Microsoft.Compute/locations/{first}/publishers"
        )
        self._offers: dict[str, list[str]] = {}
        self._skus: dict[tuple[str, str], list[str]] = {}

    def lines(self) -> Iterator[Image]:
        for line in LINES:
            for offer in self.offers(line.publisher):
                in_offer = re.fullmatch(line.offer, offer)
                for sku in self.skus(line.publisher, offer) if in_offer else ():
                    in_sku = re.fullmatch(line.sku, sku)
                    if in_offer and in_sku:
                        version = {**in_offer.groupdict(), **in_sku.groupdict()}["v"]
                        yield _image(line.publisher, offer, sku, f"{line.title} {re.sub('[_-]', '.', version)}")

    def more(self, search: str) -> Iterator[Image]:
        own = list(dict.fromkeys(line.publisher for line in LINES))
        wanted = search.casefold()
        for publisher in own:
            for offer in self.offers(publisher):
                if (
                    wanted == "all"
                    or wanted in f"{publisher}:{offer}".casefold()
                    or wanted.startswith(offer.casefold())
                ):
                    yield from self.every(publisher, offer)
        if wanted == "all":
            return
        others = [each for each in self._api.names(self._root) if wanted.partition(":")[0] in each.casefold()]
        for publisher in [each for each in others if each not in own][:_MOST_PUBLISHERS]:
            for offer in self.offers(publisher)[:_MOST_OFFERS]:
                yield from self.every(publisher, offer)

    def every(self, publisher: str, offer: str) -> Iterator[Image]:
        for sku in self.skus(publisher, offer):
            yield _image(publisher, offer, sku, f"{offer} {sku}")

    def offers(self, publisher: str) -> list[str]:
        if publisher not in self._offers:
            path = at(f"{self._root}/{{}}/artifacttypes/vmimage/offers", publisher)
            self._offers[publisher] = self._api.names(path)
        return self._offers[publisher]

    def skus(self, publisher: str, offer: str) -> list[str]:
        if (publisher, offer) not in self._skus:
            path = at(f"{self._root}/{{}}/artifacttypes/vmimage/offers/{{}}/skus", publisher, offer)
            self._skus[publisher, offer] = self._api.names(path)
        return self._skus[publisher, offer]


def _own(api: Api) -> list[Image]:
    """The subscription's managed images, and the definitions in its galleries."""
    found = api.pages(f"{api.scope}/providers/Microsoft.Compute/images", COMPUTE)
    for gallery in api.pages(f"{api.scope}/providers/Microsoft.Compute/galleries", _GALLERIES):
        group = str(gallery["id"]).split("/")[4]
        path = at(f"{api.within(group)}/providers/Microsoft.Compute/galleries/{{}}/images", str(gallery["name"]))
        found += api.pages(path, _GALLERIES)
    return [_private(each) for each in found]


def _private(each: Json) -> Image:
    return Image(id=each["id"], name=each["name"], extra={"public": False, "location": each.get("location")})


def _image(publisher: str, offer: str, sku: str, name: str) -> Image:
    return Image(id=f"{publisher}:{offer}:{sku}:latest", name=name, extra={"public": True, "publisher": publisher})
