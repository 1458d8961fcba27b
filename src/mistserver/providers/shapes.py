"""Sizes where any will do: `2-2048` is two cores and 2048 MiB of memory, `2-2048-20` has a disk of 20 GiB too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mistserver.domain.catalog import Size
from mistserver.domain.errors import InvalidInput

_OFFERED = ((1, 512), (1, 1024), (1, 2048), (2, 2048), (2, 4096), (4, 4096), (4, 8192), (8, 8192), (8, 16384))
_SIZE = re.compile(r"(\d{1,4})-(\d{1,8})(?:-(\d{1,6}))?\Z", re.ASCII)
_LEAST_RAM_MB = 32


@dataclass(frozen=True)
class Shape:
    """`disk_gb` is None for a disk as large as the image."""

    cores: int
    ram_mb: int
    disk_gb: int | None = None

    @property
    def id(self) -> str:
        disk = "" if self.disk_gb is None else f"-{self.disk_gb}"
        return f"{self.cores}-{self.ram_mb}{disk}"


DEFAULT = Shape(1, 1024)


def parse(size: str | None) -> Shape:
    """The shape that a size means; the default one for None."""
    if size is None:
        return DEFAULT
    match = _SIZE.match(size.strip())
    if match is None or int(match[1]) < 1 or int(match[2]) < _LEAST_RAM_MB or match[3] == "0":
        raise InvalidInput(
            f"{size[:40]!a} is not a size; write cores-MiB or cores-MiB-diskGiB, as 2-2048 or 2-2048-20 "
            f"(at least {_LEAST_RAM_MB} MiB).",
            field="size",
        )
    return Shape(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)


def offered(host_cores: int, host_ram_mb: int, driver: str) -> list[Size]:
    """The common sizes that fit the host; any other may be written in the same way."""
    fitting = [Shape(*pair) for pair in _OFFERED if pair[0] <= host_cores and pair[1] <= host_ram_mb]
    return [
        Size(
            id=shape.id,
            name=f"{shape.cores} {'core' if shape.cores == 1 else 'cores'}, {shape.ram_mb} MiB",
            cores=shape.cores,
            ram_mb=shape.ram_mb,
            driver=driver,
        )
        for shape in fitting
    ]
