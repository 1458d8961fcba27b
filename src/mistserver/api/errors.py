"""One shape for every error on the wire, and the table from error to status."""

from __future__ import annotations

import logging
import traceback
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from mistserver.domain import errors
from mistserver.domain.errors import MistError
from mistserver.domain.names import visible

log = logging.getLogger("mist.api")

STATUS: dict[type[MistError], int] = {  # the nearest class in an error's ancestry counts
    errors.MistError: 500,
    errors.InvalidInput: 400,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotSupported: 422,
    errors.TooManyAttempts: 429,
    errors.TooLarge: 413,
    errors.ProviderNotAvailable: 501,
    errors.ProviderError: 502,
    errors.ProviderAuthFailed: 422,
    errors.ProviderRejected: 422,
    errors.ProviderQuota: 409,
    errors.ProviderNotFound: 404,
    errors.ProviderTimeout: 504,
    errors.ProviderRateLimited: 503,
    errors.MachineError: 502,
    errors.ReceiverError: 502,
    errors.MachineTimeout: 504,
    errors.JobFailed: 409,
    errors.Unavailable: 503,
    errors.Internal: 500,
}

_NO_BODY = "'data'"  # all that the framework says of it
_UNREADABLE = "The request cannot be read: its body is not valid JSON."
_HTTP_ERRORS: dict[int, type[MistError]] = {
    400: errors.InvalidInput,
    401: errors.NotSignedIn,
    403: errors.Forbidden,
    404: errors.NotFound,
    413: errors.TooLarge,
    503: errors.Unavailable,
}


def status_of(error: MistError) -> int:
    """The HTTP status of an error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def answer(request: Request[Any, Any, Any], error: MistError, status: int | None = None) -> Response[dict[str, Any]]:
    """`{"error": {...}}` with the request's id, and Retry-After where waiting helps."""
    body = errors.to_record(error) | {"request_id": request.scope["state"].get("request_id", "")}
    headers = {}
    if "retry_after_s" in error.facts:
        headers["Retry-After"] = str(max(1, round(error.facts["retry_after_s"])))
    code = status or status_of(error)
    if code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response({"error": body}, status_code=code, headers=headers, media_type="application/json")


def on_mist_error(request: Request[Any, Any, Any], error: MistError) -> Response[Any]:
    return answer(request, error)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """The framework's own refusals. Its texts are not echoed: they carry the URL with its query."""
    status = error.status_code
    if isinstance(error, ValidationException):
        return answer(request, errors.InvalidInput(_what_is_invalid(error)))
    if status == 404:
        return answer(request, errors.NotFound("There is nothing at this address; see /api/v1/docs."))
    if status == 405:
        return answer(request, errors.InvalidInput(f"{request.method} is not possible at this address."), 405)
    if status == 413:
        return answer(request, errors.TooLarge("The body of the request is larger than this service accepts."))
    if status == 400:
        return answer(request, errors.InvalidInput(_UNREADABLE))
    kind = _HTTP_ERRORS.get(status, errors.InvalidInput if status < 500 else errors.Internal)
    return answer(request, kind("The request was refused before it was read."), status)


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """A fault of ours: logged with its trace, told without it."""
    if _is_unreadable_body(error):
        return answer(request, errors.InvalidInput(_UNREADABLE))
    log.error("unhandled error", exc_info=error)
    request_id = request.scope["state"].get("request_id", "")
    return answer(request, errors.Internal(f"Mist failed at this; the log has it under the request id {request_id}."))


def _is_unreadable_body(error: Exception) -> bool:
    """The framework lets out what is wrong with a body's encoding or depth as Python's own error."""
    if not isinstance(error, UnicodeDecodeError | RecursionError):
        return False
    return any(frame.name == "decode_json" for frame in traceback.extract_tb(error.__traceback__))


def _what_is_invalid(error: ValidationException) -> str:
    found = error.extra if isinstance(error.extra, list) else []
    parts = []
    for item in found[:5]:
        if isinstance(item, dict):
            name = str(item.get("key") or "")
            message = str(item.get("message") or "is not valid").split(" - at ")[0]
            if message == _NO_BODY:
                return "The request needs a body in JSON."
            parts.append(visible(f"{name}: {message}" if name else message)[:200])
    return "The request is not valid: " + ("; ".join(parts) or "a field is missing or of the wrong kind") + "."


HANDLERS: dict[Any, Any] = {MistError: on_mist_error, HTTPException: on_http_error, Exception: on_fault}
