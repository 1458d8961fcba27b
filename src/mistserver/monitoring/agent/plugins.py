"""Which of collectd's plugins a machine can be asked to load: those that measure something.

https://www.collectd.org/documentation/manpages/collectd.conf.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mistserver.monitoring.agent.texts import PLUGINS

# they write, log, listen, filter, run other programs, or are loaded anyway
_OTHERS = re.compile(
    r"(write|log|notify|match|target)_.*|.*events?|logfile|syslog|csv|rrdtool|rrdcached|network|unixsock|amqp1?|grpc|mqtt"
    r"|threshold|aggregation|check_uptime|perl|python|java|lua|exec|email|statsd|snmp_agent|uuid|capabilities|pinba"
)
_NAME = re.compile(r"[a-z0-9_]{1,64}")


def loadable(there: Sequence[str], loads: Sequence[str]) -> list[str]:
    """Of the plugins that are there those that measure and are not loaded, by name. The names come from the machine."""
    loaded = {*PLUGINS, *loads}
    named = {name for name in there if _NAME.fullmatch(name) and not _OTHERS.fullmatch(name)}
    return sorted(named - loaded)
