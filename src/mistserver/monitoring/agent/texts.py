"""What is sent to a machine to put the agent there or to take it away, and its configuration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FOLDER = "/opt/mist-collectd"
# what a machine tells of itself; the pattern of the documentation without the ping to a foreign address
PLUGINS = ("cpu", "df", "disk", "entropy", "interface", "load", "memory", "processes", "swap", "uptime", "users")
_LEFT_OUT = ("tmpfs", "devtmpfs", "overlay", "squashfs", "proc", "sysfs", "nsfs", "rootfs")


@dataclass(frozen=True)
class Target:
    """Where the agent posts, as whom, and how often."""

    url: str
    user: str
    password: str
    interval_s: int = 10


def configuration(target: Target) -> str:
    """collectd.conf. Counters are sent as they are, and everything at each interval."""
    loaded = "\n".join(f"LoadPlugin {plugin}" for plugin in PLUGINS)
    left_out = "\n".join(f'  FSType "{kind}"' for kind in _LEFT_OUT)
    return f"""\
Hostname {_quoted(target.user)}
FQDNLookup false
Interval {target.interval_s}
BaseDir "{FOLDER}/data"
PIDFile "{FOLDER}/pid"
WriteQueueLimitHigh 100000
WriteQueueLimitLow 100000
LoadPlugin logfile
<Plugin logfile>
  LogLevel warning
  File "{FOLDER}/log"
  Timestamp true
</Plugin>
{loaded}
<Plugin cpu>
  ReportByCpu false
  ReportByState true
  ValuesPercentage true
</Plugin>
<Plugin df>
  IgnoreSelected true
  ReportInodes false
{left_out}
</Plugin>
<LoadPlugin write_http>
  FlushInterval {target.interval_s}
</LoadPlugin>
<Plugin write_http>
  <Node "mist">
    URL {_quoted(target.url)}
    User {_quoted(target.user)}
    Password {_quoted(target.password)}
    Format "JSON"
    StoreRates false
    Timeout 15000
  </Node>
</Plugin>
"""


@cache
def script(name: str) -> str:
    """`look`, `install` or `remove`: a POSIX shell script."""
    return (files(__package__) / f"{name}.sh").read_text()


def by_hand(target: Target) -> str:
    """What a person pastes into a root shell to do the same; it holds the machine's password."""
    here = "MIST_END"
    return (
        f"DIR={FOLDER} sh -c \"$(cat <<'{here}'\n{script('install')}{here}\n)\" <<'{here}'\n"
        f"{configuration(target)}{here}\n"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
