"""Blotting secrets out of errors: others repeat what they were sent, as it was or in a form that can be read back."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from mistserver.domain.errors import MistError

BLOT = "***"
_SHORTEST = 4
_SHORTEST_LINE = 16  # of a PEM text, which may be repeated line by line
_SHORTEST_CODE = 8


def blotted(error: MistError, secrets: Iterable[str]) -> MistError:
    """The error with every secret that its texts repeat blotted out."""
    written = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
    if not written:
        return error
    # the longest first: a shorter one may be part of it
    pattern = re.compile("|".join(re.escape(form) for form in sorted(written, key=len, reverse=True)))
    error.message = pattern.sub(BLOT, error.message)
    error.facts = {name: _clean(value, pattern) for name, value in error.facts.items()}
    error.args = (error.message,)
    return error


def _clean(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(BLOT, value)
    if isinstance(value, dict):
        return {name: _clean(item, pattern) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, pattern) for item in value]
    return value


def _forms(secret: str) -> set[str]:
    forms = {secret, quote(secret), quote_plus(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}
    forms |= {line for line in secret.splitlines() if len(line) >= _SHORTEST_LINE and not line.startswith("-----")}
    raw = secret.encode()
    for lead in range(3):  # within a longer text it begins anywhere in a group of base64
        groups = base64.b64encode(b"\0" * lead + raw).decode()
        inner = groups[4 if lead else 0 : (lead + len(raw)) // 3 * 4]
        forms |= {inner, inner.replace("+", "-").replace("/", "_")} if len(inner) >= _SHORTEST_CODE else set()
    return forms
