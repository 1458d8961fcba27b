"""Real collectd, from a distribution's real packages, in a container: from nothing to data, and gone again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.monitoring.conftest import named, told
from tests.integration.monitoring.test_agentless import disabled, enabled, points
from tests.lab.waiting import eventually
from tests.support.front import Front

pytestmark = [pytest.mark.packages, pytest.mark.timeout(900)]

LEFT_BEHIND = ("/var/lib/apt/", "/var/cache/", "/var/log/", "/var/lib/dpkg/", "/etc/ld.so.cache", "/tmp/")


def files(container: Any) -> list[str]:
    found = told(container, "find / -xdev -path /proc -prune -o -path /sys -prune -o -path /dev -prune -o -print")
    return [path for path in found if not path.startswith(LEFT_BEHIND)]


def packages(container: Any) -> list[str]:
    return told(container, "dpkg-query -W -f '${Package} ${db:Status-Abbrev} ${Version}\\n'")


def series(front: Front, machine_id: str) -> set[str]:
    items = front.done("GET", f"/machines/{machine_id}/metrics")["items"]
    return {item["id"] for item in items if item.get("newest_at") and ".total." not in item["id"]}


def test_from_nothing_to_data_and_back(front: Front, debian: Any) -> None:
    machine = named(front, "debian")
    before, had = files(debian), packages(debian)

    result = enabled(front, machine, agent=True, interval_s=1)

    assert result["way"] == "agent"
    assert "installing collectd with apt-get" in result["said"]
    for metric in ("cpu.percent.idle", "memory.free", "load.shortterm", "users", "interface.lo.if_octets.rx"):
        eventually(lambda metric=metric: points(front, machine, metric))
    sent = series(front, machine)
    disabled(front, machine)
    assert packages(debian) == had
    assert files(debian) == before
    # a first process that is no init system leaves those that ended as zombies
    states = told(debian, "sed -n 's/^.*(collectd) \\([A-Z]\\).*/\\1/p' /proc/[0-9]*/stat 2>/dev/null; true")
    assert set(states) <= {"Z"}

    # without the agent the same names come
    enabled(front, machine, agent=False, interval_s=1)
    eventually(lambda: points(front, machine, "cpu.percent.idle"))
    sampled = series(front, machine)
    assert {"load.shortterm", "memory.used", "users"} <= sampled
    # interfaces of this machine come and go with other tests, and collectd is told to leave an overlay out
    comparable = {name for name in sampled if not name.startswith(("interface.", "df.root.", "disk."))}
    assert comparable - sent == set()
    assert {name for name in sampled if name.startswith("interface.lo.")} <= sent
    disabled(front, machine)


def test_what_the_machine_had_stays(front: Front, debian: Any) -> None:
    machine = named(front, "debian")
    told(debian, "apt-get update -qq && apt-get install -y -qq --no-install-recommends libyajl2 >/dev/null 2>&1")
    had = packages(debian)

    enabled(front, machine, agent=True, interval_s=1)
    disabled(front, machine)

    assert any(line.startswith("libyajl2 ii") for line in packages(debian))
    assert packages(debian) == had


def test_what_others_need_by_now_stays(front: Front, debian: Any) -> None:
    machine = named(front, "debian")
    enabled(front, machine, agent=True, interval_s=1)
    told(debian, "apt-get install -y -qq --no-install-recommends collectd >/dev/null 2>&1")

    disabled(front, machine)

    assert any(line.startswith("collectd-core ii") for line in packages(debian))
    assert any(line.startswith("collectd ii") for line in packages(debian))
    assert not [path for path in files(debian) if "mist" in path]
