"""The newest samples of many series, wherever the embedded store has them by then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.samples import Kind, Window, batch

NOW = 1_795_420_800
SERIES = [("m", "load", Kind.GAUGE), ("m", "octets", Kind.COUNTER), ("n", "load", Kind.GAUGE)]


@pytest.mark.parametrize("moved", [0, 1, 15, 29, 30])
async def test_what_has_moved_into_files_is_found_there_and_once(tmp_path: Path, moved: int) -> None:
    """After `moved` of thirty samples all that is there goes into files."""
    store = EmbeddedStore(tmp_path, clock=lambda: float(NOW))
    for n in range(30):
        if n == moved:
            store.flush_aged(0)
        for machine, name, kind in SERIES:
            value = float(100 * n) if kind is Kind.COUNTER else float(n)
            await store.append(machine, batch([(name, kind, NOW - 300 + 10 * n, value)]))
    if moved == 30:
        store.flush_aged(0)
    window = Window(NOW - 90, NOW, 10)
    names = [(machine, name) for machine, name, _ in SERIES]

    found = await store.recent([*names, ("m", "load")], window)

    assert found[0].tolist() == [float(n) for n in range(21, 30)]
    assert found[1].tolist() == [10.0] * 9
    assert np.array_equal(found[2], found[0])
    assert np.array_equal(found[3], found[0])
    for row, (machine, name) in zip(found, names, strict=False):
        (points,) = (await store.read(machine, [name], window)).points
        assert np.array_equal(points.average, row)
    await store.close()
