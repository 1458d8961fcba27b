"""How a run is shown: live line by line, or grouped when all is done."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mistcli.text import count, note, say, visible, visible_line

if TYPE_CHECKING:
    from mistclient.transport import ServerEvent

Item = dict[str, Any]
_LONGEST_LINE = 65536
_FINISHED = frozenset({"succeeded", "failed", "cancelled"})


class Quiet:
    """Shows nothing while it runs."""

    def begin(self, items: Sequence[Item], found: str) -> None:
        """All machines of the run are known, and nothing of their output yet."""

    def event(self, event: ServerEvent) -> None:
        """Something happened."""

    def end(self, items: Sequence[Item]) -> None:
        """All machines are done; `items` are their results."""


class Live(Quiet):
    """Whole lines as they come, each with its machine's name before it; what machines say on stderr goes to stderr."""

    def __init__(self) -> None:
        self._rests: dict[tuple[str, str], str] = {}
        self._names: dict[str, str] = {}
        self._reported: set[str] = set()

    def begin(self, items: Sequence[Item], found: str) -> None:
        say(found)
        for item in items:
            if not item.get("error"):
                say(f"Found key association for machine: {item['machine_name']}")
        say("")
        sys.stdout.flush()

    def event(self, event: ServerEvent) -> None:
        if event.event == "output":
            self._output(event.data)
        elif event.event == "item" and event.data.get("state") in _FINISHED:
            self._finished(event.data)
        sys.stdout.flush()

    def end(self, items: Sequence[Item]) -> None:
        for item in items:
            self._finished(item)
        sys.stdout.flush()

    def _output(self, piece: dict[str, Any]) -> None:
        machine, stream = str(piece["machine_id"]), str(piece["stream"])
        self._names[machine] = str(piece["machine_name"])
        text = self._rests.pop((machine, stream), "") + str(piece["data"])
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if len(rest) > _LONGEST_LINE:
            lines.append(rest)
            rest = ""
        if rest:
            self._rests[machine, stream] = rest
        for line in lines:
            self._line(machine, stream, line)

    def _line(self, machine: str, stream: str, line: str) -> None:
        target = sys.stderr if stream == "stderr" else sys.stdout
        target.write(f"{visible(self._names.get(machine, machine))}: {visible_line(line)}\n")

    def _finished(self, item: Item) -> None:
        machine = str(item["machine_id"])
        if machine in self._reported:
            return
        self._reported.add(machine)
        for stream in ("stdout", "stderr"):
            if rest := self._rests.pop((machine, stream), ""):
                self._line(machine, stream, rest)
        if item["state"] == "succeeded":
            say(f"Finished in machine: {item['machine_name']}")
        else:
            say(f"FAILED in machine: {item['machine_name']} ({reason(item)})")


class Grouped(Quiet):
    """Machines with the same output stand together above it."""

    def begin(self, items: Sequence[Item], found: str) -> None:
        note(f"{found}: {len(items)}")

    def end(self, items: Sequence[Item]) -> None:
        groups: dict[tuple[str, str, str], list[str]] = {}
        for item in items:
            outcome = "done" if item["state"] == "succeeded" else reason(item)
            key = (outcome, str(item.get("stdout") or ""), str(item.get("stderr") or ""))
            groups.setdefault(key, []).append(str(item["machine_name"]))
        for (outcome, stdout, stderr), names in sorted(groups.items(), key=lambda group: -len(group[1])):
            say(f"{count(len(names), 'machine')} ({outcome}): {', '.join(sorted(names))}")
            for line in (*stdout.splitlines(), *stderr.splitlines()):
                sys.stdout.write(f"  {visible_line(line)}\n")


def reason(item: Item) -> str:
    """Why a machine's part failed, in a few words."""
    if error := item.get("error"):
        return str(error.get("message") or error.get("code"))
    if item["state"] == "cancelled":
        return "cancelled"
    code = item.get("exit_code")
    return f"exit code {code}" if code is not None else str(item["state"])


def summary(items: Sequence[Item]) -> str:
    """Who failed and why, in one line."""
    failed = [item for item in items if item["state"] != "succeeded"]
    text = f"{len(items) - len(failed)} of {count(len(items), 'machine')} succeeded"
    if not failed:
        return f"{text}."
    shown = "; ".join(f"{item['machine_name']} ({reason(item)})" for item in failed[:20])
    more = f"; and {len(failed) - 20} more" if len(failed) > 20 else ""
    return f"{text}, {len(failed)} failed: {shown}{more}"
