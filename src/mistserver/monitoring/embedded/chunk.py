"""A run of samples of one series as bytes. Whole numbers are packed as such: they take a quarter of the room."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mistserver.monitoring.samples import TIMES, Times, Values

EXACT = 2.0**53  # up to here every whole number is a float of its own


class Chunk(NamedTuple):
    """`times` is empty where the samples stand `step` seconds apart."""

    start: int
    end: int
    size: int
    step: int
    times: bytes
    values: bytes


def packed(times: Times, values: Values) -> Chunk:
    """At least one sample, times growing."""
    from pcodec import ChunkConfig, standalone

    step = _step(times)
    return Chunk(
        int(times[0]),
        int(times[-1]),
        len(times),
        step,
        b"" if step else standalone.simple_compress(np.ascontiguousarray(times), ChunkConfig()),
        standalone.simple_compress(_whole(values), ChunkConfig()),
    )


def times_of(chunk: Chunk) -> Times:
    from pcodec import standalone

    if chunk.step or chunk.size == 1:
        return np.arange(chunk.size, dtype=TIMES) * np.uint32(chunk.step) + np.uint32(chunk.start)
    found: Times = standalone.simple_decompress(chunk.times)
    return found


def values_of(chunk: Chunk) -> Values:
    from pcodec import standalone

    return standalone.simple_decompress(chunk.values).astype(np.float64, copy=False)  # type: ignore[no-any-return]


def _step(times: Times) -> int:
    """The distance of samples that stand evenly; 0 for others."""
    if len(times) == 1:
        return 1
    gaps = np.diff(times)
    return int(gaps[0]) if (gaps == gaps[0]).all() else 0


def _whole(values: Values) -> np.ndarray[tuple[int], np.dtype[np.int64 | np.float64]]:
    whole = np.abs(values) < EXACT
    if whole.all():
        integers = values.astype(np.int64)
        if (integers == values).all():
            return integers
    return np.ascontiguousarray(values)
