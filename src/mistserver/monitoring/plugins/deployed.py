"""The files of a machine with an agent: what is written there for collectd's plugin python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import msgspec

from mistserver.monitoring.plugins.answers import Order, runner


@dataclass(frozen=True)
class File:
    """`version` comes back with what is said of the file later."""

    plugin_id: str
    value_type: str
    version: str
    code: bytes = field(repr=False)


class _Plugin(msgspec.Struct, frozen=True):
    order: Order
    type: str
    version: str


class _Document(msgspec.Struct, frozen=True):
    runner: str
    every_s: int
    plugins: list[_Plugin]


@cache
def module() -> str:
    """The Python module that collectd imports. It runs no file in collectd itself."""
    return (files(__package__) / "mist_collectd.py").read_text()


def document(wanted: Sequence[File], every_s: int) -> bytes:
    """What lies beside the module as plugins.json; it holds the users' files."""
    plugins = []
    for file in wanted:
        order = Order.of(file.plugin_id, file.code, reads=0, every_s=every_s, strict=False, asked=True)
        plugins.append(_Plugin(order, file.value_type, file.version))
    return msgspec.json.encode(_Document(runner(), every_s, plugins))
