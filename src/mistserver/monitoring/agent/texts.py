"""What is sent to a machine to put the agent there or to take it away, and its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

FOLDER = "/opt/mist-collectd"
# what a machine tells of itself; the pattern of the documentation without the ping to a foreign address
PLUGINS = ("cpu", "df", "disk", "entropy", "interface", "load", "memory", "processes", "swap", "uptime", "users")
_READ_THREADS = 5  # that collectd has by itself
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


_PARTS = MappingProxyType(
    {
        "look": ("look",),
        "install": ("collectd", "packages", "install"),
        "change": ("collectd", "packages", "change"),
        "remove": ("collectd", "remove"),
        "list": ("list",),
    }
)
_TOLD = "plugins: "


@cache
def script(name: str) -> str:
    """`look`, `install`, `change` or `remove`: a POSIX shell script. `list` may follow the second and the third."""
    return "".join((files(__package__) / f"{part}.sh").read_text() for part in _PARTS[name])


def told(said: str) -> tuple[str, tuple[str, ...]]:
    """What a script said, and the plugins that collectd has there when it ended with `list`."""
    before, mark, names = said.rpartition(_TOLD)
    return (before.strip(), tuple(names.split())) if mark else (said.strip(), ())


def additions(added: Sequence[str], files: int) -> str:
    """The end of the configuration: plugins that were added there, and how many files make custom metrics."""
    lines = [f"LoadPlugin {plugin}" for plugin in added]
    if files:
        lines.append(f"""\
# a file's call may take its time, and nothing else shall wait for it
ReadThreads {_READ_THREADS + files}
<LoadPlugin python>
  Globals true
</LoadPlugin>
<Plugin python>
  ModulePath "{FOLDER}/python"
  LogTraces true
  Interactive false
  Import "mist_collectd"
</Plugin>""")
    return "\n".join(lines)


def by_hand(target: Target) -> str:
    """What a person pastes into a root shell to do the same; it holds the machine's password."""
    here = "MIST_END"
    return (
        f"DIR={FOLDER} sh -c \"$(cat <<'{here}'\n{script('install')}{here}\n)\" <<'{here}'\n"
        f"{configuration(target)}{here}\n"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
