"""The live table of all monitored machines, in a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.waiting import eventually
from tests.support.rest_stub import TOKEN, RestStub
from tests.unit.mistcli.test_top import monitored

RUN = "import sys; from mistcli.main import main; sys.exit(main())"
ENTER, LEAVE, CLEAR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[2J"
HOME = "\x1b[H"


class Terminal:
    """`mist` in a terminal: what it wrote there so far, and keys for it."""

    def __init__(self, words: tuple[str, ...], env: dict[str, str], size: tuple[int, int]) -> None:
        self._ours, self._theirs = pty.openpty()
        self.written = ""
        self.resize(*size)
        self.before = termios.tcgetattr(self._theirs)
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, *words],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=env,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, key: str) -> None:
        os.write(self._ours, key.encode())

    @property
    def settings(self) -> list[object]:
        return termios.tcgetattr(self._theirs)

    def picture(self) -> list[str]:
        """The lines of the newest picture, without what gives them colours."""
        newest = self.written.rpartition(HOME)[2].partition(LEAVE)[0]
        return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", newest).splitlines()]

    def shows(self, text: str) -> None:
        eventually(lambda: any(text in line for line in self.picture()))

    def end(self) -> int:
        """The exit code after a key that ends it."""
        self.press("q")
        return self.process.wait(20)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self._theirs)
        self._reader.join(10)
        os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                some = os.read(self._ours, 65536)
            except OSError:  # every end of the terminal is closed
                return
            self.written += some.decode(errors="replace").replace("\r\n", "\n")


@contextmanager
def terminal(
    service: RestStub, home: Path, *words: str, size: tuple[int, int] = (120, 12), **env: str
) -> Iterator[Terminal]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    told = {
        "HOME": str(home),
        "MIST_URI": service.uri,
        "MIST_TOKEN": TOKEN,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    running = Terminal(words, {**kept, **told, **env}, size)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def busy(service: RestStub) -> RestStub:
    machines = [("idle", 2.0), ("busy", 97.0), ("quiet\x1b[2J", None), *((f"more-{n}", 10.0 + n) for n in range(12))]
    service.monitored = [monitored(name, cpu) for name, cpu in machines]
    return service


def test_it_is_drawn_again_without_a_flicker_until_a_key_ends_it(busy: RestStub, home: Path) -> None:
    with terminal(busy, home, "top", "--every", "1") as seen:
        seen.shows("15 machines, 1 silent, sorted by cpu")
        busy.monitored[0] = monitored("idle", 98.5)
        seen.shows("98.5")
        seen.press("n")
        seen.shows("sorted by name")
        assert seen.end() == 0
        written, settings = seen.written, (seen.settings, seen.before)

    assert (written.count(ENTER), written.count(LEAVE), written.count(CLEAR)) == (1, 1, 0)
    assert settings[0] == settings[1]


def test_the_busiest_come_first_and_what_has_no_room_is_counted(busy: RestStub, home: Path) -> None:
    with terminal(busy, home, "top") as seen:
        seen.shows("and 7 more")
        headings = "Machine CPU % Load RAM % Read B/s Write B/s In B/s Out B/s Last sample"
        assert " ".join(seen.picture()[2].split()) == headings
        assert [line.split()[0] for line in seen.picture()[3:6]] == ["busy", "more-11", "more-10"]
        seen.press("n")
        seen.shows("sorted by name")
        assert seen.end() == 0


def test_it_follows_the_size_of_the_terminal(busy: RestStub, home: Path) -> None:
    with terminal(busy, home, "top", size=(120, 30)) as seen:
        seen.shows("silent for 7 min")
        seen.resize(50, 8)
        seen.shows("and 11 more")
        assert max(map(len, seen.picture())) <= 50
        assert "Write" not in str(seen.picture())
        assert "CPU %" in str(seen.picture())
        seen.resize(8, 2)
        eventually(lambda: max(map(len, seen.picture())) <= 8)
        assert seen.end() == 0


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_what_needs_attention_has_a_colour_unless_that_is_not_wanted(
    busy: RestStub, home: Path, env: dict[str, str], coloured: bool
) -> None:
    with terminal(busy, home, "top", size=(120, 30), **env) as seen:
        seen.shows("silent for 7 min")
        assert seen.end() == 0
        assert bool(re.search(r"\x1b\[(\d+;)*3[0-7]m", seen.written)) == coloured


def test_a_service_that_is_gone_for_a_while_leaves_what_was_known(busy: RestStub, home: Path) -> None:
    wrong = {"error": {"code": "unavailable", "message": "The service stops.", "details": {}, "request_id": "r"}}
    with terminal(busy, home, "top", "--every", "1") as seen:
        seen.shows("97")
        busy.scripted["GET", "/monitoring"] = [(503, wrong)] * 4
        seen.shows("The service stops.")
        assert any("97" in line for line in seen.picture())
        seen.shows("q ends")
        assert seen.end() == 0


def test_a_terminal_that_can_do_nothing_gets_one_table(busy: RestStub, home: Path) -> None:
    with terminal(busy, home, "top", TERM="dumb") as seen:
        assert seen.process.wait(20) == 0
        eventually(lambda: "| quiet\\x1b[2J |" in seen.written)
        assert "\x1b" not in seen.written


def test_what_cannot_be_asked_at_the_beginning_is_an_error(service: RestStub, home: Path) -> None:
    with terminal(service, home, "top", MIST_TOKEN="mist_wrong") as seen:
        assert seen.process.wait(20) == 3
        eventually(lambda: "Error:" in seen.written)
        assert ENTER not in seen.written
