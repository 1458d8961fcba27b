"""Runs in collectd, in its plugin python: each file of a user's has a process of its own, asked at each interval.

Sent to a machine as it is: nothing but Python's own library, from 3.6 on. Beside it lies `plugins.json`, which says
what to run. Whatever a file does (an error, a call that never ends, the end of its process), the others go on and so
does collectd. A file that failed is not run any more: a sample without a value tells why, each minute.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import collectd  # type: ignore[import-not-found]  # there is one only inside collectd

FOLDER = Path(__file__).resolve().parent
MOST_ERRORS = 3  # in a row; one alone is a sample that is missing
AGAIN_S = 60.0
LONGEST_TROUBLE = 300  # what collectd's JSON has room for
LONGEST_LINE = 16 * 1024
SPARE_S = 2.0


class Process:
    """What runs one file."""

    def __init__(self, runner: str, order: Any) -> None:
        self.mark = uuid.uuid4().hex.encode() + b" "
        self.rest = b""
        python = shutil.which("python3") or "/usr/libexec/platform-python"
        self.process = subprocess.Popen(  # noqa: S603  # a program of the machine, and the runner that was sent
            [python, "-I", "-u", "-c", runner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )  # type: Any
        self.say(json.dumps(dict(order, mark=self.mark.decode().strip())))

    def say(self, line: str) -> None:
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def answer(self, within_s: float) -> Any:
        """The next answer; an OSError when none comes, or the process has ended."""
        until = time.monotonic() + within_s
        ready = select.poll()
        ready.register(self.process.stdout, select.POLLIN)
        while True:
            line, newline, rest = self.rest.partition(b"\n")
            if newline:
                self.rest = rest
                if line.startswith(self.mark):
                    return json.loads(line[len(self.mark) :].decode())
                continue
            left_s = until - time.monotonic()
            if left_s <= 0 or not ready.poll(1000 * left_s):
                raise OSError("no answer came")
            data = os.read(self.process.stdout.fileno(), 4096)
            if not data:
                raise OSError("its process ended by itself")
            self.rest = (self.rest + data)[-LONGEST_LINE:]

    def end(self) -> None:
        """With everything that it started and that did not leave its session."""
        with contextlib.suppress(OSError):  # it may have ended
            os.killpg(self.process.pid, signal.SIGKILL)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):  # what was to be said is not needed any more
                pipe.close()
        self.process.wait()


class File:
    """One custom metric."""

    def __init__(self, runner: str, wanted: Any) -> None:
        self.id, self.type, self.version = wanted["order"]["id"], wanted["type"], wanted["version"]
        self.runner, self.order = runner, wanted["order"]
        self.note = FOLDER / ("trouble." + self.id)
        self.process = None  # type: Any
        self.errors = 0
        self.trouble = self.noted()
        self.told_at = float("-inf")

    def read(self) -> None:
        """Called at each interval, by one thread at a time. It must not raise: collectd would ask more seldom."""
        if self.trouble is None:
            try:
                self.take(self.ask())
            except Exception as error:
                self.end()
                self.failed(str(error) or type(error).__name__, False)
        if self.trouble is not None and time.monotonic() - self.told_at > AGAIN_S:
            self.told_at = time.monotonic()
            meta = {"trouble": self.trouble, "version": self.version}
            self.values("gauge", meta=meta).dispatch(values=[float("nan")])

    def ask(self) -> Any:
        longest_s = self.order["limit_s"] + SPARE_S
        if self.process is None:
            self.process = Process(self.runner, self.order)
            longest_s += self.order["limit_s"]  # for loading the file
        self.process.say("")
        return self.process.answer(longest_s)

    def take(self, answer: Any) -> None:
        if answer.get("error") is not None:
            self.failed(answer["error"], answer.get("fatal", False))
            return
        if answer["value"] is not None:
            self.values(self.type).dispatch(values=[answer["value"]])
        self.errors = 0

    def values(self, type: str, **more: Any) -> Any:
        return collectd.Values(plugin="mist.python", plugin_instance=self.id, type=type, **more)

    def failed(self, why: str, fatal: bool) -> None:
        self.errors += 1
        if not fatal and self.errors < MOST_ERRORS:
            return
        self.end()
        text = why.encode("ascii", "replace").decode()[:LONGEST_TROUBLE]
        self.trouble = "".join(char if char.isprintable() else " " for char in text)
        with contextlib.suppress(OSError):  # it is only for after a restart
            self.note.write_text(json.dumps({"version": self.version, "trouble": self.trouble}))

    def noted(self) -> Any:
        """Why this version of the file was not run any more before collectd was started again."""
        try:
            known = json.loads(self.note.read_text())
            return known["trouble"] if known["version"] == self.version else None
        except (OSError, ValueError, KeyError):
            return None

    def end(self) -> None:
        if self.process is not None:
            self.process.end()
            self.process = None


files = []  # type: Any


def begin() -> None:
    wanted = json.loads((FOLDER / "plugins.json").read_text())
    for each in wanted["plugins"]:
        file = File(wanted["runner"], each)
        files.append(file)
        collectd.register_read(file.read, wanted["every_s"], name="mist." + file.id)


def end() -> None:
    for file in files:
        file.end()


collectd.register_init(begin)
collectd.register_shutdown(end)
