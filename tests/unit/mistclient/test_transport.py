from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from mistclient import MistClient
from mistclient.errors import InvalidInput, MistError, NotSignedIn, ProviderTimeout, ServiceUnreachable
from mistclient.sse import events
from mistclient.transport import proxy_for, segment
from tests.lab.certificates import Authority
from tests.support.rest_stub import TOKEN, RestStub, running


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[RestStub, Path]]:
    """A service behind TLS, and the file of the authority that signed its certificate."""
    authority = Authority()
    pair = authority.server("127.0.0.1")
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "server.pem").write_text(pair.certificate + pair.private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with running(context) as stub:
        yield stub, tmp_path / "ca.pem"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_certificate_of_ones_own_authority(secured: tuple[RestStub, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    service, ca = secured

    with pytest.raises(ServiceUnreachable, match="MIST_CA_FILE"):
        MistClient(service.uri, api_token=TOKEN).me()
    assert service.seen == []
    assert MistClient(service.uri, api_token=TOKEN, verify=str(ca)).me()["scope"] == "admin"
    monkeypatch.setenv("MIST_CA_FILE", str(ca))
    assert MistClient(service.uri, api_token=TOKEN).me()["scope"] == "admin"


@pytest.mark.parametrize("uri", ["ftp://x", "http://", "http://[bad", "http://host:99999", "http://host:x"])
def test_an_address_that_is_none_is_said(uri: str) -> None:
    with pytest.raises(InvalidInput, match="is not the address of a service"):
        MistClient(uri, api_token=TOKEN).me()


@pytest.mark.parametrize("token", ["mist_a\nb", "mist_\udcff", "mist_\u043a"])
def test_a_token_that_is_no_token_is_refused_without_showing_it(service: RestStub, token: str) -> None:
    with pytest.raises(NotSignedIn, match="no token of Mist has") as refused:
        MistClient(service.uri, api_token=token).me()

    assert token not in str(refused.value)


def test_a_service_without_tls_is_said(service: RestStub) -> None:
    with pytest.raises(ServiceUnreachable, match="does not speak TLS"):
        MistClient(service.uri.replace("http://", "https://"), api_token=TOKEN).me()


def test_what_a_provider_did_not_deliver_is_not_asked_again(client: MistClient, service: RestStub) -> None:
    late = {"error": {"code": "provider_timeout", "message": "late", "details": {}, "request_id": "1"}}
    service.scripted["GET", "/me"] = [(504, late), (504, late)]

    with pytest.raises(ProviderTimeout):
        client.me()

    assert len(service.scripted["GET", "/me"]) == 1


def test_a_redirect_is_not_followed(client: MistClient, service: RestStub) -> None:
    service.scripted["GET", "/me"] = [(302, None)]

    with pytest.raises(MistError, match="redirects"):
        client.me()
    assert len(service.seen) == 1


def test_a_proxy_is_for_other_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside.example")

    assert proxy_for("https", "mist.example") == "http://proxy:3128"
    assert proxy_for("https", "inside.example") is None
    assert proxy_for("https", "127.0.0.1") is None
    assert proxy_for("http", "localhost") is None


@pytest.mark.parametrize(("name", "quoted"), [("a/b", "a%2Fb"), ("..", "%2E%2E"), ("ü ?#", "%C3%BC%20%3F%23")])
def test_a_name_is_one_segment(name: str, quoted: str) -> None:
    assert segment(name) == quoted


def test_server_sent_events_in_any_pieces() -> None:
    text = b': hello\r\nid: 4\r\nevent: output\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent: ping\n\ndata: 2\n\n'
    whole = [("output", "4", '{"a":\n1}'), ("message", "4", "2")]

    for size in (1, 3, 7, len(text)):
        assert list(events(text[at : at + size] for at in range(0, len(text), size))) == whole
