"""The live picture of all monitored machines, on a terminal of its own size."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mistcli.keyboard import Keyboard
from mistcli.output import Column, Record
from mistcli.text import count, visible
from mistclient.errors import MistError

Ask = Callable[[], list[dict[str, Any]]]
Order = Callable[[list[dict[str, Any]], str], list[Record]]

_LOOK_S = 0.2  # for a key, and whether the terminal has another size
_NAME_WIDTH, _AGE_WIDTH, _WIDTH = 12, 16, 8
_LINES = 3  # besides the machines
_QUIT = ("q", "Q", "\x1b", "\x03", "\x04")
_HIGH, _VERY_HIGH = 75.0, 90.0  # percent


@dataclass(frozen=True)
class Look:
    """What is shown: the columns, their fields by importance, the keys that sort, and rows of what the service says."""

    columns: Sequence[Column]
    first: Sequence[str]
    keys: dict[str, str]
    order: Order


class Asking(threading.Thread):
    """Asks the service again and again, so that a slow answer holds up no key."""

    def __init__(self, ask: Ask, every_s: float) -> None:
        super().__init__(name="ask", daemon=True)
        self.machines = ask()  # whoever cannot be asked at all is told so as by any command
        self.at = time.monotonic()
        self.trouble = ""
        self._ask, self._every_s = ask, every_s
        self._ended = threading.Event()

    def end(self) -> None:
        self._ended.set()

    def run(self) -> None:
        while not self._ended.wait(self._every_s):
            try:
                self.machines = self._ask()
            except MistError as error:
                self.trouble = error.message
            else:
                self.at, self.trouble = time.monotonic(), ""


def show(ask: Ask, every_s: float, sort: str, look: Look) -> None:
    """Until the user has seen enough. MistError when the service cannot be asked at the beginning."""
    console = Console(highlight=False)
    asking = Asking(ask, every_s)
    asking.start()
    try:
        with Keyboard() as keyboard, Live(console=console, screen=True, auto_refresh=False) as live:
            shown: object = None
            while True:
                seconds = int(time.monotonic() - asking.at) if asking.trouble else 0
                state = (asking.at, asking.trouble, seconds, sort, console.size)
                if state != shown:
                    live.update(_picture(asking, sort, look, console.size), refresh=True)
                    shown = state
                key = keyboard.key(_LOOK_S)
                if key in _QUIT:
                    return
                sort = look.keys.get(key, sort)
    except KeyboardInterrupt:
        return
    finally:
        asking.end()


def _picture(asking: Asking, sort: str, look: Look, size: tuple[int, int]) -> Group:
    width, height = size
    rows = look.order(asking.machines, sort)
    silent = sum(bool(row["silent"]) for row in rows)
    title = Text(f"{count(len(rows), 'machine')}, {silent} silent, sorted by {sort}", "bold", no_wrap=True)
    if not rows:
        title = Text("No machine is monitored", "bold")
    room = max(1, height - _LINES)
    cut = rows if len(rows) <= room else rows[: room - 1]
    parts: list[RenderableType] = [title, _help(asking, look), _table(cut, sort, look, width)]
    if len(cut) < len(rows):
        parts.append(Text(f"and {len(rows) - len(cut)} more"))
    return Group(*parts)


def _help(asking: Asking, look: Look) -> Text:
    if asking.trouble:
        age = f"as of {time.monotonic() - asking.at:.0f} s ago: "
        return Text(age + visible(asking.trouble), "yellow", no_wrap=True, overflow="ellipsis")
    keys = ", ".join(f"{key} {name}" for key, name in look.keys.items())
    return Text(f"q ends; sort by {keys}", "dim", no_wrap=True, overflow="ellipsis")


def _table(rows: Sequence[Record], sort: str, look: Look, width: int) -> Table:
    columns = _fitting(look, width)
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        style = "bold reverse" if column.field == sort else "bold"
        if column.field == "name":
            table.add_column(column.title, header_style=style, ratio=1, no_wrap=True, overflow="ellipsis")
        else:
            table.add_column(
                column.title,
                header_style=style,
                width=_width(column),
                justify="left" if column.field == "age" else "right",
                no_wrap=True,
                overflow="ellipsis",
            )
    for row in rows:
        table.add_row(*(Text(column.text(row), _style(column, row)) for column in columns))
    return table


def _fitting(look: Look, width: int) -> list[Column]:
    """As many of the most important ones as there is room for, in the order of the listing."""
    widths = {column.field: _width(column) + 1 for column in look.columns}
    fitting, left = list(look.first[:1]), width - widths[look.first[0]]
    for field in look.first[1:]:
        left -= widths[field]
        if left < 0:
            break
        fitting.append(field)
    return [column for column in look.columns if column.field in fitting]


def _width(column: Column) -> int:
    return {"name": _NAME_WIDTH, "age": _AGE_WIDTH}.get(column.field, max(_WIDTH, len(column.title)))


def _style(column: Column, row: Record) -> str:
    if row["silent"]:
        return "red" if column.field == "age" else "dim"
    percent = row["percent"].get(column.field) or 0.0
    return "red" if percent >= _VERY_HIGH else "yellow" if percent >= _HIGH else ""
