"""The runner of custom metrics as a real process, and what is read of its answers."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistserver.domain.errors import InvalidInput
from mistserver.monitoring.plugins import answers
from mistserver.monitoring.plugins.answers import Answer, Run
from mistserver.monitoring.plugins.names import plugin_id


def ran(code: bytes, **how: object) -> tuple[list[Answer], str]:
    run = Run("tried", code, every_s=0.01, **how)  # type: ignore[arg-type]  # the fields of Run
    done = subprocess.run(
        ["sh", "-c", answers.command()], input=run.stdin, capture_output=True, timeout=60, check=False
    )
    return run.feed(done.stdout), done.stderr.decode()


@pytest.mark.parametrize(
    ("name", "id"),
    [("Random", "random"), ("My Custom-Metric", "my_custom_metric"), ("__a__b__", "a_b"), ("1/2 Größe_", "1_2_gr_e")],
)
def test_ids_come_of_names(name: str, id: str) -> None:
    assert plugin_id(name) == id


@pytest.mark.parametrize("name", ["", "_", "ß", "../..", "a" * 101])
def test_a_name_without_letters_makes_no_id(name: str) -> None:
    with pytest.raises(InvalidInput):
        plugin_id(name)


def test_three_numbers_pass() -> None:
    told, printed = ran(b"n = 0\ndef read():\n    global n\n    n += 1\n    return None if n == 2 else n\n")

    assert [answer.value for answer in told] == [1, None, 3]
    assert answers.problem(told) is None
    assert printed == ""


def test_the_process_s_own_word_is_no_answer() -> None:
    told, printed = ran(b"import os, sys\ndef read():\n    os.write(1, b'x 1\\n'); sys.stdin.read(); return 2\n")

    assert [answer.value for answer in told] == [2, 2, 2]
    assert printed.count("x 1") == 3


def test_errors_end_a_trial_and_are_missing_samples_later() -> None:
    code = b"n = 0\ndef read():\n    global n\n    n += 1\n    return n / (n - 2)\n"

    tried, _ = ran(code)
    kept, _ = ran(code, reads=4, strict=False)

    assert [answer.value for answer in tried] == [-1, None]
    assert "division by zero (line 5)" in str(answers.problem(tried))
    assert [answer.value for answer in kept] == [-1, None, 3, 2]


def test_what_ends_early_has_not_passed() -> None:
    told, _ = ran(b"import os\ndef read():\n    os._exit(0)\n")

    assert answers.problem(told) == "it ended after 0 of 3 calls of read()"
    assert answers.problem([Answer(value=1.0)] * 2) == "it ended after 2 of 3 calls of read()"


def test_a_transcript_moves_no_cursor() -> None:
    text = answers.transcript([Answer(value=1.5, took_s=0.002), Answer(error="no")], "a\x1b[2Jb\n")

    assert text == "read() 1: 1.5 (2.0 ms)\nread() 2: no (0.0 ms)\nprinted:\na?[2Jb"


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_foreign_output_is_never_an_answer(pieces: list[bytes]) -> None:
    run = Run("id", b"")

    assert [answer for piece in pieces for answer in run.feed(piece)] == []


@given(st.binary(max_size=60).filter(lambda text: b"\n" not in text), st.integers(1, 30))
def test_an_answer_is_whole_however_it_is_cut(noise: bytes, size: int) -> None:
    run = Run("id", b"")
    text = noise + b"\n" + run.mark.encode() + b' {"value": 4}\n' + run.mark.encode() + b" nonsense\n"

    told = [answer for at in range(0, len(text), size) for answer in run.feed(text[at : at + size])]

    assert [answer.value for answer in told] == [4, None]
    assert told[1].error is not None
