"""What collectd's plugin write_http posts: https://www.collectd.org/documentation/manpages/collectd.conf.html#plugin-write-http

A list of value lists; `StoreRates false` leaves counters as they are, so that they keep their digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from mistserver.domain.errors import InvalidInput
from mistserver.monitoring.names import LONGEST, metric_id
from mistserver.monitoring.plugins.names import COLLECTD
from mistserver.monitoring.samples import Batch, Kind, batch

MOST_VALUES = 50_000  # of one post
LARGEST = 1e300
# more than collectd sends: its names have at most 127 bytes, its types at most 17 sources
LONGEST_NAME = 255
MOST_SOURCES = 64
_LONGEST_TROUBLE = 500
_KINDS = {"gauge": Kind.GAUGE, "derive": Kind.COUNTER, "counter": Kind.COUNTER, "absolute": Kind.GAUGE}


_Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
_Names = Annotated[list[_Name], msgspec.Meta(max_length=MOST_SOURCES)]


class _ValueList(msgspec.Struct, gc=False):
    values: list[float | None]
    dstypes: _Names
    dsnames: _Names
    time: float
    plugin: _Name
    type: _Name
    plugin_instance: _Name = ""
    type_instance: _Name = ""
    meta: dict[str, Any] | None = None


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A custom metric's file is not run any more on its machine: this version of it, for this reason."""

    plugin_id: str
    version: str
    trouble: str


@dataclass(frozen=True)
class Read:
    """A post as a batch. `unfit` counts values that are no number or an absurd one, `ahead` those of the future."""

    batch: Batch
    unfit: int = 0
    ahead: int = 0
    troubles: tuple[Trouble, ...] = ()


_decoder = msgspec.json.Decoder(list[_ValueList])


def read(body: bytes, newest: int) -> Read:
    """Samples of a post; those later than the second `newest` are left out. InvalidInput when it is no such post."""
    try:
        lists = _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise InvalidInput("This is not what collectd's plugin write_http posts (Format JSON).", field="body") from None
    lines: list[tuple[str, Kind, int, float]] = []
    troubles: list[Trouble] = []
    unfit = ahead = 0
    for each in lists:
        if each.meta is not None and each.plugin == COLLECTD and "trouble" in each.meta:
            troubles.append(_trouble(each.plugin_instance, each.meta))
            continue
        if not 0 <= each.time < 2**32:
            unfit += len(each.values)
            continue
        second = int(each.time)
        if second > newest:
            ahead += len(each.values)
            continue
        names = named(each.plugin, each.plugin_instance, each.type, each.type_instance, tuple(each.dsnames))
        for name, kind, value in zip(names, each.dstypes, each.values, strict=False):
            if not name or value is None or not math.isfinite(value) or abs(value) > LARGEST:
                unfit += 1
            else:
                lines.append((name, _KINDS.get(kind, Kind.GAUGE), second, value))
    if len(lines) > MOST_VALUES:
        raise InvalidInput(f"A post holds at most {MOST_VALUES} values.", field="body")
    return Read(batch(lines), unfit, ahead, tuple(troubles))


def _trouble(plugin_id: str, meta: dict[str, Any]) -> Trouble:
    text = "".join(char if char.isprintable() else " " for char in str(meta["trouble"])[:_LONGEST_TROUBLE])
    return Trouble(plugin_id=plugin_id, version=str(meta.get("version")), trouble=text)


@lru_cache(maxsize=16384)
def named(plugin: str, instance: str, type: str, type_instance: str, sources: tuple[Any, ...]) -> tuple[str, ...]:
    """The ids of a value list's values. One value alone is called `value` and needs no name of its own.

    A custom metric's are named by the instance alone.
    """
    if plugin == COLLECTD:
        return (f"{COLLECTD}.{metric_id(instance)}"[:LONGEST],)
    return tuple(
        metric_id(plugin, instance, type, type_instance, "" if source == "value" else source) for source in sources
    )
