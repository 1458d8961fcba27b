"""What a backend offers to build machines from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mistclient.lists import CallableList, matches
from mistclient.model.machine import id_of

if TYPE_CHECKING:
    from mistclient.client import MistClient

Record = dict[str, Any]


class Reading(list[Record]):
    """Records as of `read_at`, `age_s` before they were asked for.

    `trouble` says why they could not be read anew: then they are what the provider last answered.
    """

    read_at: str | None = None
    age_s: float | None = None
    trouble: Record | None = None


class CatalogList(CallableList[Record]):
    """A list that can be called with filters (`id`, `name`, `search`), and that knows when it was read."""

    read_at: str | None = None
    age_s: float | None = None
    trouble: Record | None = None


class Catalog:
    """The catalogues of a backend. They are asked for at each use; the service keeps them for some minutes.

    The `..._records` take `refresh=True`, which has the provider asked now.
    """

    _client: MistClient

    @property
    def path(self) -> str:
        raise NotImplementedError

    @property
    def images(self) -> CatalogList:
        """The starred images; `images(search="all")` filters these, `search_image("all")` asks for every one."""
        return _list("images", self.image_records(), ("id", "name", "star", "extra"))

    def image_records(self, search: str | None = None, refresh: bool = False) -> Reading:
        return self._items("images", search=search, refresh=refresh)

    def search_image(self, search_term: str) -> CatalogList:
        """Images whose id or name holds the term, community and public ones included; `all` for every image."""
        return _list("images", self.image_records(search_term), ("id", "name", "star", "extra"))

    def star_image(self, image: object) -> None:
        self._star("PUT", image)

    def unstar_image(self, image: object) -> None:
        self._star("DELETE", image)

    def _star(self, method: str, image: object) -> None:
        from urllib.parse import quote

        self._client.transport.call(method, f"{self.path}/stars/{quote(str(id_of(image)), safe='/')}")

    @property
    def sizes(self) -> CatalogList:
        """Sizes with `ram` in MB and `disk` in GB; `size_records` has cores and the price's currency and date too."""
        return _list("sizes", self.size_records(), ("id", "name", "bandwidth", "disk", "driver", "price", "ram"))

    def size_records(self, refresh: bool = False, sort: str | None = None) -> Reading:
        """`sort` is a field, or `FIELD:desc`; sizes without a price are last among prices."""
        return self._items("sizes", refresh=refresh, sort=sort)

    @property
    def locations(self) -> CatalogList:
        return _list("locations", self.location_records(), ("id", "name", "country"))

    def location_records(self, refresh: bool = False) -> Reading:
        return self._items("locations", refresh=refresh)

    @property
    def networks(self) -> CatalogList:
        return _list("networks", self.network_records(), ("id", "name", "status", "subnets", "extra"))

    def network_records(self, refresh: bool = False) -> Reading:
        return self._items("networks", refresh=refresh)

    def _items(self, noun: str, **query: Any) -> Reading:
        """Every page; when it was read is said by the first."""
        asked = {"limit": 1000, **query, "refresh": query.get("refresh") or None}
        found = Reading()
        while True:
            page = self._client.transport.call("GET", f"{self.path}/{noun}", asked, timeout_s=120.0)
            if found.read_at is None:
                found.read_at, found.age_s = page.get("read_at"), page.get("age_s")
                found.trouble = page.get("trouble")
            found.extend(page["items"])
            cursor = page.get("next_cursor")
            if not cursor:
                return found
            asked = {**asked, "cursor": cursor}


def _list(noun: str, records: Reading, fields: tuple[str, ...]) -> CatalogList:
    shaped = [_earlier_size(record) if noun == "sizes" else record for record in records]
    found = CatalogList([{field: record.get(field) for field in fields} for record in shaped], noun, _matches_record)
    found.read_at, found.age_s, found.trouble = records.read_at, records.age_s, records.trouble
    return found


def _earlier_size(record: Record) -> Record:
    """A size with the names that its fields had in Mist's first Python API too."""
    return {
        **record,
        "ram": record.get("ram_mb"),
        "disk": record.get("disk_gb"),
        "bandwidth": record.get("bandwidth_gb"),
    }


def _matches_record(record: Record, name: str, wanted: str) -> bool:
    own_id, own_name = str(record["id"]), str(record["name"])
    return matches({"id": (own_id,), "name": (own_name,), "search": (own_id, own_name)}, name, wanted)
