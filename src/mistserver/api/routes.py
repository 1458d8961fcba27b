"""The route decorators, with the error shape that every route shares in the OpenAPI document."""

from __future__ import annotations

from functools import partial
from typing import Any

import litestar
import msgspec
from litestar.openapi.datastructures import ResponseSpec


class ErrorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is stable and meant for programs; `details` holds facts such as the field or the candidates."""

    code: str
    message: str
    details: dict[str, Any]
    request_id: str


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What every error looks like on the wire."""

    error: ErrorFacts


_SENTENCES = {
    400: "Something in the request cannot be meant; the message names it.",
    401: "Not signed in.",
    403: "The role or the token's scope is too narrow.",
    404: "No such thing in this account.",
    409: "The state of things forbids it.",
    422: "The provider or the machine cannot do it, or refused the credentials.",
    502: "The provider or the machine was asked and did not deliver.",
    503: "Try again later.",
}
ERRORS = {
    status: ResponseSpec(ErrorBody, description=sentence, generate_examples=False)
    for status, sentence in _SENTENCES.items()
}

get = partial(litestar.get, responses=ERRORS)
post = partial(litestar.post, responses=ERRORS)
put = partial(litestar.put, responses=ERRORS)
patch = partial(litestar.patch, responses=ERRORS)
delete = partial(litestar.delete, responses=ERRORS)
