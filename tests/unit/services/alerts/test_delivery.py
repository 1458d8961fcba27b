"""How channels are told, by real receivers on loopback and a clock that stands until it is set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mistserver.domain.alert import Message, MessageKind
from mistserver.services.alerts.wording import first_group, worded
from mistserver.store import channels, messages
from tests.lab.receivers import Webhook, webhook
from tests.support.watching import START, Watch


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def message(seq: int, kind: str, machine: str = "db", rule: str = "r") -> Message:
    return Message(
        seq=seq,
        channel_id="c",
        alert_id=machine,
        rule_id=rule,
        rule_name="too much",
        kind=MessageKind(kind),
        machine_name=machine,
        condition="load.shortterm > 5",
        value=7.25,
        at=START,
        tries=0,
    )


async def test_the_first_message_and_the_ok_come_once(watch: Watch, hook: Webhook) -> None:
    watch.machine("db")
    ops = watch.channel(url=hook.url)
    await watch.rule(machine_id=watch.machines["db"], window_s=20, name="too much")
    await watch.turn(db=7.25)
    await watch.deliver()
    assert hook.titles == []

    for _ in range(3):
        await watch.deliver(15)
    assert hook.titles == ["[Mist] ALERT: load.shortterm > 5 on db"]
    assert "db: 7.25" in hook.posts[0]["message"]
    assert "Rule: too much" in hook.posts[0]["message"]

    await watch.turn(db=1.0)
    for _ in range(3):
        await watch.deliver(15)
    assert hook.titles[1:] == ["[Mist] OK: load.shortterm > 5 on db"]
    assert watch.messages(ops) == []


async def test_a_receiver_that_is_down_gets_all_of_it_later_and_once(watch: Watch, hook: Webhook) -> None:
    for name in ("db", "web"):
        watch.machine(name, "all")
    ops = watch.channel(url=hook.url)
    await watch.rule(tag="all", window_s=20)
    hook.stop()
    await watch.turn(db=7.0, web=1.0)
    for second in range(600 // 20):
        await watch.turn(db=7.0 if second < 5 else 1.0, web=7.0 if second > 10 else 1.0)
        await watch.deliver(10)
    assert watch.small.read(channels.stored, ops).channel.trouble is not None
    assert watch.kinds(ops) == ["firing", "resolved", "firing"]

    hook.start()
    for _ in range(5):
        await watch.deliver(61)

    assert hook.titles == [
        "[Mist] ALERT: load.shortterm > 5 on 2 machines",
        "[Mist] OK: load.shortterm > 5 on db",
    ]
    assert watch.messages(ops) == []
    assert watch.small.read(channels.stored, ops).channel.trouble is None
    kinds = [event.kind for event in watch.small.events() if event.kind.startswith("alert_channel.")]
    assert kinds == ["alert_channel.recovered", "alert_channel.failing"]


async def test_a_receiver_that_is_down_holds_up_no_other(watch: Watch, hook: Webhook) -> None:
    watch.machine("db")
    watch.channel("dead", "json://127.0.0.1:1/x")
    watch.channel("ops", hook.url)
    await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)

    await watch.deliver(16)

    assert len(hook.posts) == 1


async def test_five_hundred_machines_make_one_message_for_each_channel(watch: Watch, hook: Webhook) -> None:
    names = [f"m{n:03}" for n in range(500)]
    for name in names:
        watch.machine(name, "all")
    for n, name in enumerate(("ops", "chat")):
        watch.channel(name, f"{hook.url}/{n}")
    await watch.rule(tag="all", name="too much", aggregate="any")
    await watch.turn(**dict.fromkeys(names, 1.0))

    await watch.turn(10, **dict.fromkeys(names[:300], 7.0))
    await watch.turn(10, **dict.fromkeys(names[300:], 8.0))
    for _ in range(3):
        await watch.deliver(10)

    assert hook.titles == ["[Mist] ALERT: load.shortterm > 5 on 500 machines"] * 2
    assert all(post["message"].endswith("and 480 more") for post in hook.posts)


async def test_what_nobody_took_for_a_day_is_given_up(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel(url="json://127.0.0.1:1/x")
    await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)
    await watch.deliver(16)
    assert watch.kinds(ops) == ["firing"]

    await watch.deliver(timedelta(days=1).total_seconds())

    assert watch.kinds(ops) == []
    assert watch.small.events("alert_channel.given_up")


async def test_what_waits_is_tried_ever_more_seldom(watch: Watch) -> None:
    watch.machine("db")
    ops = watch.channel(url="json://127.0.0.1:1/x")
    await watch.rule(machine_id=watch.machines["db"])
    await watch.turn(db=7.0)
    await watch.deliver(16)

    tries = []
    for _ in range(12):
        await watch.deliver(10)
        tries.append(watch.messages(ops)[0].tries)

    assert tries == [2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5]
    assert watch.small.read(messages.due_channels, watch.ctx.now()) == []


def test_what_is_alike_is_said_together_in_its_order() -> None:
    waiting = [
        message(1, "firing", "a"),
        message(2, "resolved", "a"),
        message(3, "firing", "b"),
        message(4, "firing", "c", rule="other"),
        message(5, "resolved", "b"),
        message(6, "firing", "a"),
    ]

    assert [each.seq for each in first_group(waiting)] == [1, 3]
    assert [each.seq for each in first_group(waiting[1:2] + waiting[2:])] == [2]
    assert first_group([]) == []


def test_hidden_characters_of_a_name_do_not_come_through() -> None:
    title, body = worded([message(1, "firing", "a\u202eb\nc")])

    assert title == "[Mist] ALERT: load.shortterm > 5 on a?b?c"
    assert "a?b?c: 7.25" in body
