"""Public and private addresses are told apart."""

from __future__ import annotations

import pytest

from mistserver.providers.addresses import split


def test_each_address_is_shown_once_where_it_belongs() -> None:
    given = ["203.0.113.7", "10.1.2.3/24", None, "", "2001:db8::1/64", "fd00::2", "203.0.113.7", "100.64.0.9"]
    assert split(given) == (("203.0.113.7", "2001:db8::1", "100.64.0.9"), ("10.1.2.3", "fd00::2"))


def test_what_reaches_nobody_is_left_out() -> None:
    assert split(["0.0.0.0", "::", "169.254.1.1", "fe80::1/64"]) == ((), ())


def test_what_is_no_address_is_not_shown_as_one() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        split(["$(reboot)"])
