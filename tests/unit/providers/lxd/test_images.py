"""Images of an image server: the list as https://images.lxd.canonical.com and its like give it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mistserver.domain.errors import ProviderBadAnswer, ProviderNotFound
from mistserver.providers.base import Account
from mistserver.providers.http import Http
from mistserver.providers.lxd import Lxd
from mistserver.providers.lxd.simplestreams import products
from tests.lab.stand_in import Answer, Reply, Request, StandIn, route


def product(os: str, release: str, arch: str, *types: str, **more: str) -> dict[str, Any]:
    items = {each: {"ftype": each, "size": 1, "path": f"images/{os}/{each}"} for each in ("lxd.tar.xz", *types)}
    alias = f"{os.lower()}/{release}"
    told = {"aliases": f"{alias},{alias}/default", "os": os, "release_title": release, "arch": arch}
    return {**told, **more, "versions": {"20260101_05:24": {"items": {}}, "20261101_05:24": {"items": items}}}


class ImageServer(StandIn):
    """Lists images, and is the LXD that uses them, too."""

    architectures = ("x86_64",)

    @route("GET", "/streams/v1/index.json")
    def index(self, request: Request) -> Answer:
        images = {"datatype": "image-downloads", "path": "streams/v1/images.json", "products": []}
        return {"format": "index:1.0", "index": {"images": images, "other": {"datatype": "x", "path": "y"}}}

    @route("GET", "/streams/v1/images.json")
    def images(self, request: Request) -> Answer:
        listed = {
            "debian:13:amd64": product("Debian", "13", "amd64", "squashfs", "disk-kvm.img"),
            "debian:13:cloud": product("Debian", "13", "amd64", "squashfs", variant="cloud"),
            "debian:13:arm64": product("Debian", "13", "arm64", "squashfs"),
            "debian:10:amd64": product("Debian", "10", "amd64", "squashfs"),
            "debian:12:amd64": product("Debian", "12", "amd64", "root.tar.xz"),
            "odd:1:amd64": product("Odd", "1", "amd64"),
        }
        return {"format": "products:1.0", "products": listed}

    @route("GET", "/1.0")
    def about(self, request: Request) -> Answer:
        environment = {"server": "lxd", "architectures": list(self.architectures)}
        return _sync({"auth": "trusted", "api_extensions": [], "environment": environment})

    @route("GET", "/1.0/images")
    def local(self, request: Request) -> Answer:
        alias = [{"name": "mine", "description": ""}]
        properties = {"os": "Alpine", "release": "3.22"}
        own = {"fingerprint": "ab" * 32, "aliases": alias, "type": "container", "properties": properties}
        return _sync([own, {"fingerprint": "cd" * 32, "aliases": None, "type": "container", "properties": None}])

    def unknown(self, request: Request) -> Answer:
        return Reply(404, {"type": "error", "error": "Image alias not found", "error_code": 404, "metadata": None})


def _sync(metadata: Any) -> dict[str, Any]:
    return {"type": "sync", "status": "Success", "status_code": 200, "metadata": metadata}


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with ImageServer() as server:
        yield server


def opened(server: ImageServer, images: str) -> Lxd:
    given = {"host": "/no/socket", "image_server": images}
    provider = Lxd(Account(settings=Lxd.read_settings(given), endpoint=server.url))
    provider.open()
    return provider


def test_the_list_tells_types_and_architectures(server: ImageServer) -> None:
    http = Http(Account(settings=None), server.url)
    first, *_ = found = products(http)
    http.close()
    assert (first.aliases, first.name) == (("debian/13", "debian/13/default"), "Debian 13")
    assert first.types == ("container", "virtual-machine")
    assert [each.name for each in found if each.fits(("aarch64",))] == ["Debian 13"]
    assert "Odd 1" not in [each.name for each in found]


def test_the_newest_stand_beside_the_servers_own(server: ImageServer) -> None:
    provider = opened(server, server.url)
    default = [image.id for image in provider.list_images()]
    assert default == ["mine", "cd" * 32, "images:debian/13", "images:debian/13", "images:debian/12"]
    assert [image.name for image in provider.list_images("all")][:2] == ["Alpine 3.22", "cd" * 6]
    assert [image.id for image in provider.list_images("debian 10")] == ["images:debian/10"]
    provider.close()


def test_an_image_server_that_is_away_hides_nothing_else(server: ImageServer) -> None:
    for elsewhere in ("http://127.0.0.1:9", "none"):
        provider = opened(server, elsewhere)
        assert [image.id for image in provider.list_images()] == ["mine", "cd" * 32]
        provider.close()


def test_where_an_image_comes_from(server: ImageServer) -> None:
    from mistserver.providers.lxd.catalog import source

    provider = opened(server, server.url)
    told, kind = source(provider._api, "images:debian/13")
    assert (told["server"], told["alias"], told["protocol"], kind) == (server.url, "debian/13", "simplestreams", None)
    with pytest.raises(ProviderNotFound, match="begin with images:"):
        source(provider._api, "debian/13")
    provider.close()


def test_a_list_that_is_none_is_a_bad_answer() -> None:
    with StandIn() as nowhere:
        nowhere.reply = lambda request: Reply(200, "[]")
        http = Http(Account(settings=None), nowhere.url)
        with pytest.raises(ProviderBadAnswer):
            products(http)
        http.close()
