"""Ways in which a vendor's service goes wrong, and the error that each has to become."""

from __future__ import annotations

import secrets

import pytest

from mistserver.domain import errors
from tests.contract.providers.rig import Rig
from tests.lab.certificates import Authority
from tests.lab.faults import answering, silence, truncated, web_page

needs = pytest.mark.needs


@pytest.mark.timeout(30, func_only=True)
@needs("network")
def test_silence_ends_in_a_time_out(rig: Rig) -> None:
    with silence() as port, pytest.raises(errors.ProviderTimeout), rig.opened(rig.at(port)) as provider:
        rig.read(provider)


@needs("network")
def test_a_port_where_nothing_listens_is_unreachable(rig: Rig) -> None:
    with silence() as port:
        account = rig.at(port)
    with pytest.raises(errors.ProviderUnreachable), rig.opened(account) as provider:
        rig.read(provider)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[1, 2"),
        (200, b"<a/>"),
        (200, b'{"ApiVersion": 7}'),
        (200, b'{"ApiVersion": "1.41"}'),
        (302, b"<html/>"),
        (404, b"<html>no</html>"),
    ],
)
@needs("http")
def test_nonsense_is_a_bad_answer(rig: Rig, status: int, body: bytes) -> None:
    with (
        answering(status, body) as port,
        pytest.raises(errors.ProviderBadAnswer),
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)


@needs("http")
def test_a_web_page_is_a_bad_answer(rig: Rig) -> None:
    with web_page() as port, pytest.raises(errors.ProviderBadAnswer), rig.opened(rig.at(port)) as provider:
        rig.read(provider)


@needs("http")
def test_half_an_answer_is_no_answer(rig: Rig) -> None:
    with (
        truncated() as port,
        pytest.raises((errors.ProviderUnreachable, errors.ProviderBadAnswer)),
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)


@needs("http")
def test_a_fault_of_theirs_may_be_tried_again(rig: Rig) -> None:
    with (
        answering(503, b"busy", "text/plain") as port,
        pytest.raises(errors.ProviderUnreachable) as caught,
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)
    assert caught.value.retryable


@needs("http", "endpoints")
def test_a_wait_that_the_vendor_asks_for_is_passed_on(rig: Rig) -> None:
    with (
        answering(429, b"{}", "application/json", {"Retry-After": "7"}) as port,
        pytest.raises(errors.ProviderRateLimited) as caught,
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)
    assert caught.value.facts["retry_after_s"] in (7.0, None)


@needs("names")
def test_a_name_that_does_not_resolve_is_called_that(rig: Rig) -> None:
    with (
        pytest.raises(errors.ProviderUnreachable, match="cannot be resolved"),
        rig.opened(rig.called("cloud.invalid")) as provider,
    ):
        rig.read(provider)


@needs("endpoints")
def test_a_certificate_of_nobody_known_is_refused(rig: Rig) -> None:
    with web_page(Authority().server("127.0.0.1")) as port:
        with (
            pytest.raises(errors.ProviderUnreachable, match="not trusted"),
            rig.opened(rig.pointed(f"https://127.0.0.1:{port}")) as provider,
        ):
            rig.read(provider)
        with (
            pytest.raises(errors.ProviderUnreachable, match="not trusted"),
            rig.opened(rig.pointed(f"https://127.0.0.1:{port}", Authority().pem)) as provider,
        ):
            rig.read(provider)


@needs("endpoints")
def test_a_certificate_of_the_given_authority_is_trusted(rig: Rig) -> None:
    authority = Authority()
    with (
        web_page(authority.server("127.0.0.1")) as port,
        pytest.raises(errors.ProviderBadAnswer),
        rig.opened(rig.pointed(f"https://127.0.0.1:{port}", authority.pem)) as provider,
    ):
        rig.read(provider)


@needs("refusals")
def test_a_create_that_is_refused_says_why(rig: Rig) -> None:
    for why, kind in rig.refusals.items():
        with rig.refusing(why), rig.opened() as provider:
            spec = rig.spec(f"no-{secrets.token_hex(3)}", secrets.token_hex(8))
            with pytest.raises(kind):
                provider.create(spec)
        with rig.opened() as provider:
            assert provider.find_marked(spec.mark) is None
