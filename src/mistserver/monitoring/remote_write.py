"""Prometheus remote write 1.0, both ways: https://prometheus.io/docs/specs/prw/remote_write_spec/

A series is named by its metric and its labels, joined as all names here: `node_cpu_seconds_total.cpu=0.mode=idle`.
What ends as the conventions ask of counters is one: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from mistserver.domain.errors import InvalidInput
from mistserver.monitoring import snappy
from mistserver.monitoring.collectd_json import LARGEST, MOST_VALUES, Read
from mistserver.monitoring.names import LONGEST, metric_id
from mistserver.monitoring.samples import Kind, batch

MOST_BYTES = 16 * 1024 * 1024  # when unpacked
_REMEMBERED = 2048  # bytes of a series; senders decide how long its labels are
_COUNTERS = ("_total", "_count", "_sum", "_bucket")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Labels = tuple[tuple[str, str], ...]


def read(body: bytes, newest: int) -> Read:
    """Samples of a post; those later than the second `newest` are left out. InvalidInput when it is no such post."""
    lines: list[tuple[str, Kind, int, float]] = []
    unfit = ahead = 0
    for field, series in _fields(snappy.unpacked(body, MOST_BYTES)):
        if field != 1 or not isinstance(series, bytes):
            continue
        labels, samples = _series(series)
        name, kind = _remembered(labels) if len(series) <= _REMEMBERED else _named(labels)
        for value, ms in samples:
            second = ms // 1000
            if not name or not 0 <= second < 2**32 or not math.isfinite(value) or abs(value) > LARGEST:
                unfit += 1
            elif second > newest:
                ahead += 1
            else:
                lines.append((name, kind, second, value))
            if len(lines) + unfit + ahead > MOST_VALUES:
                raise InvalidInput(f"A post holds at most {MOST_VALUES} values.", field="body")
    return Read(batch(lines), unfit, ahead)


def written(series: Iterable[tuple[Mapping[str, str], Iterable[tuple[int, float]]]]) -> bytes:
    """A body with series: their labels, and (second, value)."""
    found = bytearray()
    for labels, samples in series:
        one = bytearray()
        for name, value in sorted(labels.items()):
            one += _field(1, _field(1, name.encode()) + _field(2, value.encode()))
        for second, number in samples:
            one += _field(2, b"\x09" + struct.pack("<d", number) + b"\x10" + snappy.varint(second * 1000))
        found += _field(1, bytes(one))
    return snappy.packed(bytes(found))


@lru_cache(maxsize=16384)
def _remembered(labels: Labels) -> tuple[str, Kind]:
    return _named(labels)


def _named(labels: Labels) -> tuple[str, Kind]:
    """The id of a series, and what it is; "" for one without a name."""
    by_name = dict(labels)
    metric = by_name.pop("__name__", "")
    parts = [f"{name}={value}" for name, value in sorted(by_name.items()) if value]
    id = metric_id(metric, *parts) if metric else ""
    if len(id) == LONGEST:  # it was cut, and another may begin alike
        checksum = zlib.crc32(repr(labels).encode())
        id = f"{id[: LONGEST - 9]}~{checksum:08x}"
    return id, Kind.COUNTER if metric.endswith(_COUNTERS) else Kind.GAUGE


def _series(data: bytes) -> tuple[Labels, list[tuple[float, int]]]:
    labels, samples = [], []
    for field, content in _fields(data):
        if not isinstance(content, bytes):
            continue
        if field == 1:
            pair = {number: text for number, text in _fields(content) if isinstance(text, bytes)}
            labels.append((_text(pair.get(1, b"")), _text(pair.get(2, b""))))
        elif field == 2:
            samples.append(_sample(content))
    return tuple(labels), samples


def _sample(data: bytes) -> tuple[float, int]:
    value, ms = 0.0, 0
    for field, content in _fields(data):
        if field == 1 and isinstance(content, float):
            value = content
        elif field == 2 and isinstance(content, int):
            ms = content - 2**64 if content >= 2**63 else content
    return value, ms


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """The fields of a protobuf message: https://protobuf.dev/programming-guides/encoding/"""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == _VARINT:
            number, at = _varint(data, at)
            yield key >> 3, number
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise _broken()
        content = data[at : at + length]
        if len(content) != length:
            raise _broken()
        at += length
        yield key >> 3, struct.unpack("<d", content)[0] if kind == _FIXED64 else content


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for n, byte in enumerate(data[at : at + 10]):
        number |= (byte & 0x7F) << (7 * n)
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, at + n + 1
    raise _broken()


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _BYTES]) + snappy.varint(len(content)) + content


def _broken() -> InvalidInput:
    return InvalidInput("This is not what Prometheus posts (remote write 1.0).", field="body")
