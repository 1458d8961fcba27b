"""What the sampler shows, as the series that collectd would send."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistserver.domain.errors import MistError
from mistserver.monitoring.samples import Kind
from mistserver.monitoring.sampling import text
from mistserver.monitoring.sampling.frames import MOST_BYTES, Frame, Frames
from mistserver.monitoring.sampling.linux import Reader
from mistserver.ssh.script import converse

HOST = """\
==> /proc/stat <==
cpu  100 0 50 800 50 0 0 0 0 0
cpu0 100 0 50 800 50 0 0 0 0 0
processes 4711

==> /proc/meminfo <==
MemTotal:        1000 kB
MemFree:          300 kB
Buffers:           50 kB
Cached:           200 kB
SwapCached:        10 kB
SwapTotal:        100 kB
SwapFree:          60 kB
SReclaimable:      40 kB
SUnreclaim:        10 kB

==> /proc/loadavg <==
0.50 1.25 2.00 2/350 4242

==> /proc/uptime <==
4321.17 8000.00

==> /proc/net/dev <==
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0
eth0:1:   7 1 0 0 0 0 0 0 8 2 0 0 0 0 0 0

==> /proc/diskstats <==
   8       0 sda 10 1 20 30 40 2 60 70 3 90 110
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0

==> /proc/vmstat <==
pswpin 5
pswpout 6

==> /proc/sys/kernel/random/entropy_avail <==
256

==> processes <==
SSIRDZT?
==> users <==
2

==> filesystems <==
Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda1              100      60        30      67% /
/dev/sdb               200      50       150      25% /var/lib data
/dev/sda1              100      60        30      67% /again

==> end <==
"""
LATER = HOST.replace("cpu  100 0 50 800 50", "cpu  130 0 60 850 60")
GROUP = """\
==> /proc/stat <==
cpu  1 1 1 1
cpu0 1 1 1 1
cpu1 1 1 1 1
processes 1

==> /proc/meminfo <==
MemTotal:        1000 kB

==> /proc/uptime <==
{uptime} 0.0

==> /proc/1/stat <==
1 (a) b) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 90000 1 1

==> /proc/diskstats <==
   8       0 sda 10 1 20 30 40 2 60 70 3 90 110

{group}
==> inside <==

==> processes <==
S
==> end <==
"""
VERSION_2 = """\
==> /sys/fs/cgroup/cpu.stat <==
usage_usec {usage}
user_usec {user}
system_usec {system}

==> /sys/fs/cgroup/cpu.max <==
{quota} 100000

==> /sys/fs/cgroup/memory.current <==
500000

==> /sys/fs/cgroup/memory.max <==
600000

==> /sys/fs/cgroup/memory.stat <==
anon 300000
file 200000

==> /sys/fs/cgroup/io.stat <==
8:0 rbytes=4096 wbytes=8192 rios=1 wios=2
"""
VERSION_1 = """\
==> /sys/fs/cgroup/cpuacct/cpuacct.stat <==
user {ticks}
system 0

==> /sys/fs/cgroup/cpu/cpu.cfs_quota_us <==
-1

==> /sys/fs/cgroup/memory/memory.usage_in_bytes <==
500000

==> /sys/fs/cgroup/memory/memory.limit_in_bytes <==
9223372036854771712

==> /sys/fs/cgroup/memory/memory.stat <==
cache 200000

==> /sys/fs/cgroup/blkio/blkio.throttle.io_service_bytes <==
8:0 Read 4096
8:0 Write 8192
8:0 Total 12288
Total 12288
"""


def frame(said: str) -> Frame:
    (found,) = Frames().feed(said.encode())
    return found


def values(reader: Reader, said: str) -> dict[str, float]:
    return {name: value for name, _, value in reader.lines(frame(said))}


def test_a_host_s_files_are_collectd_s_series() -> None:
    reader = Reader()
    first, second = values(reader, HOST), values(reader, LATER)
    assert not any(name.startswith("cpu.") for name in first)
    assert second["cpu.percent.user"] == pytest.approx(30.0)
    assert second["cpu.percent.system"] == pytest.approx(10.0)
    assert second["cpu.percent.idle"] == pytest.approx(50.0)
    assert second["cpu.percent.wait"] == pytest.approx(10.0)
    assert second["memory.used"] == 400 * 1024
    assert (second["memory.slab_recl"], second["memory.slab_unrecl"]) == (40 * 1024, 10 * 1024)
    assert (second["swap.used"], second["swap.free"], second["swap.swap_io.out"]) == (30 * 1024, 60 * 1024, 6.0)
    assert (second["load.shortterm"], second["load.midterm"], second["load.longterm"]) == (0.5, 1.25, 2.0)
    assert (second["uptime"], second["users"], second["entropy"]) == (4321.0, 2.0, 256.0)
    assert second["interface.eth0.if_octets.tx"] == 2000.0
    assert second["interface.eth0.if_dropped.tx"] == 4.0
    assert second["interface.eth0:1.if_octets.rx"] == 7.0
    assert (second["disk.sda.disk_octets.read"], second["disk.sda.disk_octets.write"]) == (20 * 512, 60 * 512)
    assert (second["disk.sda.disk_time.write"], second["disk.sda.disk_io_time.io_time"]) == (70.0, 90.0)
    assert "disk.loop0.disk_octets.read" not in second
    assert second["df.root.df_complex.reserved"] == 10 * 1024
    assert second["df.var-lib_data.df_complex.free"] == 150 * 1024
    assert not any("again" in name for name in second)
    states = {name.rpartition(".")[2]: value for name, value in second.items() if "ps_state" in name}
    assert states == {"running": 1, "sleeping": 3, "blocked": 1, "zombies": 1, "stopped": 1, "paging": 0}


def test_counters_stay_counters() -> None:
    kinds = {name: kind for name, kind, _ in Reader().lines(frame(HOST))}
    counters = {name for name, kind in kinds.items() if kind is Kind.COUNTER}
    assert {"interface.eth0.if_octets.rx", "disk.sda.disk_ops.read", "processes.fork_rate"} <= counters
    assert {"memory.used", "load.shortterm", "df.root.df_complex.used"} & counters == set()


def test_a_machine_that_began_again_shows_no_percentages_below_zero() -> None:
    reader = Reader()
    values(reader, LATER)
    assert not any(name.startswith("cpu.") for name in values(reader, HOST))


def test_a_container_is_measured_by_its_control_group() -> None:
    reader = Reader()
    begun = VERSION_2.format(usage=0, user=0, system=0, quota=50000)
    later = VERSION_2.format(usage=1250000, user=1000000, system=250000, quota=50000)
    values(reader, GROUP.format(uptime="1000.00", group=begun))
    found = values(reader, GROUP.format(uptime="1010.00", group=later))
    assert found["cpu.percent.user"] == pytest.approx(20.0)  # a second of the five that half a processor has
    assert found["cpu.percent.system"] == pytest.approx(5.0)
    assert found["cpu.percent.idle"] == pytest.approx(75.0)
    assert (found["memory.used"], found["memory.cached"], found["memory.free"]) == (300000, 200000, 100000)
    assert (found["disk.sda.disk_octets.read"], found["disk.sda.disk_octets.write"]) == (4096, 8192)
    assert found["uptime"] == 110
    assert "processes.fork_rate" not in found
    assert "swap.used" not in found


def test_a_control_group_of_version_1_is_read_too() -> None:
    reader = Reader()
    values(reader, GROUP.format(uptime="1000.00", group=VERSION_1.format(ticks=100)))
    found = values(reader, GROUP.format(uptime="1010.00", group=VERSION_1.format(ticks=1100)))
    assert found["cpu.percent.user"] == pytest.approx(50.0)  # ten seconds of twice ten
    assert found["memory.free"] == 1000 * 1024 - 500000
    assert found["disk.sda.disk_octets.write"] == 8192


def test_frames_come_in_any_pieces_and_after_any_greeting() -> None:
    frames, found = Frames(), []
    for byte in ("Welcome!\n" + HOST + HOST).encode():
        found += frames.feed(bytes([byte]))
    assert found == [frame(HOST)] * 2


def test_a_frame_without_an_end_is_given_up() -> None:
    frames = Frames()
    frames.feed(b"x" * MOST_BYTES)
    with pytest.raises(MistError, match="bytes"):
        frames.feed(b"x")


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_every_shell_answers_line_by_line_and_ends_with_its_input(shell: str) -> None:
    script = converse(text.on_asking())
    line = script.line.replace("/bin/sh", shell).replace("exec ", "", 1)
    done = subprocess.run(
        ["sh", "-c", line], input=script.payload + b"\n\n", capture_output=True, timeout=60, check=False
    )
    found = Frames().feed(done.stdout)
    assert len(found) == 2, done.stderr
    reader = Reader()
    reader.lines(found[0])
    names = {name for name, _, _ in reader.lines(found[1])}
    assert {"memory.free", "load.shortterm", "interface.lo.if_octets.rx", "df.root.df_complex.free"} <= names


def test_a_shell_left_alone_ends_by_itself() -> None:
    done = subprocess.run(["sh", "-c", text.by_itself(2, 0)], capture_output=True, timeout=60, check=True)
    assert len(Frames().feed(done.stdout)) == 2


_USED = VERSION_2.format(usage=1, user=1, system=1, quota=1) + VERSION_1.format(ticks=1)
_SECTION = st.sampled_from([*frame(HOST), *frame(GROUP.format(uptime="1", group=_USED))])
_TEXT = st.text(st.sampled_from("0123456789.-: \n/kBcpuMemTotal=maxrbytesé\0einfnan"), max_size=200)


@given(st.lists(st.dictionaries(_SECTION, _TEXT, max_size=12), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_whatever_a_machine_says_is_survived(said: list[Frame]) -> None:
    reader = Reader()
    for each in said:
        for name, _, value in reader.lines({**frame(HOST), **each}):
            assert name
            assert abs(value) < float("inf")


@given(st.lists(st.binary(max_size=100), max_size=20))
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_come_are_cut(pieces: list[bytes]) -> None:
    frames = Frames()
    for piece in pieces:
        frames.feed(piece)
