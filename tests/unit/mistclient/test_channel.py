from __future__ import annotations

import pytest

from mistclient.channel import STDERR, STDOUT, Channel
from mistclient.errors import HostKeyChanged, MachineLost, ServiceUnreachable
from tests.support.channel_stub import Far, machine


def test_a_command_gives_both_streams_and_its_exit_code() -> None:
    def script(far: Far) -> None:
        assert far.hear_all() == b"input"
        far.say(1, b"out")
        far.say(2, b"err")
        far.control(exit_code=7)

    with machine(script) as web, Channel(web, "command", command="x") as channel:
        channel.write(b"input")
        channel.end_input()
        heard = [(frame.kind, frame.data) for frame in channel if frame.data]

        assert heard == [(STDOUT, b"out"), (STDERR, b"err")]
        assert channel.exit_code == 7


def test_the_end_by_a_signal_is_255() -> None:
    with machine(lambda far: far.control(exit_code=None)) as web, Channel(web, "command") as channel:
        list(channel)
        assert channel.exit_code == 255


def test_an_error_of_the_machine_is_raised() -> None:
    def script(far: Far) -> None:
        far.control(error={"code": "host_key_changed", "message": "Another key.", "details": {}})

    with machine(script) as web, Channel(web, "command") as channel, pytest.raises(HostKeyChanged, match="Another key"):
        list(channel)


def test_an_end_without_an_exit_code_is_a_loss() -> None:
    half = machine(lambda far: far.say(1, b"half"))
    with half as web, Channel(web, "get") as channel, pytest.raises(MachineLost):
        list(channel)


def test_resizing_is_told() -> None:
    heard = []

    def script(far: Far) -> None:
        heard.append(far.hear())
        far.control(exit_code=0)

    with machine(script) as web, Channel(web, "terminal") as channel:
        channel.resize(100, 30)
        list(channel)

    assert heard == [(3, {"resize": {"cols": 100, "rows": 30}})]


def test_a_service_that_opens_no_channel_is_named() -> None:
    with machine(lambda far: None) as web:
        web.client.transport.uri = "http://127.0.0.1:9"
        with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:9 did not open a channel to web"):
            Channel(web, "terminal")
