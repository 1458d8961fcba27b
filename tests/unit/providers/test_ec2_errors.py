"""What EC2 answers with is told apart."""

from __future__ import annotations

from typing import Any

import pytest

from mistserver.domain import errors
from mistserver.providers.ec2.errors import mapped

exceptions = pytest.importorskip("botocore.exceptions")


def raised(
    code: str, status: int = 400, headers: dict[str, str] | None = None, message: str = "why"
) -> errors.MistError:
    meta: dict[str, Any] = {"HTTPStatusCode": status, "HTTPHeaders": headers or {}, "RequestId": "r-1"}
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": meta}
    with pytest.raises(errors.MistError) as caught, mapped("run_instances", "https://ec2.test"):
        raise exceptions.ClientError(answer, "RunInstances")
    return caught.value


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AuthFailure", 401, errors.ProviderAuthFailed),
        ("UnauthorizedOperation", 403, errors.ProviderAuthFailed),
        ("InvalidAMIID.NotFound", 400, errors.ProviderNotFound),
        ("InvalidAMIID.Malformed", 400, errors.ProviderNotFound),
        ("InvalidInstanceID.Malformed", 400, errors.ProviderNotFound),
        ("InsufficientInstanceCapacity", 500, errors.ProviderQuota),
        ("InstanceLimitExceeded", 400, errors.ProviderQuota),
        ("VcpuLimitExceeded", 400, errors.ProviderQuota),
        ("InsufficientFreeAddressesInSubnet", 400, errors.ProviderQuota),
        ("RequestLimitExceeded", 503, errors.ProviderRateLimited),
        ("Throttling", 400, errors.ProviderRateLimited),
        ("InternalError", 500, errors.ProviderUnreachable),
        ("503", 503, errors.ProviderUnreachable),
        ("404", 404, errors.ProviderBadAnswer),
        ("InvalidParameterValue", 400, errors.ProviderRejected),
        ("IncorrectInstanceState", 400, errors.ProviderRejected),
    ],
)
def test_codes_become_errors(code: str, status: int, kind: type[errors.MistError]) -> None:
    assert type(raised(code, status)) is kind


def test_the_wait_that_is_asked_for_is_told() -> None:
    assert raised("RequestLimitExceeded", 503, {"retry-after": "7"}).facts["retry_after_s"] == 7.0
    assert raised("RequestLimitExceeded", 503, {"retry-after": "soon"}).facts["retry_after_s"] is None


def test_a_hostile_message_is_made_harmless() -> None:
    error = raised("InvalidParameterValue", message="bad \x1b[31m\nthing" + "x" * 5000)
    assert "\x1b" not in error.message
    assert "\n" not in error.message
    assert len(error.message) < 700


def test_arguments_of_a_call_do_not_hang_on_the_error() -> None:
    error = raised("InvalidParameterValue")
    assert error.__cause__ is None
    assert error.__suppress_context__
