"""An Ansible callback that writes each task's result as a line of JSON into the file that `RECORDER` names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write(result, "skipped")

    def _write(self, result: Any, state: str) -> None:
        line = {
            "task": result._task.get_name(),
            "host": result._host.get_name(),
            "state": state,
            "result": result._result,
        }
        with open(os.environ["RECORDER"], "a") as file:  # noqa: PTH123  an append of one line
            file.write(json.dumps(line, default=str) + "\n")
