"""The agent's scripts on fake roots whose package managers record what they are asked, and change nothing else."""

from __future__ import annotations

import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mistserver.monitoring.agent.texts import configuration
from tests.unit.monitoring.distributions import DISTRIBUTIONS, Distribution
from tests.unit.monitoring.fake_root import TARGET, FakeRoot

pytestmark = pytest.mark.usefixtures("ended")


def _named(distribution: Distribution) -> str:
    return distribution.name


def debian() -> Distribution:
    return DISTRIBUTIONS[0]


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=_named)
def test_what_each_distribution_is_asked(tmp_path: Path, distribution: Distribution, shell: str) -> None:
    root = FakeRoot(tmp_path, distribution)
    done = root.run("install", shell, configuration(TARGET))
    assert done.returncode == distribution.exit_code, done.stderr
    assert root.asked == distribution.asked
    assert root.recorded == distribution.recorded
    if distribution.exit_code:
        assert done.stderr.startswith("mist: ")
        assert not root.agent.exists()
        return
    written = root.agent / "collectd.conf"
    assert written.read_text() == configuration(TARGET)
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(root.agent.stat().st_mode) == 0o700


def test_installing_again_asks_for_no_package(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    done = root.run("install", stdin=configuration(replace(TARGET, password="other")))
    assert done.returncode == 0, done.stderr
    assert "apt" not in root.asked
    assert root.recorded == debian().recorded
    assert '"other"' in (root.agent / "collectd.conf").read_text()


def test_a_collectd_that_was_there_is_not_recorded_and_not_switched_off(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    root.fake("put", "put usr/lib/collectd", recorded=False)
    subprocess.run(
        [str(tmp_path / "bin" / "put")], env={"PATH": str(tmp_path / "bin"), "ROOT": str(tmp_path)}, check=True
    )
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    assert "disable --now collectd" not in root.asked
    assert root.recorded == ()
    assert root.run("remove").returncode == 0
    assert "apt" not in root.asked


def test_a_configuration_that_collectd_refuses_leaves_the_old_one(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    before = (root.agent / "collectd.conf").read_text()
    (tmp_path / "usr/sbin/collectd").write_text("#!/bin/sh\nexit 1\n")
    done = root.run("install", stdin="nonsense\n")
    assert done.returncode == 1
    assert "does not accept" in done.stderr
    assert (root.agent / "collectd.conf").read_text() == before
    assert "systemctl" not in root.asked


def test_plugins_that_cannot_be_loaded_are_left_out(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    (tmp_path / "usr/lib/collectd/disk.so").unlink()
    root.fake("ldd", 'case "$1" in */processes.so) echo "libmnl.so.0 => not found" ;; esac', recorded=False)
    done = root.run("install", stdin=configuration(TARGET))
    assert "without disk" in done.stdout
    assert "without processes" in done.stdout
    text = (root.agent / "collectd.conf").read_text()
    assert "LoadPlugin disk" not in text
    assert "LoadPlugin processes" not in text
    assert "LoadPlugin load" in text


def test_a_package_manager_that_fails_is_named(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    root.fake("apt-get", 'case "$*" in "install -s"*) ;; install*) echo "E: no space" >&2; exit 100 ;; esac')
    done = root.run("install", stdin=configuration(TARGET))
    assert done.returncode == 1
    assert "E: no space" in done.stderr
    assert "apt-get could not install collectd" in done.stderr


def test_without_root_nothing_happens(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    root.fake("id", "echo 1000", recorded=False)
    before = root.listing()
    assert root.run("install", stdin=configuration(TARGET)).returncode == 1
    assert root.run("remove").returncode == 1
    assert root.listing() == before
    assert root.asked == ""


# -- taking it away ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("distribution", [each for each in DISTRIBUTIONS if not each.exit_code], ids=_named)
def test_nothing_of_the_agent_is_left(tmp_path: Path, distribution: Distribution, shell: str) -> None:
    root = FakeRoot(tmp_path, distribution)
    before = root.listing()
    assert root.run("install", shell, configuration(TARGET)).returncode == 0
    if distribution.init == "systemd":
        root.fake("systemctl", 'case "$*" in *is-enabled*) exit 1 ;; esac')
    done = root.run("remove", shell)
    assert done.returncode == 0, done.stderr
    assert not any("mist" in path for path in root.listing() - before)
    assert done.stdout.endswith("collectd for Mist is gone\n")


def installed(tmp_path: Path, **fakes: str) -> FakeRoot:
    root = FakeRoot(tmp_path, replace(debian(), init="none"))
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    for name, text in fakes.items():
        root.fake(name.replace("_", "-"), text)
    return root


PURGE = "apt-get purge -s -o APT::Get::AutomaticRemove=false collectd-core libyajl2\n"


def test_what_came_along_is_purged_after_a_rehearsal(tmp_path: Path) -> None:
    said = 'echo "Purg collectd-core [5.12.0-14]"; echo "Purg libyajl2 [2.1.0-3]"'
    root = installed(tmp_path, apt_get=said)
    assert root.run("remove").returncode == 0
    assert root.asked == PURGE + "apt-get purge -y -qq -o APT::Get::AutomaticRemove=false collectd-core libyajl2\n"


@pytest.mark.parametrize(
    "said",
    [
        'echo "Purg collectd-core [5.12.0-14]"; echo "Purg libyajl2 [2.1.0-3]"; echo "Remv git [2.39]"',
        'echo "Purg libyajl2 [2.1.0-3]"; echo "Purg libvirt-daemon [9.0]"',
        'echo "Purg libyajl2:i386 [2.1.0-3]"',
        'echo "Purg libyajl2 [2.1.0-3]"; exit 100',
    ],
    ids=["another goes too", "another is purged", "of another architecture", "a rehearsal that fails"],
)
def test_what_others_need_by_now_stays(tmp_path: Path, said: str) -> None:
    root = installed(tmp_path, apt_get=said)
    done = root.run("remove")
    assert done.returncode == 0, done.stderr
    assert root.asked == PURGE
    assert "others use them now: collectd-core libyajl2" in done.stdout
    assert not root.agent.exists()


def test_a_collectd_that_its_owner_uses_by_now_stays(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    done = root.run("remove")
    assert "systemctl -q is-enabled collectd" in root.asked
    assert "apt-get" not in root.asked
    assert "these packages stay" in done.stdout


def test_hostile_names_of_packages_are_no_words_of_a_command(tmp_path: Path) -> None:
    root = installed(tmp_path, apt_get=":")
    (root.agent / "packages").write_text("-o=Evil::Hook=1\n*\n$(touch here)\n../x\nlibyajl2\n")
    root.run("remove")
    assert root.asked == "apt-get purge -s -o APT::Get::AutomaticRemove=false libyajl2\n"


def test_rpm_removes_all_of_it_or_nothing(tmp_path: Path) -> None:
    fedora = next(each for each in DISTRIBUTIONS if each.name == "Fedora")
    root = FakeRoot(tmp_path, replace(fedora, init="none"))
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    root.fake("rpm", 'case "$*" in "-q yajl") exit 1 ;; -e*) exit 1 ;; esac')
    done = root.run("remove")
    assert root.asked.splitlines()[-1] == "rpm -e collectd collectd-disk collectd-write_http"
    assert "these packages stay" in done.stdout


def test_apk_keeps_what_others_need(tmp_path: Path) -> None:
    alpine = next(each for each in DISTRIBUTIONS if each.name == "Alpine")
    root = FakeRoot(tmp_path, alpine)
    assert root.run("install", stdin=configuration(TARGET)).returncode == 0
    root.fake("apk", 'echo "World updated, but the following packages are not removed due to:"')
    done = root.run("remove")
    assert "apk del -q" not in root.asked
    assert "these packages stay" in done.stdout


def test_removing_what_is_not_there_is_done(tmp_path: Path) -> None:
    root = FakeRoot(tmp_path, debian())
    before = root.listing()
    done = root.run("remove")
    assert done.returncode == 0, done.stderr
    assert root.listing() == before
