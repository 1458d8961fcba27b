"""A curve in a terminal: two columns and four rows of braille dots a character (Unicode 2800 to 28FF)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column
_BLANK = 0x2800
_SCALE = ("", "k", "M", "G", "T", "P", "E")


def curve(values: Sequence[float | None], width: int, height: int) -> list[str]:
    """Lines of at most `width` characters: the values from the left to the right, their scale before them.

    Where there are more values than dots, each column of dots spans all of its values; None leaves a gap.
    """
    known = [value for value in values if value is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    if low >= 0 and low < high / 2:
        low = 0.0
    if high == low:
        low, high = low - 1.0, high + 1.0
    labels = [short(high - (high - low) * row / max(1, height - 1)) for row in range(height)]
    room = max(map(len, labels))
    columns = max(2, 2 * (width - room - 2))
    cells = _cells(_spans(values, columns), (low, high), height, columns)
    lines = ["".join(map(chr, row)).rstrip(chr(_BLANK)) for row in cells]
    return [f"{label:>{room}} ┤{line}" for label, line in zip(labels, lines, strict=True)]


def bridged(values: Sequence[float | None], most: int) -> list[float | None]:
    """The values with at most so many missing ones in a row put on a line between those around them."""
    filled = list(values)
    known = [at for at, value in enumerate(values) if value is not None]
    for before, after in pairwise(known):
        first, last = values[before], values[after]
        if first is not None and last is not None and 1 < after - before <= most + 1:
            for at in range(before + 1, after):
                filled[at] = first + (last - first) * (at - before) / (after - before)
    return filled


def drawn(lines: Sequence[str], encoding: str) -> list[str]:
    """The lines as they are where the encoding has dots, else a star for each character with any."""
    try:
        f"┤{chr(_BLANK)}".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return ["".join(map(_star, line)).rstrip() for line in lines]
    return list(lines)


def _star(char: str) -> str:
    if char.isascii():
        return char
    return "|" if char == "┤" else " " if char == chr(_BLANK) else "*"


def short(value: float) -> str:
    """A number in at most a few characters: 1.5k, 12M, 0.25."""
    size, step = abs(value), 0
    while size >= 999.5 and step < len(_SCALE) - 1:
        size, step = size / 1000, step + 1
    text = f"{math.copysign(size, value):.3g}"
    return f"{text}{_SCALE[step]}"


def _spans(values: Sequence[float | None], columns: int) -> list[tuple[float, float] | None]:
    """The least and the greatest value of each column, as many columns as there are values at most."""
    count = min(columns, len(values))
    spans: list[tuple[float, float] | None] = []
    for column in range(count):
        part = values[column * len(values) // count : (column + 1) * len(values) // count]
        known = [value for value in part if value is not None]
        spans.append((min(known), max(known)) if known else None)
    return spans


def _cells(
    spans: list[tuple[float, float] | None], scale: tuple[float, float], height: int, columns: int
) -> list[list[int]]:
    low, high = scale
    rows = 4 * height - 1
    cells = [[_BLANK] * ((columns + 1) // 2) for _ in range(height)]
    before: int | None = None
    for number, span in enumerate(spans):
        if span is None:
            before = None
            continue
        column = number * columns // len(spans)
        first, last = (round((high - value) / (high - low) * rows) for value in (span[1], span[0]))
        if before is not None:  # joined to the column before it
            first, last = min(first, before), max(last, before)
        before = round((high - (span[0] + span[1]) / 2) / (high - low) * rows)
        for row in range(first, last + 1):
            cells[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    return cells
