from __future__ import annotations

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.providers.shapes import DEFAULT, Shape, offered, parse


@pytest.mark.parametrize(
    ("text", "shape"),
    [("2-2048", Shape(2, 2048)), (" 1-512-20 ", Shape(1, 512, 20)), (None, DEFAULT)],
)
def test_a_size_says_cores_memory_and_disk(text: str | None, shape: Shape) -> None:
    assert parse(text) == shape


@pytest.mark.parametrize(
    "text", ["", "2", "0-512", "1-16", "1-512-0", "-1-512", "a-b", "1-512\n-1", "٢-2048", "1" * 99]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a size"):
        parse(text)


def test_only_sizes_that_fit_the_host_are_offered() -> None:
    assert [size.id for size in offered(1, 1500, "x")] == ["1-512", "1-1024"]
