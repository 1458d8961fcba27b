# SPDX-License-Identifier: Apache-2.0
"""A module that can take long, followed: with `-v` its progress is printed while it runs."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ansible.plugins.action.normal import ActionModule
from ansible.utils.display import Display

from ansible_collections.mist.mist.plugins.module_utils._progress import FILE_VARIABLE

_LOOK_AGAIN_S = 0.3
_display = Display()


class FollowedModule(ActionModule):
    """What Ansible does for every module; with `-v` the module also gets a file for lines, which are printed.

    Only where it runs on the controller, whose file it is; and not with `no_log`, in check mode, in which nothing is
    waited for, or with `async`, of which Ansible itself tells.
    """

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if not self._is_followed():
            return dict(super().run(tmp, task_vars))
        host = str((task_vars or {}).get("inventory_hostname", ""))
        given = self._task.environment or []
        try:
            with _printed(host) as path:
                own = given if isinstance(given, list) else [given]
                self._task.environment = [*own, {FILE_VARIABLE: path}]
                return dict(super().run(tmp, task_vars))
        finally:
            self._task.environment = given

    def _is_followed(self) -> bool:
        task = self._task
        here = self._connection.transport == "local"
        return bool(_display.verbosity and here and not (task.no_log or task.async_val or task.check_mode))


@contextmanager
def _printed(host: str) -> Iterator[str]:
    """The path of a new file, whose lines are printed for the time of the context."""
    over = threading.Event()
    with tempfile.NamedTemporaryFile(prefix="mist-progress-") as file:
        printer = threading.Thread(target=_print, args=(Path(file.name), host, over), daemon=True)
        printer.start()
        try:
            yield file.name
        finally:
            over.set()
            printer.join()


def _print(path: Path, host: str, over: threading.Event) -> None:
    with path.open(encoding="utf-8", errors="replace") as file:
        begun = ""
        while not over.wait(_LOOK_AGAIN_S):
            begun = _print_lines(file, begun, host)
        _print_lines(file, begun, host)


def _print_lines(file: IO[str], begun: str, host: str) -> str:
    """What has come, line by line; the answer is the line that has no end yet."""
    *lines, begun = (begun + file.read()).split("\n")
    for line in lines:
        _display.v(line, host=host)
    return begun
