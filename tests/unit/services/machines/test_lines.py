from __future__ import annotations

from mistserver.services.machines.lines import LONGEST_LINE, Lines


def test_only_whole_lines_are_let_out() -> None:
    lines = Lines(1000)

    assert lines.feed(b"one\ntw") == "one\n"
    assert lines.feed(b"o\nthree") == "two\n"
    assert lines.finish() == "three"
    assert lines.finish() == ""


def test_a_character_cut_in_two_by_the_network_stays_one() -> None:
    lines = Lines(1000)
    euro = "€\n".encode()

    assert lines.feed(euro[:1]) + lines.feed(euro[1:2]) == ""
    assert lines.feed(euro[2:]) == "€\n"


def test_what_is_no_text_becomes_text() -> None:
    lines = Lines(1000)

    assert lines.feed(b"a\x00b\xff\n") == "ab\N{REPLACEMENT CHARACTER}\n"
    assert lines.feed(b"\xe2\x82") == ""
    assert lines.finish() == "\N{REPLACEMENT CHARACTER}"


def test_a_stream_without_line_ends_comes_in_pieces() -> None:
    lines = Lines(10 * LONGEST_LINE)

    assert lines.feed(b"x" * (LONGEST_LINE - 1)) == ""
    assert len(lines.feed(b"xx")) == LONGEST_LINE + 1


def test_output_is_cut_at_its_limit_with_a_note_and_counted_on() -> None:
    lines = Lines(10)

    text = lines.feed(b"12345\n") + lines.feed(b"1234567") + lines.feed(b"more\n") + lines.finish()

    assert text == "12345\n1234\n[Mist kept the first 10 bytes; the rest of this output was left out]\n"
    assert lines.bytes == 18


def test_output_of_exactly_the_limit_is_whole() -> None:
    lines = Lines(6)

    assert lines.feed(b"12345\n") + lines.finish() == "12345\n"
