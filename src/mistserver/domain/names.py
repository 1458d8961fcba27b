"""What may be a name, an email, a tag. Names are shown in terminals and pages, so control characters are refused."""

from __future__ import annotations

import re
import unicodedata

from mistserver.domain.errors import InvalidInput

MAX_NAME = 255
MAX_TAG = 100
_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,255}\Z")
# Cc control, Cf format (right-to-left overrides among them), Cs surrogates, Zl/Zp line and paragraph separators
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def clean_name(value: str, noun: str, field: str = "name", limit: int = MAX_NAME) -> str:
    """`value` without surrounding blanks, or InvalidInput that names the field and the rule."""
    name = value.strip()
    if not name:
        raise InvalidInput(f"The {noun} needs a {field} that is not empty.", field=field)
    if len(name) > limit:
        raise InvalidInput(
            f"The {field} of the {noun} has {len(name)} characters; at most {limit} are allowed.", field=field
        )
    if any(unicodedata.category(char) in _HIDDEN for char in name):
        raise InvalidInput(
            f"The {field} of the {noun} holds a control or invisible character ({name[:40]!a}); leave it out.",
            field=field,
        )
    return name


def clean_tag(value: str) -> str:
    """A tag: a name of at most 100 characters without a comma (lists of tags are joined with commas)."""
    tag = clean_name(value, "tag", "text", MAX_TAG)
    if "," in tag:
        raise InvalidInput(f"The tag {tag!r} holds a comma; give each tag by itself.", field="tag")
    return tag


def clean_email(value: str) -> str:
    """The address in lower case; one that cannot be an address is InvalidInput."""
    email = value.strip().lower()
    if not _EMAIL.match(email):
        raise InvalidInput(f"{value[:80]!a} is not an email address.", field="email")
    return email


def visible(text: str) -> str:
    """Text from a cloud or machine made safe for one terminal line: hidden characters become `?`."""
    return "".join("?" if unicodedata.category(char) in _HIDDEN else char for char in text)
