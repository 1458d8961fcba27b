"""What collectd posts, as samples."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistserver.domain.errors import InvalidInput
from mistserver.monitoring.collectd_json import read
from mistserver.monitoring.names import metric_id, title
from mistserver.monitoring.samples import Kind

NOW = 1_795_420_325


def value_list(**given: Any) -> dict[str, Any]:
    return {
        "values": [1.5],
        "dstypes": ["gauge"],
        "dsnames": ["value"],
        "time": NOW + 0.785,
        "interval": 10.0,
        "host": "lab",
        "plugin": "users",
        "plugin_instance": "",
        "type": "users",
        "type_instance": "",
        **given,
    }


def post(*lists: dict[str, Any]) -> bytes:
    return json.dumps(lists).encode()


def test_a_value_list_is_samples_with_their_names() -> None:
    octets = value_list(
        values=[10, 20],
        dstypes=["derive", "derive"],
        dsnames=["rx", "tx"],
        plugin="interface",
        plugin_instance="eth0.1",
    ) | {"type": "if_octets"}
    found = read(post(value_list(), octets), NOW)

    assert found.batch.names == ("users", "interface.eth0_1.if_octets.rx", "interface.eth0_1.if_octets.tx")
    assert found.batch.kinds == (Kind.GAUGE, Kind.COUNTER, Kind.COUNTER)
    assert found.batch.times.tolist() == [NOW] * 3
    assert found.batch.values.tolist() == [1.5, 10.0, 20.0]


def test_what_is_no_number_or_of_the_future_is_counted_and_left_out() -> None:
    lists = [
        value_list(values=[None]),
        value_list(values=[1e301]),
        value_list(time=-1),
        value_list(time=NOW + 5),
        value_list(type="kept"),
    ]

    found = read(post(*lists), NOW)

    assert (found.batch.names, found.unfit, found.ahead) == (("users.kept",), 3, 1)


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'[{"values": "x"}]', b"\xff", b"[" * 5000])
def test_something_else_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput, match="write_http"):
        read(body, NOW)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=500, deadline=None)
def test_nothing_that_comes_is_more_than_refused(body: bytes) -> None:
    try:
        read(body, NOW)
    except InvalidInput:
        return


@given(st.lists(st.text(max_size=40), max_size=6))
def test_ids_have_nothing_hidden(parts: list[str]) -> None:
    id = metric_id(*parts)
    assert id.isprintable()
    assert len(id) <= 255
    assert ".." not in id


def test_names_are_joined_as_people_know_them() -> None:
    assert metric_id("load", "", "load", "", "shortterm") == "load.shortterm"
    assert metric_id("cpu", "0", "cpu", "idle", "") == "cpu.0.cpu.idle"
    assert metric_id("mist.python", "my metric", "gauge") == "mist_python.my_metric.gauge"
    assert title("load.shortterm") == "Load shortterm"


def test_custom_metrics_are_named_by_their_id_alone() -> None:
    told = read(
        post(
            value_list(plugin="mist.python", plugin_instance="python", type="derive", dstypes=["derive"]),
            value_list(plugin="mist.python", plugin_instance="a..b", type="gauge"),
        ),
        NOW + 300,
    )
    assert told.batch.names == ("mist.python.python", "mist.python.a__b")
    assert told.troubles == ()


def test_what_is_wrong_with_a_custom_metric_is_no_sample() -> None:
    wrong = value_list(plugin="mist.python", plugin_instance="later", type="gauge", values=[None])
    told = read(post({**wrong, "meta": {"trouble": "OSError:\n" + "x" * 900, "version": "7"}}), NOW + 300)
    (trouble,) = told.troubles
    assert (len(told.batch), told.unfit) == (0, 0)
    assert (trouble.plugin_id, trouble.version, trouble.trouble[:9]) == ("later", "7", "OSError: ")
    assert len(trouble.trouble) == 500
    # of another plugin it is no trouble, and without it the value is unfit
    assert read(post({**wrong, "plugin": "users", "meta": {"trouble": "x"}}), NOW + 300).troubles == ()
    assert read(post({**wrong, "meta": {"network:received": True}}), NOW + 300).unfit == 1
