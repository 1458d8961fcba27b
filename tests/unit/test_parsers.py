"""Whatever others wrote (machines, clouds, clients, people): it is understood, or refused with an error of ours."""

from __future__ import annotations

import json
import math
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mistclient.config import Config
from mistserver.domain.errors import InvalidInput, MachineError, MistError, ProviderBadAnswer
from mistserver.domain.machine import MachineReading, MachineSpec
from mistserver.domain.names import visible
from mistserver.domain.page import MAX_SEQ, decode_cursor, encode_cursor
from mistserver.providers import registry
from mistserver.providers.docker import create as docker_create
from mistserver.providers.docker import machines as docker_machines
from mistserver.providers.docker.address import DockerAddress, address
from mistserver.providers.ec2 import machines as ec2_machines
from mistserver.providers.http_errors import understood
from mistserver.services.machines import frames, probe_text
from mistserver.ssh.keys import generate, parse_private
from mistserver.store.readings import prepare

bounded = settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
jsons: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def tried(kind: type[MistError], work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` answers, or its refusal of this kind; every other error is a fault."""
    try:
        return work(*arguments)
    except kind as refusal:
        return refusal


PROBE = {
    "uptime": "3600.25 7000.00",
    "now": "1767225600",
    "load": "0.50 0.25 0.10 1/100 4242",
    "cores": "4",
    "users": "2",
    "disks": "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 2000 500 1500 25% /",
    "kernel": "Linux 6.1.0",
    "distribution": "PRETTY_NAME=Debian",
    "user": "root",
}
NUMBERS = ["nan", "inf", "-1", "1e999", "9" * 30, "9" * 5000, "", "0x10", "\u0661", "{ sec = 5, usec = 1 }"]
DISKS = ["F 1024 U A C M\n/dev/a 99999999999999999999999 1 1 1% /", "F\n\x1b[2J 1 1 1 1% /\u202e", "none"]


@given(
    st.dictionaries(st.sampled_from(sorted(PROBE)), st.text(max_size=40) | st.sampled_from(NUMBERS + DISKS)),
    st.text(max_size=20),
)
@example({"cores": "9" * 30}, "")
@example({"load": "nan inf -inf"}, "")
@example({"uptime": "nan"}, "")
@bounded
def test_what_a_machine_answers_a_probe(changed: dict[str, str], before: str) -> None:
    parts = PROBE | changed
    answer = before + "".join(f"\n--mark {name}\n{text}\n" for name, text in parts.items()) + "\n--mark end\n"

    facts = tried(MachineError, probe_text.read, answer, "--mark", "web1")

    if isinstance(facts, MachineError):
        assert "web1" in facts.message
        assert visible(facts.message) == facts.message
        return
    assert all(math.isfinite(number) for number in (facts.uptime_s, *facts.load))
    assert msgspec.json.decode(msgspec.json.encode(facts), type=probe_text.Facts)
    said = f"{facts.kernel}{facts.distribution}{facts.user}"
    assert visible(said) == said


Shape = type[tuple[str, str]] | type[tuple[int]] | type[tuple[datetime, str]]
raw_cursors = (
    st.text(max_size=60)
    | st.binary(max_size=40).map(lambda raw: urlsafe_b64encode(raw).decode())
    | jsons.map(lambda value: urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("="))
)


@given(raw_cursors, st.sampled_from([tuple[str, str], tuple[int], tuple[datetime, str], tuple[str, str, str]]))
@example(urlsafe_b64encode(b'["\xff","a"]').decode(), tuple[str, str])
@example(urlsafe_b64encode(b"[9223372036854775808]").decode(), tuple[int])
@example(urlsafe_b64encode(b"[" * 9000).decode(), tuple[int])
@bounded
def test_a_cursor(cursor: str, shape: Shape) -> None:
    key = tried(InvalidInput, decode_cursor, cursor, shape)

    if isinstance(key, InvalidInput):
        assert key.facts == {"field": "cursor"}
        return
    assert decode_cursor(encode_cursor(*key), shape) == key
    assert all(abs(part) <= MAX_SEQ for part in key if isinstance(part, int))


@given(st.binary(max_size=60) | jsons.map(lambda value: b"\3" + json.dumps(value).encode()))
@example(b"\3{\xff}")
@example(b"\3" + b'{"a":' * 5000)
@example(b'\3{"resize":{"cols":1e308,"rows":-5}}')
@example(b'\3{"resize":[1,2]}')
@bounded
def test_a_frame_of_a_channel(frame: bytes) -> None:
    try:
        content = frames.content(frame)
        size = frames.size(content) if isinstance(content, dict) else None
    except InvalidInput:
        return
    assert isinstance(content, bytes | dict)
    assert size is None or all(1 <= cells <= frames.MOST_CELLS for cells in size)


@given(st.binary(max_size=200) | st.text("[]=#; \n\r\x0b\x1c\u2028ab@.\x00", max_size=80).map(str.encode))
@example(b"[mist.credentials]\nemail = a@example.com\npassword = a=b#c[d]\n")
@bounded
def test_the_file_of_a_user_is_read_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ".mist"
    path.write_bytes(content)

    config = Config.read(path)
    assert (config.uri, config.email, config.password, config.ca_file)[0]
    before = {name: dict(section) for name, section in config.sections.items() if section}
    config.keep_token("http://service", "me@example.com", "mist_token")
    again = Config.read(path)

    assert again.token("http://service") == "mist_token" or config.email != "me@example.com"
    assert again.sections["mist.tokens"]["http://service me@example.com"] == "mist_token"
    for name, section in before.items():
        assert {**section, **again.sections[name]} == again.sections[name]
    assert path.stat().st_mode & 0o777 == 0o600


HERE = DockerAddress("http", "127.0.0.1", 2375)
CONTAINER = {
    "Id": "0" * 64, "Names": ["/web1"], "State": "running", "Image": "debian", "Created": 1_700_000_000,
    "Command": "sh", "Status": "Up", "Labels": {"a": "b"},
    "Ports": [{"PublicPort": 1, "PrivatePort": 22, "Type": "tcp", "IP": "::"}],
    "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "10.0.0.2"}}},
}  # fmt: skip
INSTANCE = {
    "InstanceId": "i-1", "State": {"Name": "running"}, "Tags": [{"Key": "Name", "Value": "web1"}], "ImageId": "ami-1",
    "Placement": {"AvailabilityZone": "a"}, "NetworkInterfaces": [{"PrivateIpAddresses": [{"PrivateIpAddress": "1"}]}],
    "SecurityGroups": [{"GroupName": "g"}], "StateReason": {"Message": "m"}, "LaunchTime": datetime(2026, 1, 1),
}  # fmt: skip


def docker_reading(answer: Any) -> MachineReading:
    return docker_machines.reading(answer, HERE)


@pytest.mark.parametrize(("read", "whole"), [(docker_reading, CONTAINER), (ec2_machines.reading, INSTANCE)])
@given(data=st.data())
@bounded
def test_a_machine_as_a_cloud_shows_it(
    read: Callable[[Any], MachineReading], whole: dict[str, Any], data: st.DataObject
) -> None:
    answer = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(whole, jsons)).map(lambda some: whole | some))

    try:
        with understood("the cloud"):
            rows = prepare([read(answer)])
    except ProviderBadAnswer:
        return
    assert [msgspec.json.decode(row.reading)["name"] != "" for row in rows] == [True]
    assert "\\u0000" not in rows[0].reading


@given(st.dictionaries(st.sampled_from(["command", "entrypoint", "environment", "ports", "volumes", "x"]), jsons))
@example({"ports": [[1]]})
@example({"ports": {"22": "9" * 5000}})
@bounded
def test_what_only_docker_takes(extra: dict[str, Any]) -> None:
    spec = MachineSpec(name="web1", image="debian", mark="m", extra=extra)

    told = tried(InvalidInput, docker_create.check_spec, spec)

    assert told is None or told.message


@given(st.text(max_size=80) | st.sampled_from(["tcp://[::1", "ssh://$(x)@h", "http://a:b:c", "[::1]:99999", "a:b"]))
@bounded
def test_the_address_of_a_docker_host(given_host: str) -> None:
    files = dict.fromkeys(("key_file", "cert_file", "ca_file"))
    try:
        where = address(SimpleNamespace(docker_host=given_host, docker_port=4243, **files))
    except InvalidInput:
        return
    assert not where.host.startswith("-")


@given(st.text(max_size=300), st.none() | st.text(max_size=300))
@bounded
def test_a_provider_and_a_region(provider: str, region: str | None) -> None:
    found = tried(InvalidInput, registry.resolve, provider, region)

    assert found.message.isascii() if isinstance(found, InvalidInput) else found[0]


PRIVATE = generate().private_openssh
KINDS = st.sampled_from(["OPENSSH ", "RSA ", "EC ", "DSA ", "", "ENCRYPTED ", "PUBLIC "])


@given(KINDS, st.binary(max_size=200), st.none() | st.text(max_size=10))
@bounded
def test_a_private_key_of_noise(kind: str, noise: bytes, passphrase: str | None) -> None:
    body = b64encode(noise).decode()
    _read_key(f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----\n", passphrase)


@example(11, b"(", 0)
@example(11, b"(A+)+", 8)
@given(st.integers(0, len(PRIVATE) - 1), st.binary(min_size=1, max_size=4), st.integers(0, 4))
@bounded
def test_a_private_key_with_a_fault(at: int, noise: bytes, cut: int) -> None:
    _read_key((PRIVATE[:at] + noise + PRIVATE[at + cut :]).decode("latin-1"), None)


@given(st.text(max_size=200), st.none() | st.text(max_size=10))
@bounded
def test_any_text_as_a_private_key(text: str, passphrase: str | None) -> None:
    _read_key(text, passphrase)


def _read_key(text: str, passphrase: str | None) -> None:
    key = tried(InvalidInput, parse_private, text, passphrase)

    if isinstance(key, InvalidInput):
        assert key.facts["field"] in ("private", "passphrase")
    else:
        assert key.private_openssh.startswith(b"-----BEGIN OPENSSH PRIVATE KEY")
