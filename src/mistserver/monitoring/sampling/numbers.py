"""Numbers in the kernel's text files."""

from __future__ import annotations


def number(text: str) -> float:
    """A number that is none is a ValueError; so is one that only Python's own spelling makes one."""
    if not text[:1].isdigit() and text[:1] != "-":
        raise ValueError("not a number")
    return float(text)


def pairs(text: str) -> dict[str, float]:
    """`Name: value unit` or `name value` lines; those that hold no number are left out."""
    return {name: values[0] for name, values in fields(text).items()}


def fields(text: str) -> dict[str, list[float]]:
    """The numbers of each line by its first word, up to the first word that is none."""
    found: dict[str, list[float]] = {}
    for line in text.splitlines():
        words = line.split()
        values: list[float] = []
        for word in words[1:]:
            try:
                values.append(number(word))
            except ValueError:
                break
        if values:
            found[words[0].rstrip(":")] = values
    return found
