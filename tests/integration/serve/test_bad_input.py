"""A clumsy and a hostile user of a running service: one clear refusal each, and nothing is kept of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mistserver.domain.page import encode_cursor
from tests.lab.docker import DockerHost
from tests.lab.faults import silence, web_page
from tests.lab.moto import Ec2Service
from tests.lab.sshd import Sshd, key_pair
from tests.support import hostile
from tests.support.front import EC2, PASSPHRASE, TIMEOUT_S, WRONG, Front, docker


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"provider": "nothing", "settings": {}}, 400, "no provider 'nothing'; there are bare_metal, "),
        ({"provider": hostile.ENDLESS, "settings": {}}, 400, "no provider 'yyy"),
        ({"provider": "\x1b[31m", "settings": {}}, 400, r"'\x1b[31m'"),
        ({"provider": "ec2", "settings": {}}, 400, "needs a region (--region)"),
        ({**EC2, "region": "mars"}, 400, "no region 'mars'; it has ec2_ap_northeast"),
        ({**docker(), "region": "mars"}, 400, "leave --region out"),
        ({"provider": "rackspace", "region": "lon", "settings": {}}, 400, "needs username (--rackspace-username)"),
        ({"provider": "localhost", "settings": {}}, 501, "--manage-this-host"),
        ({**EC2, "settings": {}}, 400, "needs api_key (--ec2-api-key)"),
        ({**EC2, "settings": {"api_key": 5, "api_secret": []}}, 400, "(--ec2-api-secret) has to be text"),
        ({**EC2, "settings": {"api_key": "a", "api_secret": f"{WRONG}\x00"}}, 400, "control character"),
        ({**EC2, "settings": {"api_key": "a", "api_secret": "b" * 70_000}}, 400, "longer than 64 KiB"),
        ({**EC2, "settings": {"api_key": "a", "api_secret": "b", "x\x1b": "c"}}, 400, "it takes api_key, api_secret"),
        ({**EC2, "endpoint": "ftp://cloud"}, 400, "(--endpoint) is no URL"),
        ({**EC2, "endpoint": f"http://$(touch {hostile.CANARY})"}, 400, "(--endpoint) is no URL"),
        ({**EC2, "endpoint": "http://a..b"}, 400, "(--endpoint) is no URL"),
        ({**EC2, "endpoint": "http://127.0.0.1:99999"}, 400, "(--endpoint) is no URL"),
        ({**EC2, "endpoint": f"http://me:{WRONG}@127.0.0.1"}, 400, "they belong into settings"),
        ({**EC2, "ca_pem": "not PEM"}, 400, "(--ca-file) holds no certificate"),
        ({**EC2, "name": "\x1b[31m"}, 400, "name of the backend holds a control"),
        (docker("-oProxyCommand=reboot"), 400, "'-oProxyCommand=reboot' is not the name or address"),
        (docker(f"$(touch {hostile.CANARY})"), 400, "is not the name or address of a Docker host"),
        (docker("x" * 4096), 400, "is not the name or address of a Docker host"),
        (docker(port=70_000), 400, "a port (1 to 65535)"),
        (docker("/nonexistent.sock"), 501, "--manage-this-host"),
        (docker("no-such-host.invalid"), 502, "cannot be resolved"),
        (docker(), 502, "http://127.0.0.1:1 refused the connection; is the service there running?"),
        ({**docker(), "jump_host": {"host": "$(x)", "user": "a", "port": 22, "key": "lab"}}, 400, "host name"),
        ({**docker(), "jump_host": {"host": "h", "user": "a", "port": 22, "key": "none"}}, 404, "no key called 'none'"),
        ({"provider": "bare_metal", "settings": {"machine_ip": "h", "machine_key": "none"}}, 404, "key called 'none'"),
        ({"provider": "bare_metal", "settings": {"machine_ip": "-oX", "machine_key": "lab"}}, 400, "'-oX'"),
    ],
)  # fmt: skip
def test_a_backend_that_cannot_be(front: Front, body: dict[str, Any], status: int, says: str) -> None:
    with front.unchanged():
        answer = front.refused("POST", "/backends", body)

    assert answer[0] == status, answer
    assert says in answer[2], answer


def test_credentials_that_ec2_refuses(front: Front, ec2_cloud: Ec2Service) -> None:
    for settings in ({"api_key": ec2_cloud.api_key, "api_secret": WRONG}, {"api_key": "AKIA", "api_secret": WRONG}):
        with front.unchanged():
            answer = front.refused("POST", "/backends", {**EC2, "settings": settings, "endpoint": ec2_cloud.endpoint})

        assert answer[:2] == (422, "provider_auth_failed")
        assert "EC2 does not accept the keys" in answer[2]


def test_docker_without_the_client_certificate_it_asks_for(front: Front, docker_engine: DockerHost) -> None:
    bare = docker(port=docker_engine.tls_port, ca_file=docker_engine.ca_pem)
    plain = docker(port=docker_engine.tls_port)
    nonsense = docker(port=docker_engine.tls_port, ca_file="nonsense", cert_file="x", key_file="y")

    with front.unchanged():
        answers = [front.refused("POST", "/backends", body) for body in (bare, plain, nonsense)]

    assert [answer[0] for answer in answers] == [422, 502, 400]
    assert "asks for a client certificate" in answers[0][2]
    assert "speaks TLS; give its certificates (--docker-ca-file" in answers[1][2]


def test_an_ssh_server_that_does_not_know_the_key(front: Front, door: Sshd) -> None:
    settings = {"machine_ip": door.host, "machine_port": door.port, "machine_user": door.user, "machine_key": "other"}

    with front.unchanged():
        answer = front.refused("POST", "/backends", {"provider": "bare_metal", "settings": settings})

    assert answer[:2] == (422, "provider_auth_failed")
    assert f"accepted none of 1 key as {door.user}" in answer[2]


def test_endpoints_that_say_nothing_or_show_a_page(front: Front) -> None:
    ssh = {"machine_ip": "127.0.0.1", "machine_user": "root", "machine_key": "lab"}
    with silence() as silent, web_page() as page, front.unchanged(), ThreadPoolExecutor() as at_once:
        bodies = [
            {**EC2, "endpoint": f"http://127.0.0.1:{silent}"},
            docker(port=silent),
            {"provider": "bare_metal", "settings": {**ssh, "machine_port": silent}},
            {**EC2, "endpoint": f"http://127.0.0.1:{page}"},
            docker(port=page),
        ]
        answers = list(at_once.map(lambda body: front.refused("POST", "/backends", body), bodies))
    late, wrong = answers[:3], answers[3:]

    assert [answer[:2] for answer in late] == [(504, "provider_timeout")] * 3
    assert all(f" {TIMEOUT_S - 1} s" in text or f" {TIMEOUT_S} s" in text for _, _, text in late), late
    assert [answer[:2] for answer in wrong] == [(502, "provider_bad_answer")] * 2
    assert all(f"http://127.0.0.1:{page}" in text for _, _, text in wrong)


def locked(form: serialization.PrivateFormat) -> str:
    lock = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    return Ed25519PrivateKey.generate().private_bytes(serialization.Encoding.PEM, form, lock).decode()


OPENSSH, PKCS8 = serialization.PrivateFormat.OpenSSH, serialization.PrivateFormat.PKCS8
ARMOUR = "-----BEGIN {0} PRIVATE KEY-----\n{1}\n-----END {0} PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "Give either a private key or `generate`"),
        ({"private": "", "generate": {}}, "Give either a private key or `generate`"),
        ({"private": ""}, "not a private key that can be read"),
        ({"private": "garbage \x00"}, "not a private key that can be read"),
        ({"private": key_pair().private[:200]}, "not a private key that can be read"),
        ({"private": ARMOUR.format("RSA", "AAAA")}, "not a private key that can be read"),
        ({"private": ARMOUR.format("(A+)+", "AAAA")}, "not a private key that can be read"),
        ({"private": "x" * 100_000}, "at most 65536 characters"),
        ({"private": key_pair().public}, "This is a public key; the private half is needed"),
        ({"private": locked(OPENSSH)}, "protected: give its passphrase"),
        ({"private": locked(PKCS8)}, "protected: give its passphrase"),
        ({"private": locked(OPENSSH), "passphrase": WRONG}, "passphrase does not open this key"),
        ({"private": locked(PKCS8), "passphrase": WRONG}, "passphrase does not open this key"),
        ({"generate": {"algorithm": "dsa"}}, "Invalid enum value 'dsa'"),
    ],
)
def test_a_key_that_is_none(front: Front, body: dict[str, Any], says: str) -> None:
    with front.unchanged():
        answer = front.refused("POST", "/keys", {"name": "never", **body})

    assert answer[:2] == (400, "invalid_input")
    assert says in answer[2]


def test_what_exists_already_is_named(front: Front, door: Sshd, ec2_cloud: Ec2Service) -> None:
    settings = {"machine_ip": door.host, "machine_port": door.port, "machine_user": door.user, "machine_key": "lab"}
    bare = {"provider": "bare_metal", "settings": settings}
    access = {"api_key": ec2_cloud.api_key, "api_secret": ec2_cloud.api_secret}
    first = front.done("POST", "/backends", {**bare, "name": "first"})
    second = front.done("POST", "/backends", {**EC2, "settings": access, "endpoint": ec2_cloud.endpoint, "name": "2"})

    with front.unchanged():
        answers = [
            front.refused("POST", "/backends", {**bare, "name": "other"}),
            front.refused("PATCH", f"/backends/{second['id']}", {"name": "first"}),
            front.refused("POST", "/keys", {"name": "lab", "generate": {}}),
            front.refused("POST", "/users", {"email": "Admin@Example.com", "password": "12345678", "role": "viewer"}),
            front.refused("DELETE", f"/keys/{front.done('GET', '/keys?select=lab')['items'][0]['id']}"),
        ]
        wrong = {"settings": {**access, "api_secret": WRONG}}
        late = front.refused("PUT", f"/backends/{second['id']}/credentials", wrong)
    listed = front.done("GET", "/machines?refresh=true")

    assert [answer[0] for answer in answers] == [409] * 5
    for says, answer in zip(("'first'", "'first'", "'lab'", "admin@example.com", "'first'"), answers, strict=True):
        assert says in answer[2]
    assert late[:2] == (422, "provider_auth_failed")
    assert [backend["state"] for backend in listed["backends"]] == ["online"] * 2
    for backend in (first, second):
        front.done("DELETE", f"/backends/{backend['id']}")


@pytest.mark.parametrize("key", [["\x00"], ["a", "\x00"], [2**63], [-(2**70)], ["x" * 9000, "y"], [None], []])
@pytest.mark.parametrize("noun", ["keys", "machines", "backends", "jobs", "users", "tokens"])
def test_a_cursor_of_ones_own(front: Front, noun: str, key: list[Any]) -> None:
    raw = encode_cursor(*(item if not isinstance(item, int) else str(item) for item in key))
    status, _ = front.ask("GET", f"/{noun}?cursor={raw}")

    assert status in (200, 400)


@pytest.mark.parametrize(
    "path",
    [
        "/events?after=-1", f"/events?after={2**63}", f"/events?before={10**30}", f"/events/stream?after={10**30}",
        "/keys?limit=-1", f"/keys?limit={10**30}", "/machines?state=%1b", "/machines?search=%00", "/jobs?state=done",
        f"/keys?cursor={quote('W///')}", "/keys?cursor=WyL_Il0", "/machines?refresh=perhaps",
    ],
)  # fmt: skip
def test_a_query_that_cannot_be(front: Front, path: str) -> None:
    assert front.refused("GET", path)[:2] == (400, "invalid_input")
