# SPDX-License-Identifier: Apache-2.0
"""Private keys in files of their owner's alone, which never take the place of something else."""

from __future__ import annotations

import os
from pathlib import Path


def place(path: str, name: str) -> Path:
    """The file for a key: `path`, or in the folder `path` one with the key's name."""
    from mistclient.errors import InvalidInput

    target = Path(os.path.expandvars(path)).expanduser()
    if not (path.endswith("/") or target.is_dir()):
        return target
    if name in (".", "..") or "/" in name or "\0" in name:
        raise InvalidInput(f"The name {name!r} cannot be a file's; give the whole path in local_save_path.")
    return target / name


def keep(target: Path, private: str, pretend: bool = False) -> bool:
    """Write it, unless it stands there already; whether it has to be written. InvalidInput when there is another."""
    from mistclient.errors import InvalidInput

    try:
        present = target.read_text(encoding="utf-8", errors="replace")
        if present.strip() == private.strip():
            return False
        raise InvalidInput(f"local_save_path: {target} holds something else; remove it, or save to another path.")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise InvalidInput(f"local_save_path: {target} cannot be read ({error.strerror}).") from None
    if not pretend:
        _write(target, private)
    return True


def _write(target: Path, private: str) -> None:
    from mistclient.errors import InvalidInput

    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(private)
    except OSError as error:
        raise InvalidInput(f"local_save_path: {target} cannot be written ({error.strerror}).") from None
