"""Ways in which a server that nothing but SSH leads to goes wrong, and the error that each has to become.

Silence, a port where nothing listens and a name that cannot be resolved are in test_faults.py, wrong credentials in
test_life.py. Of the faults of a vendor's service, some are others here: for a certificate of an unknown authority
there is a host key that is not the remembered one, for a page in place of JSON what is no greeting, for half an answer
what ends within the handshake or the command, for a wait that is asked for (a server cannot say how long) the
connection that a busy server ends at once. The rest has no place: there is no quota, unknown image or sold-out size
where nothing is created.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mistserver.domain import errors
from mistserver.domain.machine import MachineState
from tests.contract.providers.rig import Rig
from tests.lab.faults import PAGE, Cutter, saying, silence, web_page
from tests.lab.sshd import key_pair, sshd

pytestmark = pytest.mark.needs("ssh")
GREETING = b"SSH-2.0-Lab\r\n"


def test_a_web_server_never_greets(rig: Rig) -> None:
    with (
        web_page() as port,
        pytest.raises(errors.ProviderTimeout, match="no SSH greeting"),
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (b"Exceeded MaxStartups\r\n", "closed the connection before the SSH greeting, saying 'Exceeded MaxStartups'"),
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + PAGE, "does not speak SSH"),
        (PAGE * 100, "does not speak SSH"),
        (GREETING[:8], "handshake"),
        (GREETING, "handshake"),
        (GREETING + PAGE, "handshake"),
    ],
    ids=["too busy", "http", "a page", "half a greeting", "a greeting", "a greeting and a page"],
)
def test_what_does_not_shake_hands_is_unreachable(rig: Rig, words: bytes, told: str) -> None:
    with (
        saying(words) as port,
        pytest.raises(errors.ProviderUnreachable, match=told) as caught,
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)
    assert f"127.0.0.1:{port}" in caught.value.message
    assert caught.value.retryable


def test_silence_after_the_greeting_ends_in_a_time_out(rig: Rig) -> None:
    with (
        saying(GREETING, hangs_up=False) as port,
        pytest.raises(errors.ProviderTimeout, match="did not finish the login"),
        rig.opened(rig.at(port)) as provider,
    ):
        rig.read(provider)


def test_a_handshake_that_is_cut_off_is_unreachable(rig: Rig) -> None:
    with (
        Cutter(rig.dial(), b"SSH-2.0-") as cutter,
        pytest.raises(errors.ProviderUnreachable, match="handshake"),
        rig.opened(rig.patiently(cutter.port)) as provider,
    ):
        rig.read(provider)
    assert cutter.cuts


def test_another_host_key_than_the_remembered_one_is_refused(rig: Rig) -> None:
    with rig.server() as server:
        rig.remember(server, key_pair().public)
        with pytest.raises(errors.HostKeyChanged) as caught, rig.opened(rig.patiently(server.port)) as provider:
            rig.read(provider)
    assert caught.value.facts["shown"] not in caught.value.facts["known"]


def test_a_command_that_does_not_end_ends_in_a_time_out(rig: Rig) -> None:
    with (
        rig.server(ForceCommand="cat >/dev/null") as server,
        pytest.raises(errors.ProviderTimeout, match="in time"),
        rig.opened(replace(rig.patiently(server.port), timeout_s=1.0)) as provider,
    ):
        rig.read(provider)


def test_a_connection_that_breaks_under_a_command_is_unreachable(rig: Rig) -> None:
    with (
        rig.server(ForceCommand="kill -9 $PPID") as server,
        pytest.raises(errors.ProviderUnreachable, match="broke"),
        rig.opened(rig.patiently(server.port)) as provider,
    ):
        rig.read(provider)


def test_a_jump_host_leads_to_it(rig: Rig) -> None:
    with rig.server() as jump, rig.server() as server, rig.opened(rig.through(jump.port, server.port)) as provider:
        rig.read(provider)
        assert [each.state for each in provider.list_machines()] == [MachineState.RUNNING]


def test_a_jump_host_that_is_down_is_named(rig: Rig) -> None:
    with silence() as down, rig.server() as server:
        account = rig.through(down, server.port)
    with rig.opened(account) as provider:
        with pytest.raises(errors.ProviderUnreachable, match=f"127.0.0.1:{down} cannot be reached"):
            rig.read(provider)
        assert [each.state for each in provider.list_machines()] == [MachineState.UNKNOWN]


def test_a_jump_host_that_refuses_the_key_is_named(rig: Rig) -> None:
    with (
        sshd() as jump,
        pytest.raises(errors.ProviderAuthFailed, match=f"127.0.0.1:{jump.port} "),
        rig.opened(rig.through(jump.port, 22)) as provider,
    ):
        rig.read(provider)


def test_a_server_that_its_jump_host_cannot_reach_is_named(rig: Rig) -> None:
    with silence() as down:
        pass
    told = f"127.0.0.1:{down} cannot be reached .the jump host says"
    with rig.server() as jump, rig.opened(rig.through(jump.port, down)) as provider:
        with pytest.raises(errors.ProviderUnreachable, match=told):
            rig.read(provider)
        assert [each.state for each in provider.list_machines()] == [MachineState.UNKNOWN]
