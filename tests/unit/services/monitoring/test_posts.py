"""The intake of one machine over a stream, as its tunnel leads to it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import cast

import pytest

from mistserver.domain.errors import Unavailable
from mistserver.services.monitoring import posts, take
from mistserver.ssh.session import Feed
from tests.support.watching import Watch
from tests.unit.services.monitoring.test_take import PASSWORD, body, given, names, sample


class Stream:
    """Stands where the forwarded stream stands: gives pieces, and keeps what was answered."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.answered = b""

    async def read(self) -> tuple[str, bytes] | None:
        piece = next(self._pieces, None)
        return None if piece is None else ("stdout", piece)

    async def write(self, data: bytes) -> None:
        self.answered += data

    @property
    def codes(self) -> list[int]:
        lines = [line for line in self.answered.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        return [int(line.split()[1]) for line in lines]


def request(content: bytes, *headers: str, first: str = f"POST {posts.PATH} HTTP/1.1") -> bytes:
    lines = [first, "Host: mist", *headers]
    if not any(header.lower().startswith("content-length") for header in headers):
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def signed(machine: str, password: str = PASSWORD) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{machine}:{password}'.encode()).decode()}"


async def answered(watch: Watch, machine: str, *pieces: bytes) -> Stream:
    stream = Stream(pieces)
    await posts.serve(watch.ctx, machine, cast(Feed, stream))
    return stream


async def test_one_post_after_the_other_is_taken_however_it_is_cut(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))
    first = request(body(sample(1.0)), signed(machine))
    second = request(body(sample(2.0, plugin="load", type="load")), signed(machine))

    stream = await answered(watch, machine, *(first[n : n + 1] for n in range(len(first))), second[:40], second[40:])

    assert stream.codes == [204, 204]
    assert await names(watch, machine) == ["load", "users"]


async def test_collectd_is_asked_for_its_password_and_told_to_go_on(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))
    content = body(sample())
    whole = request(content, "Expect: 100-continue", signed(machine))

    stream = await answered(watch, machine, request(content), whole[: -len(content)], content)

    assert stream.codes == [401, 100, 204]
    assert b'WWW-Authenticate: Basic realm="Mist"' in stream.answered


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer x",
        "Authorization: Basic ???",
        "Authorization: Basic bm9jb2xvbg==",
        "Authorization: Basic",
    ],
)
async def test_what_is_no_password_is_refused(watch: Watch, header: str) -> None:
    machine = await given(watch, watch.machine("db"))

    assert (await answered(watch, machine, request(body(sample()), header))).codes == [401]
    assert await names(watch, machine) == []


async def test_another_machine_is_not_heard_at_this_port(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))
    other = await given(watch, watch.machine("web"))

    assert (await answered(watch, other, request(body(sample()), signed(machine)))).codes == [401]
    assert await names(watch, machine) == await names(watch, other) == []


@pytest.mark.parametrize(
    "first",
    [f"GET {posts.PATH} HTTP/1.1", "POST /api/v1/machines HTTP/1.1", f"POST {posts.PATH}/../machines HTTP/1.1"],
)
async def test_nothing_else_of_the_service_is_there(watch: Watch, first: str) -> None:
    machine = await given(watch, watch.machine("db"))

    assert (await answered(watch, machine, request(b"[]", signed(machine), first=first))).codes == [404]


@pytest.mark.parametrize(
    "content",
    [
        b"\x16\x03\x01\x02\x00",
        b"nonsense\r\n\r\n",
        request(b"", f"X-Long: {'x' * 20_000}"),
        request(b"[]", "Content-Length: -1"),
        request(b"zz\r\n", "Transfer-Encoding: chunked", "Content-Length: 4"),
    ],
)
async def test_what_is_no_request_ends_the_stream(watch: Watch, content: bytes) -> None:
    machine = await given(watch, watch.machine("db"))
    good = request(body(sample()), signed(machine))

    stream = await answered(watch, machine, good, content, good)

    assert stream.codes == [204]


async def test_too_long_a_post_ends_the_stream(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))
    most = watch.ctx.settings.body_limit_bytes
    pieces = [request(b"", signed(machine), f"Content-Length: {most + 2}"), *(b"x" * 65536,) * (most // 65536 + 1)]

    assert (await answered(watch, machine, *pieces)).codes == []


async def test_the_next_post_is_taken_after_one_that_was_wrong_or_could_not_be_kept(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = await given(watch, watch.machine("db"))
    good, keep, tries = request(body(sample()), signed(machine)), take.keep, iter([True, False])

    async def full_disk(*args: object) -> None:
        if next(tries):
            raise Unavailable("The disk is full.")
        await keep(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(take, "keep", full_disk)
    stream = await answered(watch, machine, request(b"{", signed(machine)), good, good)

    assert stream.codes == [400, 503, 204]
    assert await names(watch, machine) == ["users"]
