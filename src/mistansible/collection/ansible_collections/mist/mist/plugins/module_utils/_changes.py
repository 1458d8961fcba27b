# SPDX-License-Identifier: Apache-2.0
"""Bringing a machine that exists into the state that a task describes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.mist.mist.plugins.module_utils import _find
from ansible_collections.mist.mist.plugins.module_utils._base import Task, read_text

if TYPE_CHECKING:
    from mistclient import Machine

_ON_ITS_WAY = ("pending", "rebooting")
_PROBE_AGAIN_S = 3.0
_STATS_AGAIN_S = 2.0


def bring(task: Task, machine: Machine, new: bool) -> dict[str, Any]:
    """Power, key, tags, and what concerns monitoring; what is so already is left alone. What a deployment said."""
    _power(task, machine, new)
    if task.params["wait"] and not new:
        _wait_for_ssh(task, machine)
    if not new:
        _key(task, machine)
        _tags(task, machine)
    _monitoring(task, machine)
    return _metric(task, machine)


def _power(task: Task, machine: Machine, new: bool) -> None:
    state, wait_s = task.params["state"], task.params["wait_time"]
    act = None
    if state == "running" and machine.state != "running":
        act = machine.start
    elif state == "stopped" and machine.state != "stopped":
        act = machine.stop
    elif state == "restarted" and not new:
        act = machine.reboot if machine.state == "running" else machine.start
    if act is not None:
        task.change("state", machine.state, state, lambda: task.finish(act(wait=False), wait_s))


def _wait_for_ssh(task: Task, machine: Machine) -> None:
    """One that is stopped, or shows another host key, is not waited for."""
    from mistclient.errors import Conflict, MachineError

    def answers() -> bool:
        try:
            machine.probe()
        except MachineError:
            return False
        except Conflict:
            if machine.refresh().state not in _ON_ITS_WAY:
                raise
            return False
        return True

    if not task.check_mode:
        _wait(task, machine, answers, _PROBE_AGAIN_S, "no command over SSH was answered")


def _key(task: Task, machine: Machine) -> None:
    name = task.params["key"]
    if name is None:
        return
    key = _find.key(task.client, name)
    associations = machine.keys()
    there = [association["key_name"] for association in associations]
    if key.name not in there:
        task.change("keys", there, [*there, key.name], lambda: machine.associate_key(key))


def _tags(task: Task, machine: Machine) -> None:
    there = machine.tags
    missing = [tag for tag in task.params["tags"] or [] if tag not in there]
    if missing:
        task.change("tags", there, [*there, *missing], lambda: _give(machine, missing))


def _give(machine: Machine, tags: list[str]) -> None:
    for tag in tags:
        machine.tag(tag)


def _monitoring(task: Task, machine: Machine) -> None:
    wait_s = task.params["wait_time"]
    if task.params["monitoring"] and _metrics(machine) is None:
        task.change("monitoring", False, True, lambda: task.finish(machine.monitor(), wait_s))
    if task.params["wait_for_stats"] and not task.check_mode:
        _wait(task, machine, lambda: bool(machine.get_stats()), _STATS_AGAIN_S, "no metrics came")


def _metrics(machine: Machine) -> dict[str, Any] | None:
    """Its metrics by id; None when it is not monitored."""
    from mistclient.errors import Conflict

    try:
        return machine.available_metrics
    except Conflict:
        return None


def _metric(task: Task, machine: Machine) -> dict[str, Any]:
    metric, path, unit = task.params["metric"], task.params["python_file"], task.params["unit"]
    if metric is None:
        return {}
    if path is not None:
        read_text(path, "python_file")
        kind = task.params["value_type"]
        if not _deployed(machine, metric, (kind, unit or ""), Path(path)):
            wait_s = task.params["wait_time"]
            deploy = partial(machine.add_plugin, metric, path, kind, unit)
            job = task.change("plugin", None, metric, lambda: task.finish(deploy(), wait_s))
            return {} if job is None else {"metric_id": job.result["metric_id"]}
    elif not (_metrics(machine) or {}).get(metric, {}).get("shown"):
        task.change("metric", None, metric, lambda: machine.add_metric(metric, unit=unit or ""))
    return {}


def _deployed(machine: Machine, name: str, meant: tuple[str, str], file: Path) -> bool:
    """Whether the custom metric is there, works, and is not older than the file: the service does not tell its text."""
    if _metrics(machine) is None:
        return False
    for plugin in machine.plugins:
        if plugin["name"] == name and not plugin["trouble"]:
            deployed_at = datetime.fromisoformat(plugin["changed_at"]).timestamp()
            return (plugin["value_type"], plugin["unit"]) == meant and file.stat().st_mtime <= deployed_at
    return False


def _wait(task: Task, machine: Machine, done: Callable[[], bool], pause_s: float, lacking: str) -> None:
    """Until it is done; WaitTimeout when the task's time is over."""
    from mistclient.errors import WaitTimeout

    wait_s = task.params["wait_time"]
    until = time.monotonic() + wait_s
    while not done():
        task.progress.say(f"{machine.name}: waiting, for {lacking} yet", again=True)
        if time.monotonic() + pause_s > until:
            raise WaitTimeout(f"{machine.name}: {lacking} within {wait_s} s; give more with wait_time.")
        time.sleep(pause_s)
