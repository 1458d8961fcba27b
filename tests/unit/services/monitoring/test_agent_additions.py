"""What an agent is given besides: whose files failed, and which of its plugins are loaded on wish."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from mistserver.domain.errors import NotSupported
from mistserver.domain.monitoring import Metric, Monitoring, Plugin
from mistserver.services.monitoring import loading, shown, take
from mistserver.services.monitoring.loading import AddMetric
from mistserver.services.monitoring.plugins import add, deployed, sampled
from mistserver.services.monitoring.plugins.add import AddPlugin
from mistserver.store import monitoring, plugins
from mistserver.store.plugins import StoredPlugin
from tests.support.watching import START, Watch

HAS = (
    "cpu",
    "users",
    "ping",
    "contextswitch",
    "write_http",
    "csv",
    "python",
    "exec",
    "../x",
    "match_value",
    "mdevents",
)


def with_agent(watch: Watch, *loads: str) -> str:
    machine = watch.machine("db")
    watch.small.write(monitoring.put, watch.account, Monitoring(machine_id=machine, way="agent", enabled_at=START), "0")
    watch.small.write(monitoring.collectd_has, machine, HAS)
    watch.small.write(monitoring.collectd_loads, machine, loads)
    return machine


def with_file(watch: Watch, machine: str, id: str = "later") -> StoredPlugin:
    plugin = Plugin(
        id=id,
        machine_id=machine,
        name=id.title(),
        metric_id=f"mist.python.{id}",
        unit="",
        value_type="gauge",
        changed_at=START,
    )
    secret = watch.ctx.vault.seal(b"def read(): return 1", sampled.purpose(machine, id))
    stored = StoredPlugin(plugin, watch.account, secret)
    watch.small.write(plugins.put, stored)
    return stored


def said(version: str, **given: Any) -> bytes:
    value_list = {
        "values": [None],
        "dstypes": ["gauge"],
        "dsnames": ["value"],
        "time": START.timestamp(),
        "plugin": "mist.python",
        "plugin_instance": "later",
        "type": "gauge",
        "meta": {"trouble": "OSError: gone (line 2)", "version": version},
        **given,
    }
    return json.dumps([value_list]).encode()


async def test_a_file_that_an_agent_stopped_is_in_trouble_once(watch: Watch) -> None:
    machine = with_agent(watch)
    stored = with_file(watch, machine)
    with_file(watch, machine, "other")
    version = deployed.version(stored.plugin)

    await take.keep_collectd(watch.ctx, machine, said("1"))
    await take.keep_collectd(watch.ctx, machine, said(version, plugin_instance="unknown"))
    assert {each.plugin.trouble for each in watch.small.read(plugins.of_machine, machine)} == {None}
    for _ in range(3):
        await take.keep_collectd(watch.ctx, machine, said(version))

    kept = {each.plugin.id: each.plugin.trouble for each in watch.small.read(plugins.of_machine, machine)}
    assert kept == {"later": "OSError: gone (line 2)", "other": None}
    (event,) = watch.small.events("plugin.failed")
    assert (event.subject_id, event.details["plugin_id"]) == (machine, "later")
    # it is not put there again with the others
    found = await shown.require_enabled(watch.ctx, watch.small.actor, machine)
    assert [each.plugin.id for each in (await deployed.known(watch.ctx, found)).files] == ["other"]


async def test_another_machine_cannot_say_so(watch: Watch) -> None:
    stored = with_file(watch, with_agent(watch))

    await take.keep_collectd(watch.ctx, watch.machine("web"), said(deployed.version(stored.plugin)))

    assert watch.small.events("plugin.failed") == []


async def test_files_replace_each_other_by_their_id(watch: Watch) -> None:
    machine = with_agent(watch, "ping")
    stored = with_file(watch, machine)
    found = await shown.require_enabled(watch.ctx, watch.small.actor, machine)
    wanted = await deployed.known(watch.ctx, found)

    newer = StoredPlugin(replace(stored.plugin, name="Newer"), stored.account_id, stored.secret)

    assert wanted.loads == ("ping",)
    assert [each.plugin.name for each in wanted.with_file(newer).files] == ["Newer"]
    assert wanted.without_file("later").files == ()
    assert wanted.loading(["ping", "users", "ping"]).loads == ("ping", "users")


async def test_a_machine_that_sends_by_itself_refuses_files_and_says_why(watch: Watch) -> None:
    machine = watch.machine("db")

    with pytest.raises(NotSupported, match=r"sends its metrics by itself \(--no-ssh\), and Mist changes nothing there"):
        await add.submit(watch.ctx, watch.small.actor, machine, AddPlugin(name="x", code="def read(): return 1"))


async def test_plugins_that_measure_are_offered(watch: Watch) -> None:
    machine, actor = with_agent(watch, "ping"), watch.small.actor

    offered = [each for each in await shown.list_all(watch.ctx, actor, machine) if each.loadable]

    assert [(each.id, each.name) for each in offered] == [("contextswitch", "Contextswitch (not loaded)")]
    assert loading.offered(None) == []
    assert loading.offered(Monitoring(machine_id="m", way="by_hand", enabled_at=START, collectd_has=HAS)) == []
    await watch.send("db", 3.0, "contextswitch")
    assert [each.id for each in await shown.list_all(watch.ctx, actor, machine) if each.loadable] == ["contextswitch"]


async def test_a_plugin_stays_loaded_while_one_of_its_metrics_is_shown(watch: Watch) -> None:
    machine, actor = with_agent(watch, "ping"), watch.small.actor
    for metric in ("ping.ping.a", "ping.ping.b"):
        await watch.send("db", 3.0, metric)
        assert isinstance(await shown.add(watch.ctx, actor, machine, metric, AddMetric()), Metric)

    assert await shown.remove(watch.ctx, actor, machine, "ping.ping.a") is None
    assert [loading.is_of(each, "ping") for each in ("ping", "ping.a", "pingx", "x.ping")] == [True, True, False, False]
