"""The store on a file system that is full: told, nothing by halves, and well again when there is room."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mistserver.domain.errors import Unavailable
from mistserver.monitoring.embedded import EmbeddedStore
from mistserver.monitoring.samples import Batch, Kind, Window, batch

START = 1_795_413_600
SERIES = 200
SIZE_MB = 6


def reason() -> str | None:
    if os.geteuid() != 0:
        return "only root may mount a small file system"
    return None if shutil.which("unshare") else "there is no unshare (util-linux)"


@pytest.mark.skipif(reason() is not None, reason=str(reason()))
def test_a_full_file_system_is_told_and_recovered_from(tmp_path: Path) -> None:
    script = f"mount -t tmpfs -o size={SIZE_MB}m tmpfs {tmp_path} && exec {sys.executable} -m {__name__} {tmp_path}"
    argv = ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", script]
    root = Path(__file__).parents[3]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, cwd=root, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)

    assert told["refused"] > 0
    assert "Metrics cannot be kept now" in told["message"]
    assert told["taken_again"] == SERIES
    assert told["missing"] == told["doubled"] == 0
    assert told["kept"] == told["acknowledged"] > 20


async def use_up(folder: Path) -> dict[str, object]:
    """Post until the disk takes no more, make room, post on, and read everything after another opening."""
    now = [float(START)]
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(2 * 1024 * 1024))
    store = EmbeddedStore(folder / "metrics", clock=lambda: now[0])
    acknowledged, refused, message, taken_again = set[int](), 0, "", 0
    n = 0
    while refused < 3:
        n += 1
        now[0] = START + n
        try:
            await store.append("m", lines(n))
            acknowledged.add(n)
        except Unavailable as error:
            refused, message = refused + 1, error.message
    ballast.unlink()
    taken_again = (await store.append("m", lines(n))).accepted  # what was refused last is taken now
    acknowledged.add(n)
    await store.close()
    store = EmbeddedStore(folder / "metrics", clock=lambda: now[0])
    found = (await store.read("m", ["series-0"], Window(START, START + n + 1, 1))).points[0].average
    await store.close()
    kept = {second for second, value in enumerate(found.tolist()) if value == second}
    return {
        "refused": refused,
        "message": message,
        "taken_again": taken_again,
        "acknowledged": len(acknowledged),
        "kept": len(kept),
        "missing": len(acknowledged - kept),
        "doubled": len(kept - acknowledged),
    }


def lines(n: int) -> Batch:
    return batch([(f"series-{k}", Kind.GAUGE, START + n, float(n) if k == 0 else n * 1.7 + k) for k in range(SERIES)])


if __name__ == "__main__":
    print(json.dumps(asyncio.run(use_up(Path(sys.argv[1])))))
