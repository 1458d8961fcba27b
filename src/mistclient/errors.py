"""Every error that the client raises, as one tree: the service's, by the `code` of its answer, and two of our own.

MistError
├── InvalidInput            the caller said something that cannot be meant
├── NotSignedIn             no, wrong or expired proof of identity
├── Forbidden               known, but not allowed to do this
├── NotFound                no such thing in this account
├── Conflict                the state of things forbids it
│   ├── AlreadyExists
│   ├── Ambiguous           several things match; nothing was done
│   └── HostKeyChanged      the machine shows another key than the remembered one
├── NotSupported            this provider, machine or version can never do that
├── TooManyAttempts         wait `details["retry_after_s"]`
├── TooLarge                the body or a field is over its limit
├── ProviderNotAvailable    the provider is listed, but cannot be used here
├── ProviderError           the provider was asked and did not deliver
│   ├── ProviderAuthFailed
│   ├── ProviderUnreachable
│   ├── ProviderTimeout
│   ├── ProviderRateLimited
│   ├── ProviderQuota
│   ├── ProviderRejected
│   ├── ProviderNotFound
│   └── ProviderBadAnswer
├── MachineError            the machine was asked and did not deliver
│   ├── MachineUnreachable
│   ├── MachineAuthFailed
│   ├── MachineTimeout
│   └── MachineLost
├── JobFailed               carries the job as `job`
├── Unavailable             the service cannot do it now (starting, draining, storage full)
├── Internal                a fault of the service
├── ServiceUnreachable      (client) nothing answers at the service's address
└── WaitTimeout             (client) the job goes on, but was waited for long enough; carries the job
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from mistclient.model.job import Job


class MistError(Exception):
    """Base of all. `message` is one sentence, `details` are facts for programs, `status_code` is HTTP's or 0."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, details: dict[str, Any] | None = None, status_code: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}
        self.status_code = status_code
        self.request_id: str | None = None


class InvalidInput(MistError):
    code = "invalid_input"


class NotSignedIn(MistError):
    code = "not_signed_in"


class Forbidden(MistError):
    code = "forbidden"


class NotFound(MistError):
    code = "not_found"


class Conflict(MistError):
    code = "conflict"


class AlreadyExists(Conflict):
    code = "already_exists"


class Ambiguous(Conflict):
    code = "ambiguous"


class HostKeyChanged(Conflict):
    code = "host_key_changed"


class NotSupported(MistError):
    code = "not_supported"


class TooManyAttempts(MistError):
    code = "too_many_attempts"


class TooLarge(MistError):
    code = "too_large"


class ProviderNotAvailable(MistError):
    code = "provider_not_available"


class ProviderError(MistError):
    code = "provider_error"


class ProviderAuthFailed(ProviderError):
    code = "provider_auth_failed"


class ProviderUnreachable(ProviderError):
    code = "provider_unreachable"


class ProviderTimeout(ProviderError):
    code = "provider_timeout"


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"


class ProviderQuota(ProviderError):
    code = "provider_quota"


class ProviderRejected(ProviderError):
    code = "provider_rejected"


class ProviderNotFound(ProviderError):
    code = "provider_not_found"


class ProviderBadAnswer(ProviderError):
    code = "provider_bad_answer"


class MachineError(MistError):
    code = "machine_error"


class MachineUnreachable(MachineError):
    code = "machine_unreachable"


class MachineAuthFailed(MachineError):
    code = "machine_auth_failed"


class MachineTimeout(MachineError):
    code = "machine_timeout"


class MachineLost(MachineError):
    code = "machine_lost"


class ReceiverError(MistError):
    code = "receiver_error"


class JobFailed(MistError):
    """`job` is the job that failed or was cancelled; its steps and items say where."""

    code = "job_failed"
    job: Job | None = None


class Unavailable(MistError):
    code = "unavailable"


class Internal(MistError):
    code = "internal"


class ServiceUnreachable(MistError):
    code = "service_unreachable"


class WaitTimeout(MistError):
    """`job` is still queued or running at the service."""

    code = "wait_timeout"
    job: Job | None = None


CLIENT_ONLY = frozenset({ServiceUnreachable, WaitTimeout})


def _all_errors() -> list[type[MistError]]:
    found: list[type[MistError]] = [MistError]
    for error in found:
        found.extend(error.__subclasses__())
    return found


BY_CODE: dict[str, type[MistError]] = {error.code: error for error in _all_errors()}

_BY_STATUS: dict[int, type[MistError]] = {
    400: InvalidInput,
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: TooManyAttempts,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def from_record(record: dict[str, Any], status_code: int = 0) -> MistError:
    """The error that `{"code", "message", "details"}` describes; an unknown code becomes one of its status."""
    kind = BY_CODE.get(str(record.get("code"))) or _BY_STATUS.get(status_code, MistError)
    details = record.get("details")
    error = kind(
        str(record.get("message") or "The service gave no reason."),
        details=details if isinstance(details, dict) else {},
        status_code=status_code,
    )
    request_id = record.get("request_id")
    error.request_id = str(request_id) if request_id else None
    return error


def from_answer(status_code: int, body: bytes, url: str) -> MistError:
    """The error of an HTTP answer; one that is not Mist's says so, naming the address."""
    try:
        record = json.loads(body)["error"]
        if isinstance(record, dict):
            return from_record(record, status_code)
    except (ValueError, KeyError, TypeError):
        pass
    kind = _BY_STATUS.get(status_code, MistError)
    return kind(
        f"{url} answered {status_code} without an error of Mist: is that the address of a Mist service?",
        status_code=status_code,
    )
