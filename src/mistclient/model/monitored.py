"""What a machine tells of itself over time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistclient.errors import InvalidInput
from mistclient.model.job import Job
from mistclient.transport import segment

if TYPE_CHECKING:
    from mistclient.client import MistClient

_LAST_S = 600


class Monitored:
    """The monitoring members of a machine."""

    _client: MistClient

    @property
    def path(self) -> str:
        raise NotImplementedError

    def enable_monitoring(
        self,
        no_ssh: bool = False,
        wait: bool = True,
        timeout_s: float | None = None,
        interval_s: int = 10,
        *,
        agent: bool | None = None,
    ) -> dict[str, Any]:
        """Have the machine monitored, and wait until its first data came; JobFailed when it does not.

        An agent is installed where that is possible (with `agent=True`: or it fails), else the service samples the
        machine (with `agent=False`: always). With `no_ssh` nothing is done there: `commands` is what to run as root on
        it, and holds its password.
        """
        if no_ssh:
            return self.monitor_by_hand(interval_s)
        job = self.monitor(interval_s, agent)
        return (job.wait(timeout_s) if wait else job).info

    def disable_monitoring(
        self, no_ssh: bool = False, wait: bool = True, timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Have the agent taken away, and drop what the machine sent. With `no_ssh` the machine is not touched."""
        job = self.monitor_no_more(no_ssh)
        return (job.wait(timeout_s) if wait else job).info

    def monitor(self, interval_s: int = 10, agent: bool | None = None) -> Job:
        """The job that puts the agent there, or has the machine sampled, and waits for the first data."""
        body = {"interval_s": interval_s, **({} if agent is None else {"agent": agent})}
        return Job(self._client.transport, self._client.transport.call("POST", f"{self.path}/monitoring", body=body))

    def monitor_by_hand(self, interval_s: int = 10) -> dict[str, Any]:
        """`commands` to run as root on the machine. They hold its password, which is told here and never again."""
        body = {"by_hand": True, "interval_s": interval_s}
        return dict(self._client.transport.call("POST", f"{self.path}/monitoring", body=body))

    def open_collectd_network(self) -> dict[str, Any]:
        """`configuration` for the machine's own collectd. It holds a password, which is told here and never again."""
        return dict(self._client.transport.call("POST", f"{self.path}/monitoring/collectd-network"))

    def monitor_no_more(self, by_hand: bool = False) -> Job:
        """The job that takes the agent away."""
        body = {"by_hand": by_hand}
        answer = self._client.transport.call("POST", f"{self.path}/monitoring/disable", body=body)
        return Job(self._client.transport, answer)

    def get_stats(
        self,
        start: float | None = None,
        stop: float | None = None,
        step: int = 10,
        metrics: tuple[str, ...] | list[str] = (),
    ) -> dict[str, Any]:
        """Metrics over time by id: `name`, `unit`, `min_value`, `max_value`, `priority`, and `datapoints` as
        [value or None, second since 1970]. Empty before the first data came.

        Without `start` the last ten minutes; without `metrics` those that are shown in the machine's graphs.
        """
        return dict(self.stats(start, stop, step, metrics)["metrics"])

    def stats(
        self,
        start: float | None = None,
        stop: float | None = None,
        step: int = 10,
        metrics: tuple[str, ...] | list[str] = (),
    ) -> dict[str, Any]:
        """As `get_stats`, with the window that was answered: `start`, `stop`, `step` in seconds."""
        until = time.time() + 1 if stop is None else stop  # a window ends before its last second
        query: dict[str, Any] = {
            "start": int(until - _LAST_S if start is None else start),
            "stop": int(until),
            "step": int(step),
        }
        if metrics:
            query["metric"] = list(metrics)
        return dict(self._client.transport.call("GET", f"{self.path}/stats", query=query))

    def follow_stats(self, metrics: tuple[str, ...] | list[str] = ()) -> Iterator[dict[str, Any]]:
        """Points as they come, by metric as [value, second since 1970]; ends when the service stops or falls silent."""
        query = {"metric": list(metrics)} if metrics else {}
        for event in self._client.transport.stream(f"{self.path}/stats/stream", query):
            yield dict(event.data)

    @property
    def available_metrics(self) -> dict[str, Any]:
        """Everything that came from the machine, and what Mist makes of it, by id."""
        answer = self._client.transport.call("GET", f"{self.path}/metrics")
        return {metric["id"]: metric for metric in answer["items"]}

    def add_metric(
        self, metric_id: str, name: str | None = None, unit: str = "", timeout_s: float | None = None
    ) -> dict[str, Any]:
        """Have a metric shown in the machine's graphs, and in its stats: what it is called.

        For one that is `loadable` in `available_metrics`, the machine's collectd loads its plugin of that name first;
        then the answer has the ids of the `metrics` that came of it. JobFailed when none did.
        """
        answer = self.show_metric(metric_id, name, unit)
        return dict(answer.wait(timeout_s).info["result"]) if isinstance(answer, Job) else answer

    def show_metric(self, metric_id: str, name: str | None = None, unit: str = "") -> dict[str, Any] | Job:
        """As `add_metric`, with the job where there is one."""
        body = {"unit": unit} if name is None else {"unit": unit, "name": name}
        answer = self._client.transport.call("PUT", f"{self.path}/metrics/{segment(metric_id)}", body=body)
        return Job(self._client.transport, answer) if "state" in answer else dict(answer)

    def remove_metric(self, metric_id: str, timeout_s: float | None = None) -> None:
        """Have a metric that was added not shown any more. A plugin that was loaded for it is unloaded."""
        job = self.hide_metric(metric_id)
        if job is not None:
            job.wait(timeout_s)

    def hide_metric(self, metric_id: str) -> Job | None:
        """As `remove_metric`, with the job where there is one."""
        answer = self._client.transport.call("DELETE", f"{self.path}/metrics/{segment(metric_id)}")
        return Job(self._client.transport, answer) if answer else None

    def add_python_plugin(
        self,
        name: str,
        python_file: str | Path,
        value_type: str = "gauge",
        unit: str | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Have a local file's function read() make a metric on the machine: its `metric_id`, and `stdout` of a trial.

        JobFailed when the file does not pass its trial there; `details["error"]["details"]["transcript"]` has what it
        said.
        """
        return dict(self.add_plugin(name, python_file, value_type, unit).wait(timeout_s).info["result"])

    def add_plugin(self, name: str, python_file: str | Path, value_type: str = "gauge", unit: str | None = None) -> Job:
        """The job that tries the file on the machine, and waits for its first sample."""
        code = _text_of(Path(python_file).expanduser())
        body = {"name": name, "code": code, "value_type": value_type, "unit": unit or ""}
        return Job(self._client.transport, self._client.transport.call("POST", f"{self.path}/plugins", body=body))

    @property
    def plugins(self) -> list[dict[str, Any]]:
        """The Python files that make metrics on the machine; `trouble` says why one is not run any more."""
        return list(self._client.transport.call("GET", f"{self.path}/plugins")["items"])

    def remove_python_plugin(self, plugin_id: str, timeout_s: float | None = None) -> None:
        """Have it make metrics no more. What came of it is kept. JobFailed when its machine cannot be reached."""
        self.remove_plugin(plugin_id).wait(timeout_s)

    def remove_plugin(self, plugin_id: str) -> Job:
        """The job that does so."""
        answer = self._client.transport.call("DELETE", f"{self.path}/plugins/{segment(plugin_id)}")
        return Job(self._client.transport, answer)


def _text_of(path: Path) -> str:
    """As it is, with the line ends that are there; InvalidInput when it cannot be read or is no UTF-8."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise InvalidInput(f"The file {path} cannot be read ({error.strerror}).", details={"field": "file"}) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"The file {path} is not UTF-8 text.", details={"field": "file"}) from None
