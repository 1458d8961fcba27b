"""A stream that was opened with a session ends with it, and with its user."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.service import PASSWORD, Service

LONGEST_S = 30


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("streams") / "data").start()
    yield running
    assert running.stop() == 0


@contextmanager
def following(service: Service, token: str) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=LONGEST_S)
    try:
        connection.request("GET", "/api/v1/events/stream?after=0", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.readline()  # it tells what there was
        yield answer
        answer.close()
    finally:
        connection.close()


def test_streams_end_with_the_right_to_read_them(service: Service) -> None:
    admin = service.sign_in()
    person = {"email": "v@example.com", "password": PASSWORD, "role": "viewer"}
    user = service.request("POST", "/users", person, admin)[1]
    made = service.request("POST", "/tokens", {"name": "t"}, admin)[1]
    theirs = service.sign_in("v@example.com")

    with following(service, theirs) as of_user, following(service, made["token"]) as of_token:
        assert service.request("DELETE", f"/tokens/{made['id']}", token=admin)[0] == 204
        assert service.request("DELETE", f"/users/{user['id']}", token=admin)[0] == 204
        for answer in (of_user, of_token):
            answer.read()  # until the service ends it; a stream that went on would run into the time-out
    assert service.request("GET", "/me", token=admin)[0] == 200
