"""How OpenStack's services say no."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from mistserver.domain.errors import ProviderError, ProviderNotFound, ProviderQuota, ProviderRateLimited
from mistserver.providers.rest import Dialect, Said

_MARKUP = re.compile(r"<[^>]{0,40}>")
_QUOTA = re.compile(r"quota|maximum number of|limit exceeded|no valid host|out of capacity", re.IGNORECASE)
_TOO_FAST = re.compile(r"rate[- ]limit|overlimit retry|too many requests", re.IGNORECASE)
_KINDS: dict[str, type[ProviderError]] = {"itemNotFound": ProviderNotFound, "OverQuota": ProviderQuota}


def dialect(title: str) -> Dialect:
    """For all services of one cloud: Nova's code is the only key of its body, the others' stand inside."""
    words: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
        (_TOO_FAST, ProviderRateLimited),
        (_QUOTA, ProviderQuota),
    )
    return Dialect(title, _said, MappingProxyType(_KINDS), words)


def _said(body: Any) -> Said | None:
    if "NeutronError" in body:
        error = body["NeutronError"]
        return Said(str(error["type"]), str(error["message"]))
    if isinstance(body.get("message"), str):  # Glance, and gates before a cloud
        return Said(words=_MARKUP.sub(" ", body["message"]))
    ((name, error),) = body.items()
    code = str(error.get("title") or "") if name == "error" else name
    return Said(code, str(error["message"]))
