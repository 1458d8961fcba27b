"""Packets of collectd and posts of Prometheus are read as they are meant, and anything else is refused."""

from __future__ import annotations

import math
import struct
import tracemalloc
from collections.abc import Callable

import hypothesis
import pytest
from hypothesis import strategies as st

from mistserver.domain.errors import InvalidInput, NotSignedIn
from mistserver.monitoring import collectd_json, collectd_network, remote_write, snappy
from mistserver.monitoring.samples import Kind
from tests.support import packets
from tests.support.packets import ABSOLUTE, COUNTER, DERIVE, GAUGE

NOW = 1_795_420_800
USER, PASSWORD = "machine-1", "s3cret é"
GATE, FULL = 2000, 100_000

LOAD = packets.value_list(("load", "", "load", ""), NOW, (GAUGE, 0.5), (GAUGE, 1.5), (GAUGE, 2.5))
TRAFFIC = packets.value_list(("interface", "eth0", "if_octets", ""), NOW, (DERIVE, 2**40), (COUNTER, 7))
USERS = packets.value_list(("users", "", "users", ""), NOW, (ABSOLUTE, 3))


def lines(read: collectd_json.Read) -> list[tuple[str, Kind, int, float]]:
    found = read.batch
    return list(zip(found.names, found.kinds, found.times.tolist(), found.values.tolist(), strict=True))


@pytest.mark.parametrize("sealed", [packets.signed, packets.encrypted])
def test_a_packet_of_collectd_holds_what_was_put_in(sealed: object) -> None:
    packet = sealed(LOAD + TRAFFIC + USERS, USER, PASSWORD)  # type: ignore[operator]

    assert collectd_network.user_of(packet) == USER
    assert lines(collectd_network.read(packet, PASSWORD, NOW)) == [
        ("load.shortterm", Kind.GAUGE, NOW, 0.5),
        ("load.midterm", Kind.GAUGE, NOW, 1.5),
        ("load.longterm", Kind.GAUGE, NOW, 2.5),
        ("interface.eth0.if_octets.rx", Kind.COUNTER, NOW, float(2**40)),
        ("interface.eth0.if_octets.tx", Kind.COUNTER, NOW, 7.0),
        ("users", Kind.GAUGE, NOW, 3.0),
    ]


@pytest.mark.parametrize("sealed", [packets.signed, packets.encrypted])
def test_a_packet_with_another_password_or_changed_on_the_way_is_not_taken(sealed: object) -> None:
    packet = sealed(LOAD, USER, PASSWORD)  # type: ignore[operator]
    with pytest.raises(NotSignedIn):
        collectd_network.read(packet, "another", NOW)
    with pytest.raises(NotSignedIn):
        collectd_network.read(packet[:-1] + bytes([packet[-1] ^ 1]), PASSWORD, NOW)


def test_a_packet_that_is_neither_signed_nor_encrypted_is_not_taken() -> None:
    with pytest.raises(NotSignedIn):
        collectd_network.user_of(LOAD)


def test_absurd_values_and_times_of_a_packet_are_counted() -> None:
    content = (
        packets.value_list(("a", "", "a", ""), NOW, (GAUGE, math.nan))
        + packets.value_list(("b", "", "b", ""), NOW + 10, (GAUGE, 1.0))
        + packets.value_list(("c", "", "c", ""), 0, (GAUGE, 1.0))
    )
    read = collectd_network.read(packets.encrypted(content, USER, PASSWORD), PASSWORD, NOW)
    assert (len(read.batch), read.unfit, read.ahead) == (0, 2, 1)


def test_a_post_of_prometheus_holds_what_was_put_in() -> None:
    body = remote_write.written(
        [
            ({"__name__": "node_load1", "job": "node"}, [(NOW, 0.5)]),
            ({"__name__": "node_cpu_seconds_total", "mode": "idle", "cpu": "0"}, [(NOW - 15, 7.0), (NOW, 8.0)]),
        ]
    )
    assert lines(remote_write.read(body, NOW)) == [
        ("node_load1.job=node", Kind.GAUGE, NOW, 0.5),
        ("node_cpu_seconds_total.cpu=0.mode=idle", Kind.COUNTER, NOW - 15, 7.0),
        ("node_cpu_seconds_total.cpu=0.mode=idle", Kind.COUNTER, NOW, 8.0),
    ]


def test_the_stale_marker_and_the_future_of_prometheus_are_counted() -> None:
    (stale,) = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))
    body = remote_write.written([({"__name__": "up"}, [(NOW, stale), (NOW + 1, 1.0)]), ({"job": "x"}, [(NOW, 1.0)])])
    read = remote_write.read(body, NOW)
    assert (len(read.batch), read.unfit, read.ahead) == (0, 2, 1)


def test_series_whose_long_names_begin_alike_stay_apart() -> None:
    body = remote_write.written([({"__name__": "x", "path": "a" * 300 + end}, [(NOW, 1.0)]) for end in "bc"])
    first, second = remote_write.read(body, NOW).batch.names
    assert first != second
    assert len(first) == len(second) == 255


@pytest.mark.parametrize(
    ("packed", "plain"),
    [
        (b"\x00", b""),
        (b"\x05\x10hello", b"hello"),
        (b"\x0a\x10hello\x05\x05", b"hellohello"),  # a copy with one byte of offset
        (b"\x0a\x00a\x22\x01\x00", b"a" * 10),  # that overlaps itself
        (b"\x0a\x10hello\x12\x05\x00", b"hellohello"),  # with two bytes of offset
        (b"\x0a\x10hello\x13\x05\x00\x00\x00", b"hellohello"),  # with four
        (b"\x3d\xf0\x3c" + b"x" * 61, b"x" * 61),  # a literal with its length behind it
    ],
)
def test_every_kind_of_element_of_snappy_is_unpacked(packed: bytes, plain: bytes) -> None:
    assert snappy.unpacked(packed, 1000) == plain


def test_a_body_that_would_unpack_to_too_much_is_refused_before_it_is() -> None:
    with pytest.raises(InvalidInput, match="more than"):
        snappy.unpacked(b"\xff\xff\xff\xff\x0f\x00a", 1000)


@hypothesis.given(st.binary(max_size=200_000))
@hypothesis.settings(max_examples=50, deadline=None)
def test_what_is_packed_is_unpacked_to_the_same(data: bytes) -> None:
    assert snappy.unpacked(snappy.packed(data), 300_000) == data


# damage to what is right goes deeper than noise does
BODY = remote_write.written([({"__name__": "node_load1", "job": "node"}, [(NOW, 0.5), (NOW + 1, 1.0)])])
PLAIN = snappy.unpacked(BODY, 1000)
CONTENT = LOAD + TRAFFIC + USERS
JSON = (
    b'[{"values":[1,2.5,null],"dstypes":["gauge","derive","counter"],"dsnames":["a","b","c"],"time":1795420800.123,'
    b'"interval":10,"host":"h","plugin":"load","plugin_instance":"","type":"load","type_instance":""}]'
)


def noise(around: bytes) -> st.SearchStrategy[bytes]:
    """Anything, and `around` with some of it cut, repeated or changed."""
    place = st.integers(0, len(around))
    changed = st.tuples(place, place, st.binary(max_size=12))
    some = st.lists(changed, min_size=1, max_size=4).map(lambda changes: _changed(around, changes))
    return st.one_of(st.binary(max_size=300), some)


def _changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for first, last, put in changes:
        data = data[:first] + put + data[last:]
    return data[:2000]


def refuses(read: object, *given: object) -> None:
    """It reads, or says that it cannot; nothing else."""
    try:
        found = read(*given)  # type: ignore[operator]
    except (InvalidInput, NotSignedIn):
        return
    if isinstance(found, collectd_json.Read):
        assert len(found.batch) + found.unfit + found.ahead <= collectd_json.MOST_VALUES
        assert all(math.isfinite(value) for value in found.batch.values.tolist())
        assert all(0 < len(name) <= 255 and name.isprintable() for name in found.batch.names)


def network(content: bytes) -> object:
    packet = packets.encrypted(content, USER, PASSWORD)
    return collectd_network.read(packet, PASSWORD, NOW)


def raw(packet: bytes) -> object:
    collectd_network.user_of(packet)
    return collectd_network.read(packet, PASSWORD, NOW)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cases", [GATE, pytest.param(FULL, marks=pytest.mark.full)])
@pytest.mark.parametrize(
    ("read", "around"),
    [
        pytest.param(lambda data: collectd_json.read(data, NOW), JSON, id="write_http"),
        pytest.param(network, CONTENT, id="network, behind the signature"),
        pytest.param(raw, packets.signed(CONTENT, USER, PASSWORD), id="network, signed"),
        pytest.param(raw, packets.encrypted(CONTENT, USER, PASSWORD), id="network, encrypted"),
        pytest.param(lambda data: remote_write.read(snappy.packed(data), NOW), PLAIN, id="remote write, unpacked"),
        pytest.param(lambda data: remote_write.read(data, NOW), BODY, id="remote write"),
    ],
)
def test_no_input_breaks_a_parser(read: object, around: bytes, cases: int) -> None:
    """In rounds: a case costs hypothesis more the more it has seen."""

    @hypothesis.given(noise(around))
    @hypothesis.settings(max_examples=GATE, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
    def fuzz(data: bytes) -> None:
        refuses(read, data)

    for _ in range(cases // GATE):
        fuzz()


def post_of_prometheus(name: str) -> bytes:
    return remote_write.written([({"__name__": name, "job": name[::-1]}, [(NOW, 1.0)])])


def post_of_collectd(name: str) -> bytes:
    return JSON.replace(b'"type_instance":""', b'"type_instance":"%s"' % name.encode())


def packet_of_collectd(name: str) -> bytes:
    return packets.encrypted(packets.value_list(("p", name, "t", ""), NOW, (GAUGE, 1.0)), USER, PASSWORD)


@pytest.mark.parametrize(
    ("read", "sent"),
    [
        pytest.param(lambda data: collectd_json.read(data, NOW), post_of_collectd, id="write_http"),
        pytest.param(raw, packet_of_collectd, id="network"),
        pytest.param(lambda data: remote_write.read(data, NOW), post_of_prometheus, id="remote write"),
    ],
)
def test_names_without_end_are_not_kept_in_memory(read: object, sent: Callable[[str], bytes]) -> None:
    bodies = [sent(f"{n}" * 5000) for n in range(1000, 1400)]
    refuses(read, bodies[0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for body in bodies:
            refuses(read, body)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < sum(map(len, bodies)) / 10
