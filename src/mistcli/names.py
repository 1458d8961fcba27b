"""Names seen in listings, kept in a cache file so that completion never has to ask the service."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_KEPT_AT_MOST = 5000


def cache_file(uri: str) -> Path:
    """One file per service, in the XDG cache directory."""
    import hashlib

    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "mist" / f"names-{hashlib.sha256(uri.encode()).hexdigest()[:16]}.json"


def known(uri: str, noun: str) -> list[str]:
    """The names last listed; none when there has been no listing."""
    return _read(cache_file(uri)).get(noun, [])


def remember(uri: str, noun: str, names: Iterable[object]) -> None:
    """Replace what is known of `noun`. A cache that cannot be written is none."""
    fresh = sorted({str(name) for name in names if str(name).isprintable() and str(name)})[:_KEPT_AT_MOST]
    path = cache_file(uri)
    everything = _read(path)
    if everything.get(noun) == fresh:
        return
    everything[noun] = fresh
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(everything), encoding="utf-8")
        beside.replace(path)


def _read(path: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
