"""What is asked of VictoriaMetrics over HTTP: https://docs.victoriametrics.com/single-server-victoriametrics/"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import urllib3

from mistserver.domain.errors import Unavailable
from mistserver.monitoring import remote_write

NAME = "mist"
_TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)


class Exchange:
    """One server. Every call blocks; Unavailable when it does not answer as it should."""

    def __init__(self, url: str) -> None:
        parsed = urllib3.util.parse_url(url)
        self._base = url.rstrip("/") if parsed.auth is None else url.replace(f"{parsed.auth}@", "", 1).rstrip("/")
        self._headers = urllib3.make_headers(basic_auth=parsed.auth) if parsed.auth else {}
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, timeout=_TIMEOUT)

    def close(self) -> None:
        self._pool.clear()

    def write(self, series: Iterable[tuple[Mapping[str, str], Iterable[tuple[int, float]]]]) -> None:
        """What this returns from is lost when the server is killed within the next seconds."""
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
        self._call("POST", "/api/v1/write", body=remote_write.written(series), headers=headers)

    def started_at(self) -> float:
        """When the server's process began."""
        found = re.search(rb"^process_start_time_seconds (\S+)$", self._call("GET", "/metrics"), re.MULTILINE)
        if found is None:
            raise Unavailable("VictoriaMetrics does not tell since when it runs (/metrics).")
        return float(found[1])

    def export(self, matches: Sequence[str], start: int, stop: int) -> Iterator[dict[str, Any]]:
        """The samples of series as they came."""
        fields = [("start", str(start)), ("end", str(stop)), *(("match[]", match) for match in matches)]
        body = self._call("POST", "/api/v1/export", fields=fields)
        return (json.loads(line) for line in body.splitlines() if line)

    def points(self, query: str, start: float, stop: float, step: int) -> list[dict[str, Any]]:
        """A query over time."""
        fields = [("query", query), ("start", str(start)), ("end", str(stop)), ("step", str(step)), ("nocache", "1")]
        return self._result("/api/v1/query_range", fields)

    def now(self, query: str, at: int) -> list[dict[str, Any]]:
        """A query at one moment."""
        return self._result("/api/v1/query", [("query", query), ("time", str(at)), ("nocache", "1")])

    def delete(self, match: str) -> None:
        self._call("POST", "/api/v1/admin/tsdb/delete_series", fields=[("match[]", match)])

    def _result(self, path: str, fields: list[tuple[str, str]]) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = json.loads(self._call("POST", path, fields=fields))["data"]["result"]
        except (ValueError, KeyError, TypeError):
            raise Unavailable("VictoriaMetrics answered something else than its API does.") from None
        return found

    def _call(self, method: str, path: str, **more: Any) -> bytes:
        headers = {**self._headers, **more.pop("headers", {})}
        if "fields" in more:
            more["encode_multipart"] = False
        try:
            answer = self._pool.request(method, self._base + path, headers=headers, **more)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"VictoriaMetrics cannot be reached ({type(error).__name__}).") from None
        if answer.status >= 300:
            raise Unavailable(f"VictoriaMetrics answered {answer.status}: {answer.data[:200].decode(errors='replace')}")
        return answer.data


def match(machine: str, *names: str) -> str:
    """A selector of the series of a machine, of one alone when it is named."""
    metric = "".join(f",metric={_quoted(name)}" for name in names[:1])
    return f"{NAME}{{machine={_quoted(machine)}{metric}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
