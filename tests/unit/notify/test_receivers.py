"""Receivers by URL."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mistserver.domain.errors import InvalidInput, ReceiverError
from mistserver.notify import receivers
from tests.lab.receivers import Mailbox, Webhook, mailbox, webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


def test_a_web_server_is_told(hook: Webhook) -> None:
    receivers.send(hook.url, "[Mist] ALERT: load > 5 on <db>", "one\ntwo & three")

    (post,) = hook.posts
    assert (post["title"], post["message"]) == ("[Mist] ALERT: load > 5 on <db>", "one\ntwo & three")


@pytest.mark.parametrize(("form", "text"), [("", "db: 7 <b>"), ("&format=html", "&lt;b&gt;")])
def test_a_mail_server_is_told(box: Mailbox, form: str, text: str) -> None:
    receivers.send(box.url + form, "[Mist] ALERT: load > 5 on db", "db: 7 <b>")

    (letter,) = box.letters
    assert (letter["Subject"], letter["To"]) == ("[Mist] ALERT: load > 5 on db", "ops@example.com")
    body = letter.get_body(("html", "plain"))
    assert body is not None
    assert text in body.get_content()


def test_a_refusal_says_why_and_nothing_of_the_url(hook: Webhook) -> None:
    hook.status = 503

    with pytest.raises(ReceiverError, match="did not take the message") as caught:
        receivers.send(f"json://joe:hunter2hunter2@127.0.0.1:{hook.port}/t0ps3cret?+X-Key=k3yk3yk3y", "t", "b")

    assert not [word for word in ("hunter2", "t0ps3cret", "k3yk3y") if word in caught.value.message]


def test_nobody_there_says_so(unused_port: int) -> None:
    with pytest.raises(ReceiverError, match="did not take the message"):
        receivers.send(f"json://127.0.0.1:{unused_port}/secret-path", "t", "b")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "not the URL of a receiver"),
        ("http://example.com", "not the URL of a receiver"),
        ("syslog://", "own host"),
        ("file:///etc/passwd", "own host"),
        ("dbus://", "own host"),
        ("jsons://example.com/?verify=no", "always verified"),
    ],
)
def test_what_no_receiver_has_is_refused(url: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        receivers.kind_of(url)


def test_the_kind_is_how_the_url_begins() -> None:
    assert receivers.kind_of("JSONS://example.com/x") == "jsons"
    assert receivers.kind_of("ntfy://topic") == "ntfy"
