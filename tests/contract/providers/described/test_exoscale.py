"""Every request that the provider sends is one that Exoscale describes and signs; so is every answer of the stand-in.

The description and the signature are the vendor's: they come in the packages exoscale and requests-exoscale-auth.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain.machine import MachineSpec
from mistserver.providers.base import Account
from mistserver.providers.exoscale import Exoscale
from mistserver.providers.exoscale.api import authorization
from mistserver.providers.exoscale.reading import STATES
from tests.lab.clouds.exoscale import API_KEY, DEBIAN, SECRET, SMALL, ExoscaleCloud
from tests.lab.openapi import OpenApi, packaged
from tests.lab.stand_in import Reply, Request

GROUPS = "50000000-0000-4000-8000-000000000001, 50000000-0000-4000-8000-000000000002"
WHOLE = MachineSpec(
    name="web",
    mark="7oDk2Lw-0",
    image=DEBIAN,
    size="standard.tiny",
    location="Frankfurt",
    public_key="ssh-ed25519 AAAA me",
    key_name="my key",
    user_data="#!/bin/sh\necho",
    tags=("blue", "env=prod"),
    extra={"disk_gb": 20, "ipv6": False, "security_group_ids": GROUPS, "anti_affinity_group_ids": GROUPS},
)


class _Watched(ExoscaleCloud):
    """Keeps what it answered."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: list[tuple[Request, Any]] = []

    def reply(self, request: Request) -> Reply:
        reply = super().reply(request)
        if reply.status == 200:
            self.answered.append((request, json.loads(reply.encoded()[0])))
        return reply


@pytest.fixture(scope="module")
def description() -> OpenApi:
    return OpenApi(packaged("exoscale", "openapi.json"), "/v2")


@pytest.fixture
def walked() -> Iterator[_Watched]:
    """The zone after everything that the provider can ask for."""
    with _Watched() as cloud:
        settings = Exoscale.read_settings({"api_key": API_KEY, "api_secret": SECRET})
        provider = Exoscale(Account(settings=settings, region="de-fra-1", endpoint=f"{cloud.url}/v2"))
        provider.open()
        provider.check()
        for search in (None, "all"):
            provider.list_images(search)
        provider.list_sizes()
        provider.list_networks()
        id = provider.create(WHOLE).external_id
        provider.create(replace(WHOLE, mark="m2", extra={}, public_key=None))
        provider.reboot(id)
        provider.stop(id)
        provider.resize(id, SMALL)
        provider.start(id)
        provider.add_tag(id, "team=web")
        provider.remove_tag(id, "blue")
        provider.list_machines()
        provider.destroy(id)
        provider.close()
        yield cloud


def test_requests_and_answers_are_described(walked: _Watched, description: OpenApi) -> None:
    wrong = {f"{each.method} {each.path}": description.faults_of_request(each) for each in walked.seen}
    assert {asked: faults for asked, faults in wrong.items() if faults} == {}
    untrue = {f"{each.method} {each.path}": description.faults_of_answer(each, body) for each, body in walked.answered}
    assert {asked: faults for asked, faults in untrue.items() if faults} == {}
    assert {each.method for each in walked.seen} == {"GET", "POST", "PUT", "DELETE"}


def test_what_is_not_described_is_a_fault(walked: _Watched, description: OpenApi) -> None:
    """So that the test above can fail."""
    (order, *_) = walked.asked("POST", "/v2/instance")
    bodies = [{**order.json, "tags": []}, {**order.json, "disk-size": 1}, {"name": "web"}]
    for body in bodies:
        request = Request("POST", order.path, {}, {}, {}, json.dumps(body).encode())
        assert description.faults_of_request(request)
    assert description.faults_of_request(Request("GET", "/v2/machine", {}, {}, {}, b""))
    assert description.faults_of_request(Request("GET", "/v2/template", {"visibility": "all"}, {}, {}, b""))
    assert description.faults_of_request(Request("GET", "/v2/instance/7", {}, {}, {}, b""))


def test_every_state_is_known(description: OpenApi) -> None:
    assert set(description.enum("instance-state")) == set(STATES)


def test_every_zone_is_offered(description: OpenApi) -> None:
    assert description.enum("zone-name") == [region.id for region in Exoscale.regions]


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [("GET", "", b""), ("GET", "visibility=public&family=a%20b", b""), ("POST", "", b'{"name":"\xc3\xa9"}')],
)
def test_the_signature_is_the_vendors(method: str, query: str, body: bytes) -> None:
    theirs: Any = pytest.importorskip("exoscale_auth", reason="requests-exoscale-auth is not installed: make install")
    import requests

    url = "https://api-de-fra-1.exoscale.com/v2/template" + (f"?{query}" if query else "")
    request = requests.Request(method, url, data=body or None).prepare()
    theirs.ExoscaleV2Auth(API_KEY, SECRET)._sign_request(request, 1_800_000_000)
    params = {"visibility": "public", "family": "a b"} if query else {}
    ours = authorization(API_KEY, SECRET, (method, "/v2/template", params, body), 1_800_000_000)
    assert request.headers["Authorization"] == ours
