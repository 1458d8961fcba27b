"""What a backend offers to build machines from."""

from __future__ import annotations

from mistcli import select
from mistcli.call import Call
from mistcli.command import Command
from mistcli.names import remember
from mistcli.output import Column, Record, show_records
from mistcli.parser import CommandParser, UsageError
from mistcli.text import say
from mistclient import Backend

_WIDE = (Column("Name", "name", 40), Column("ID", "id", 40))
_NARROW = (Column("Name", "name", 20), Column("ID", "id", 20))
_NETWORKS = (Column("Name", "name", 20), Column("ID", "id", 40), Column("Status", "status", 15))


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


def _list_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    parser.output_options()


def _images_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    parser.add_argument("--search", metavar="TERM", help="those whose name or id holds TERM; `all` for every image")
    parser.output_options()


def list_images(call: Call) -> int | None:
    return _show(call, "images", backend_of(call).image_records(call.args.search), _WIDE)


def list_sizes(call: Call) -> int | None:
    return _show(call, "sizes", backend_of(call).size_records(), _NARROW)


def list_locations(call: Call) -> int | None:
    return _show(call, "locations", backend_of(call).location_records(), _NARROW)


def list_networks(call: Call) -> int | None:
    return _show(call, "networks", backend_of(call).network_records(), _NETWORKS)


def _show(call: Call, noun: str, records: list[Record], columns: tuple[Column, ...]) -> int | None:
    remember(call.uri, noun, [record["id"] for record in records[:500]])
    show_records(call.args, records, columns, f"No {noun} found")
    return None


def _star_arguments(parser: CommandParser) -> None:
    _of_backend(parser)
    parser.add_argument("image", help="id of the image")


def star_image(call: Call) -> int | None:
    backend_of(call, "change").star_image(call.args.image)
    say(f"Starred image {call.args.image}")
    return None


def unstar_image(call: Call) -> int | None:
    backend_of(call, "change").unstar_image(call.args.image)
    say(f"Unstarred image {call.args.image}")
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
    "list-sizes": Command(_list_arguments, list_sizes, "mist list-sizes --backend DigitalOcean --pretty"),
    "list-locations": Command(_list_arguments, list_locations, "mist list-locations --backend DigitalOcean"),
    "list-networks": Command(_list_arguments, list_networks, "mist list-networks --backend Juno"),
}
