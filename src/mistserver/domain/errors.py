"""Every error that Mist can answer with, as one tree.

MistError
├── InvalidInput            the caller said something that cannot be meant
├── NotSignedIn             no, wrong or expired proof of identity
├── Forbidden               known, but not allowed to do this
├── NotFound                no such thing in this account
├── Conflict                the state of things forbids it
│   ├── AlreadyExists
│   ├── Ambiguous           several things match; nothing was done
│   └── HostKeyChanged      the machine shows another key than the remembered one
├── NotSupported            this provider or machine can never do that
├── TooManyAttempts         wait `retry_after_s`
├── TooLarge                the body or a field is over its limit
├── ProviderNotAvailable    the provider is listed, but cannot be used here
├── ProviderError           the provider was asked and did not deliver
│   ├── ProviderAuthFailed
│   ├── ProviderUnreachable
│   ├── ProviderTimeout
│   ├── ProviderRateLimited
│   ├── ProviderQuota       quota used up or the size is sold out
│   ├── ProviderRejected    the request was understood and refused
│   ├── ProviderNotFound    the provider does not know that id
│   └── ProviderBadAnswer   not the protocol: HTML, truncated, unreadable
├── MachineError            the machine was asked and did not deliver
│   ├── MachineUnreachable
│   ├── MachineAuthFailed
│   ├── MachineTimeout
│   └── MachineLost         the connection broke while it was used
├── ReceiverError           a receiver of messages did not take one
├── JobFailed
├── Unavailable             the service cannot do it now (starting, draining, storage full)
└── Internal                a fault of ours

An error carries a `code` (stable, for programs), a message (which thing, and what to do), and facts.
"""

from __future__ import annotations

from typing import Any, ClassVar


class MistError(Exception):
    """Base of all. `facts` become `details` on the wire, so they never hold a secret."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


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
    retryable = True


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
    retryable = True


class ProviderTimeout(ProviderError):
    code = "provider_timeout"
    retryable = True


class ProviderRateLimited(ProviderError):
    code = "provider_rate_limited"
    retryable = True


class ProviderQuota(ProviderError):
    code = "provider_quota"


class ProviderRejected(ProviderError):
    code = "provider_rejected"


class ProviderNotFound(ProviderError):
    code = "provider_not_found"


class ProviderBadAnswer(ProviderError):
    code = "provider_bad_answer"
    retryable = True


class MachineError(MistError):
    code = "machine_error"


class MachineUnreachable(MachineError):
    code = "machine_unreachable"
    retryable = True


class MachineAuthFailed(MachineError):
    code = "machine_auth_failed"


class MachineTimeout(MachineError):
    code = "machine_timeout"
    retryable = True


class MachineLost(MachineError):
    code = "machine_lost"
    retryable = True


class ReceiverError(MistError):
    code = "receiver_error"
    retryable = True


class JobFailed(MistError):
    code = "job_failed"


class Unavailable(MistError):
    code = "unavailable"
    retryable = True


class Internal(MistError):
    code = "internal"


def all_errors() -> list[type[MistError]]:
    """The whole tree, base first, in the order of definition; not what a module makes of one for its own use."""
    found: list[type[MistError]] = [MistError]
    for error in found:
        found.extend(each for each in error.__subclasses__() if each.__module__ == __name__)
    return found


BY_CODE: dict[str, type[MistError]] = {error.code: error for error in all_errors()}


def to_record(error: MistError) -> dict[str, Any]:
    """`{"code", "message", "details"}`: the shape on the wire and in job rows."""
    return {"code": error.code, "message": error.message, "details": error.facts}


def from_record(record: dict[str, Any]) -> MistError:
    """The reverse of `to_record`; an unknown code becomes `MistError`."""
    error = BY_CODE.get(str(record.get("code")), MistError)
    return error(str(record.get("message", "")), **dict(record.get("details") or {}))
