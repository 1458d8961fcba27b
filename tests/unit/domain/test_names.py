"""Names are shown in terminals and pages, so what cannot be seen is refused."""

from __future__ import annotations

import pytest

from mistserver.domain.errors import InvalidInput
from mistserver.domain.names import clean_email, clean_name, clean_tag, visible


@pytest.mark.parametrize("name", ["web-1", "a b", "-rf", "$(touch x)", "ünïcode", "<script>", "a/b", "'\"`", "0"])
def test_what_can_be_seen_may_be_a_name(name: str) -> None:
    assert clean_name(f"  {name} ", "key") == name


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\0b", "\x1b[31mred", "a\u202eb", "a\u2028b", "x" * 256])
def test_what_cannot_be_seen_or_is_too_long_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="key") as caught:
        clean_name(name, "key")

    assert caught.value.facts["field"] == "name"
    assert caught.value.message.isprintable()


def test_a_tag_holds_no_comma() -> None:
    with pytest.raises(InvalidInput, match="comma"):
        clean_tag("a,b")


@pytest.mark.parametrize("email", ["Ann@Example.com ", "a+b@c.d"])
def test_an_email_is_kept_in_lower_case(email: str) -> None:
    assert clean_email(email) == email.strip().lower()


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@b", "a b@c.d", "a@b\nc", "a@b@c"])
def test_what_cannot_be_an_email_is_refused(email: str) -> None:
    with pytest.raises(InvalidInput, match="email"):
        clean_email(email)


def test_foreign_text_is_made_visible() -> None:
    assert visible("a\x1b[31m\nb\u202e") == "a?[31m?b?"
