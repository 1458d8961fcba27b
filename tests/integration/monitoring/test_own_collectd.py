"""A machine's own collectd, which Mist neither put there nor changes: its plugin network sends encrypted packets."""

from __future__ import annotations

import pytest

from tests.integration.monitoring.conftest import told
from tests.integration.monitoring.test_intake import machine, points, refused, taking, udp_port
from tests.lab.debian import plain
from tests.lab.docker import DockerHost
from tests.lab.waiting import eventually
from tests.support.front import Front

__all__ = ["machine", "taking", "udp_port"]  # fixtures

pytestmark = [pytest.mark.packages, pytest.mark.timeout(600)]

CONFIGURATION = """\
Hostname "a-name-of-its-own"
FQDNLookup false
Interval 1
LoadPlugin load
LoadPlugin interface
LoadPlugin users
"""
INSTALL = (
    "apt-get update -qq && apt-get install -y -qq --no-install-recommends collectd-core libgcrypt20 >/dev/null 2>&1"
)


def test_its_encrypted_packets_are_taken(taking: Front, machine: str, docker_engine: DockerHost) -> None:
    text: str = taking.done("POST", f"/machines/{machine}/monitoring/collectd-network")["configuration"]
    with plain(docker_engine, "own") as container:
        told(container, INSTALL)
        told(container, f"cat > /etc/collectd/collectd.conf <<'END'\n{CONFIGURATION}{text}END\ncollectd")

        for metric in ("load.shortterm", "interface.lo.if_octets.rx", "users"):
            assert all(value >= 0 for value in eventually(lambda metric=metric: points(taking, machine, metric)[2:]))
        assert not refused(taking).get("packets_not_signed")

        # with another password nothing more is taken of it
        told(container, "sed -i 's/Password \"/Password \"x/' /etc/collectd/collectd.conf")
        told(
            container,
            "kill $(cat /var/run/collectd.pid); while [ -e /var/run/collectd.pid ]; do sleep 0.2; done; collectd",
        )
        eventually(lambda: refused(taking).get("packets_not_signed", 0) > 1)
