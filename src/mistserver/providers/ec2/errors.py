"""EC2's error codes as errors of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mistserver.domain.errors import (
    InvalidInput,
    MistError,
    ProviderAuthFailed,
    ProviderError,
    ProviderNotFound,
    ProviderQuota,
    ProviderRejected,
    ProviderUnreachable,
)
from mistserver.providers.http_errors import bad_answer, network_error, vendors_words
from mistserver.providers.rest import rate_limited

_WRONG_KEYS = {
    "AuthFailure",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "ExpiredToken",
    "401",
}
_NOT_ALLOWED = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "OptInRequired", "Blocked", "403"}
_TOO_FAST = {
    "RequestLimitExceeded",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "SlowDown",
    "429",
}
_THEIR_FAULT = {"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"}
_USED_UP = re.compile(r"(LimitExceeded|^InsufficientInstanceCapacity|^Insufficient\w*(Capacity|AddressesInSubnet))")
_UNKNOWN = re.compile(r"(\.NotFound|\.Malformed|\.Unavailable|NotFoundException|^InvalidInstanceID)")


@contextmanager
def mapped(operation: str, where: str) -> Iterator[None]:
    """Lets out no exception of the library's. The originals are dropped: some hold the arguments of the call."""
    from botocore import exceptions as theirs
    from botocore.parsers import ResponseParserError

    try:
        yield
    except MistError:
        raise
    except theirs.ClientError as error:
        raise _answered(error.response, operation, where) from None
    except (theirs.ParamValidationError, theirs.InvalidRegionError) as error:
        raise InvalidInput(f"EC2 cannot be asked that: {vendors_words(str(error))}") from None
    except (ResponseParserError, UnicodeDecodeError) as error:
        raise bad_answer(where, str(error)) from None
    except (theirs.HTTPClientError, theirs.ConnectionError, OSError) as error:
        raise network_error(error, where) from None
    except theirs.BotoCoreError as error:
        raise ProviderError(f"EC2 could not be asked to {operation}: {type(error).__name__}.") from None


def _answered(response: Any, operation: str, where: str) -> ProviderError:
    """The error for an answer with an error in it. Facts: EC2's code, the operation, its request id."""
    error, meta = response.get("Error", {}), response.get("ResponseMetadata", {})
    code, status = str(error.get("Code") or ""), int(meta.get("HTTPStatusCode") or 0)
    said = vendors_words(str(error.get("Message") or "")) or "no reason given"
    facts = {"vendor_code": code, "operation": operation, "request_id": meta.get("RequestId")}
    if code in _WRONG_KEYS:
        return ProviderAuthFailed(f"EC2 does not accept the keys ({code}): {said}", **facts)
    if code in _NOT_ALLOWED:
        return ProviderAuthFailed(f"EC2 does not allow these keys to {operation} ({code}): {said}", **facts)
    if code in _TOO_FAST:
        return limited(meta.get("HTTPHeaders", {}), facts)
    if _USED_UP.search(code):
        return ProviderQuota(f"EC2 has no room for that ({code}): {said}", **facts)
    if code.isdigit() or not code:
        return _without_code(status, where, facts)
    if code in _THEIR_FAULT or status >= 500:
        return ProviderUnreachable(f"EC2 has a fault of its own ({code}): {said}", **facts)
    if _UNKNOWN.search(code):
        return ProviderNotFound(f"EC2 does not know that ({code}): {said}", **facts)
    return ProviderRejected(f"EC2 refused to {operation} ({code}): {said}", **facts)


def limited(headers: Mapping[str, str], facts: dict[str, Any]) -> ProviderError:
    """For an answer that asks for a pause; botocore's headers have lower-case names."""
    told = str(headers.get("retry-after", ""))
    return rate_limited("EC2", float(told) if re.fullmatch(r"\d{1,6}", told) else None, **facts)


def _without_code(status: int, where: str, facts: dict[str, Any]) -> ProviderError:
    if status >= 500:
        return ProviderUnreachable(f"{where} answered with status {status}.", **facts)
    return bad_answer(where)
