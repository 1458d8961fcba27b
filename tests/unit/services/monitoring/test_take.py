"""Taking what machines send: whose it is, and what becomes of posts that are partly or wholly wrong."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mistserver.domain.errors import InvalidInput, NotSignedIn
from mistserver.domain.monitoring import Monitoring
from mistserver.services.accounts.issue import hash_of
from mistserver.services.monitoring import take
from mistserver.store import monitoring
from tests.support.watching import START, Watch

PASSWORD = "mist_machine"
SECOND = int(START.timestamp())


def sample(value: Any = 1.0, **changed: Any) -> dict[str, Any]:
    fields = {
        "values": [value],
        "dstypes": ["gauge"],
        "dsnames": ["value"],
        "time": float(SECOND),
        "interval": 10.0,
        "host": "db",
        "plugin": "users",
        "type": "users",
    }
    return {name: given for name, given in (fields | changed).items() if given is not None}


def body(*samples: Any) -> bytes:
    return msgspec.json.encode(list(samples))


async def given(watch: Watch, machine: str) -> str:
    record = Monitoring(machine_id=machine, way="by_hand", enabled_at=START)
    watch.small.write(monitoring.put, watch.account, record, hash_of(PASSWORD))
    return machine


async def names(watch: Watch, machine: str) -> list[str]:
    return [each.name for each in await (await watch.ctx.metrics.store()).known(machine)]


async def test_a_post_of_the_machine_s_own_is_kept(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))

    for value in (1.0, 2.0):
        await take.collectd(watch.ctx, machine, PASSWORD, body(sample(value, time=SECOND + value)))

    assert await names(watch, machine) == ["users"]
    assert sum(watch.ctx.metrics.refused.values()) == 0


@pytest.mark.parametrize("password", ["", "mist_another", "0" * 10_000, "\ud800", PASSWORD + "\0"])
async def test_another_password_keeps_nothing(watch: Watch, password: str) -> None:
    machine = await given(watch, watch.machine("db"))
    with pytest.raises(NotSignedIn):
        await take.collectd(watch.ctx, machine, password, body(sample()))
    assert await names(watch, machine) == []


async def test_a_password_is_good_for_its_own_machine_and_for_no_other(watch: Watch) -> None:
    await given(watch, watch.machine("db"))
    other = watch.machine("web")
    for machine in (other, "nothing", "", "' OR 1=1 --"):
        with pytest.raises(NotSignedIn):
            await take.collectd(watch.ctx, machine, PASSWORD, body(sample()))
    assert await names(watch, other) == []


async def test_a_machine_that_is_monitored_no_more_is_not_heard(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))
    await take.collectd(watch.ctx, machine, PASSWORD, body(sample()))
    watch.small.write(monitoring.remove, machine)
    watch.ctx.metrics.distrust(machine)

    with pytest.raises(NotSignedIn):
        await take.collectd(watch.ctx, machine, PASSWORD, body(sample(time=SECOND + 1)))


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[", b"\xff\xfe", b"[[]]", b"[1]", b'["x"]', b"[" * 100_000])
async def test_what_is_no_post_of_collectd_is_refused_whole(watch: Watch, content: bytes) -> None:
    machine = await given(watch, watch.machine("db"))
    with pytest.raises(InvalidInput):
        await take.collectd(watch.ctx, machine, PASSWORD, content)
    with pytest.raises(InvalidInput):
        await take.prometheus(watch.ctx, machine, PASSWORD, b"\xff" + content)
    assert await names(watch, machine) == []


async def test_the_rest_of_a_post_is_taken_when_some_of_it_is_unfit(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))

    await take.collectd(
        watch.ctx,
        machine,
        PASSWORD,
        body(
            sample(1.0),
            sample(None, values=[None], plugin="nan", type="nan"),
            sample(1e308, plugin="ahead", type="ahead", time=SECOND + 86400.0),
            sample(2.0, plugin="fine", type="fine"),
        ),
    )

    assert await names(watch, machine) == ["fine", "users"]
    refused = watch.ctx.metrics.refused
    assert refused.pop("ahead") == 1
    assert set(refused) <= {"unfit"}


async def test_what_comes_again_or_late_is_counted(watch: Watch) -> None:
    machine = await given(watch, watch.machine("db"))
    for second in (SECOND, SECOND, SECOND - 60):
        await take.collectd(watch.ctx, machine, PASSWORD, body(sample(time=float(second))))

    assert watch.ctx.metrics.refused == {"repeated": 1, "late": 1}
