"""What a backend offers to build machines from."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.fares import age_text, warn_of
from mistcli.names import remember
from mistcli.output import Column, for_programs, report, show_records
from mistcli.parser import CommandParser, UsageError
from mistcli.text import note
from mistclient import Backend
from mistclient.model.catalog import Reading

_IMAGES = (Column("Name", "name", 40), Column("ID", "id", 40))
_NARROW = (Column("Name", "name", 20), Column("ID", "id", 20))
_NETWORKS = (Column("Name", "name", 20), Column("ID", "id", 40), Column("Status", "status", 15))
_OFFER = (
    Column("Cores", "cores", 6, lambda record: _plain(record.get("cores"))),
    Column("RAM MB", "ram_mb", 8),
    Column("Disk GB", "disk_gb", 8),
    Column("Price", "price", 10, lambda record: _plain(record.get("price"))),
    Column("Currency", "currency", 8),
    Column("Price Date", "price_date", 10),
)
_EVERYWHERE = (*_NARROW, Column("Backend", "backend_name", 20), *_OFFER)
_MORE = {"images": (Column("Star", "star"),), "sizes": _OFFER, "locations": (Column("Country", "country"),)}
_OLD_S = 60.0  # what is younger is told without its age


def _plain(number: float | None) -> object:
    """2 rather than 2.0, and 0.0000125 rather than 1.25e-05."""
    if number is None:
        return None
    return f"{number:.10f}".rstrip("0").rstrip(".")


def _of_backend(parser: CommandParser) -> None:
    parser.add_argument("--backend", help="name or id of the backend")
    parser.add_argument("--backend-id", help="id of the backend")
    parser.add_argument("--backend-name", help="name of the backend")


def backend_of(call: Call, use: select.Use = "read") -> Backend:
    """The backend that --backend, --backend-id or --backend-name means."""
    args = call.args
    given = {"--backend": args.backend, "--backend-id": args.backend_id, "--backend-name": args.backend_name}
    present = [option for option, value in given.items() if value is not None]
    if len(present) != 1:
        how = "only once" if present else "with --backend NAME-OR-ID"
        raise UsageError(f"say which backend {how}")
    level = {"--backend-id": "id", "--backend-name": "name"}.get(present[0])
    return Backend(call.client, select.find(call, "backend", given[present[0]], use, level))


def _reading_options(parser: CommandParser) -> None:
    parser.add_argument("--refresh", action="store_true", help="have the provider asked now")
    parser.output_options()


def _list_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    _reading_options(parser)


def _images_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    parser.add_argument("--search", metavar="TERM", help="those whose name or id holds TERM; `all` for every image")
    _reading_options(parser)


def _sizes_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    parser.add_argument("--all", action="store_true", help="the sizes of all backends, asked at the same time")
    parser.add_argument(
        "--sort",
        metavar="FIELD[:desc]",
        help="by price, cores, ram_mb, disk_gb, name or id; prices of different currencies are not compared",
    )
    _reading_options(parser)


def list_images(call: Call) -> int | None:
    backend = backend_of(call)
    return _show(call, "images", backend, backend.image_records(call.args.search, call.args.refresh), _IMAGES)


def list_sizes(call: Call) -> int | None:
    if call.args.all:
        return _list_all_sizes(call)
    backend = backend_of(call)
    return _show(call, "sizes", backend, backend.size_records(call.args.refresh, call.args.sort), _NARROW)


def _list_all_sizes(call: Call) -> int | None:
    args = call.args
    if args.backend or args.backend_id or args.backend_name:
        raise UsageError("give only one of --all and --backend")
    records, backends = call.client.size_page(sort=args.sort, refresh=args.refresh or None)
    show_records(args, records, _EVERYWHERE, "No sizes found")
    warn_of(backends, "sizes")
    return None


def list_locations(call: Call) -> int | None:
    backend = backend_of(call)
    return _show(call, "locations", backend, backend.location_records(call.args.refresh), _NARROW)


def list_networks(call: Call) -> int | None:
    backend = backend_of(call)
    return _show(call, "networks", backend, backend.network_records(call.args.refresh), _NETWORKS)


def _show(call: Call, noun: str, backend: Backend, records: Reading, columns: tuple[Column, ...]) -> int | None:
    remember(call.uri, noun, [record["id"] for record in records[:500]])
    show_records(call.args, records, columns, f"No {noun} found", _MORE.get(noun, ()))
    warn_of([{"name": backend.name, "age_s": records.age_s, "trouble": records.trouble}], noun)
    if not records.trouble and not for_programs(call.args) and (records.age_s or 0.0) >= _OLD_S:
        note(f"As of {age_text(records.age_s or 0.0)} ago; --refresh asks the provider now.")
    return None


def _star_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    parser.add_argument("image", help="id of the image")


def star_image(call: Call) -> int | None:
    backend_of(call, "change").star_image(call.args.image)
    report(call.args, f"Starred image {call.args.image}", {"id": call.args.image, "star": True})
    return None


def unstar_image(call: Call) -> int | None:
    backend_of(call, "change").unstar_image(call.args.image)
    report(call.args, f"Unstarred image {call.args.image}", {"id": call.args.image, "star": False})
    return None


COMMANDS = {
    "list-images": Command(
        _images_arguments,
        list_images,
        "mist list-images --backend Juno --pretty",
        "mist list-images --backend DigitalOcean --search gentoo",
        "mist list-images --backend DigitalOcean --search all",
    ),
    "star-image": Command(_star_arguments, star_image, "mist star-image ami-d9134ed8 --backend EC2"),
    "unstar-image": Command(_star_arguments, unstar_image, "mist unstar-image ami-d9134ed8 --backend EC2"),
    "list-sizes": Command(
        _sizes_arguments,
        list_sizes,
        "mist list-sizes --backend DigitalOcean --pretty",
        "mist list-sizes --backend DigitalOcean -o wide --refresh",
        "mist list-sizes --all --sort price",
    ),
    "list-locations": Command(_list_arguments, list_locations, "mist list-locations --backend DigitalOcean"),
    "list-networks": Command(_list_arguments, list_networks, "mist list-networks --backend Juno"),
}
