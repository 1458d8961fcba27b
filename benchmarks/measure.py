"""How the benchmarks measure and tell: medians, ratios, conditions."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime


@dataclass
class Figure:
    """One claim. `limit` is what the ratio may be at most (at least, when `at_least`)."""

    name: str
    ratio: float
    limit: float
    measured: str
    floor: str
    at_least: bool = False
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def line(self) -> str:
        return json.dumps({**asdict(self), "ratio": round(self.ratio, 2), "kept": self.kept})


def conditions() -> dict[str, object]:
    """What the absolute values depend on."""
    load = os.getloadavg()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "load_1_min": round(load[0], 2),
    }


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternate(first: Callable[[], object], second: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The medians of two things measured in turn, so that a noisy machine disturbs both alike."""
    pairs = [(seconds(first), seconds(second)) for _ in range(rounds)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def command(argv: Sequence[str], env: dict[str, str] | None = None) -> Callable[[], object]:
    """A program run to its end, its output thrown away."""

    def run() -> object:
        return subprocess.run(
            list(argv), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120
        )

    return run


def ms(value_s: float) -> str:
    return f"{value_s * 1000:.1f} ms"
