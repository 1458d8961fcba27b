"""The list of images of an image server: https://documentation.ubuntu.com/lxd/stable-5.0/reference/image_servers/"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from mistserver.domain.errors import ProviderUnreachable
from mistserver.providers.http import Http
from mistserver.providers.http_errors import bad_answer, understood
from mistserver.providers.rest import decoded

_KINDS = {
    "squashfs": "container",
    "root.tar.xz": "container",
    "disk-kvm.img": "virtual-machine",
    "disk1.img": "virtual-machine",
}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "armhf": "armv7l", "ppc64el": "ppc64le"}


@dataclass(frozen=True)
class Product:
    """One image, whatever its versions. `types` says whether it becomes containers, virtual machines or both."""

    aliases: tuple[str, ...]
    name: str
    architecture: str
    types: tuple[str, ...]

    def fits(self, architectures: Collection[str]) -> bool:
        """Whether a server with these architectures (the kernel's names) can use it; all do where none are told."""
        return not architectures or _MACHINES.get(self.architecture, self.architecture) in architectures


def products(http: Http) -> list[Product]:
    """Those with an alias and something to start, in the server's order."""
    index = _read(http, "/streams/v1/index.json")
    found: list[Product] = []
    with understood(http.where):
        paths = [str(each["path"]) for each in index["index"].values() if each.get("datatype") == "image-downloads"]
    for path in paths:
        listed = _read(http, "/" + path.lstrip("/"))
        with understood(http.where):
            found += [one for one in map(_product, listed["products"].values()) if one is not None]
    return found


def _product(told: dict[str, Any]) -> Product | None:
    aliases = tuple(alias.strip() for alias in str(told.get("aliases") or "").split(",") if alias.strip())
    versions = told.get("versions") or {}
    if not aliases or not versions:
        return None
    items = versions[max(versions)].get("items") or {}
    types = sorted({kind for each in items.values() if (kind := _KINDS.get(str(each.get("ftype"))))})
    title = " ".join(str(told[part]) for part in ("os", "release_title") if told.get(part))
    variant = told.get("variant")
    name = f"{title or aliases[0]} {variant}" if variant and variant != "default" else title or aliases[0]
    return Product(aliases, name, str(told.get("arch") or ""), tuple(types)) if types else None


def _read(http: Http, path: str) -> Any:
    answer = http.exchange("GET", path)
    if answer.status_code != 200:
        raise ProviderUnreachable(f"{http.where} answered with status {answer.status_code}.", where=http.where)
    body = decoded(answer.content, http.where)
    if not isinstance(body, dict):
        raise bad_answer(http.where)
    return body
