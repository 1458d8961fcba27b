"""Changing what the agent loads, on fake roots: what is asked, and what is undone."""

from __future__ import annotations

import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from mistserver.monitoring.agent.texts import additions, configuration
from mistserver.monitoring.plugins.deployed import File, document, module
from tests.unit.monitoring.distributions import DISTRIBUTIONS, Distribution
from tests.unit.monitoring.fake_root import TARGET, FakeRoot

pytestmark = pytest.mark.usefixtures("ended")

FILES = document([File("random", "gauge", "1", b"def read(): return 1\n")], 10).decode()
WITH_FILE = {"EXTRA": additions((), 1), "MODULE": module()}


def _named(distribution: Distribution) -> str:
    return distribution.name


def installed(folder: Path, distribution: Distribution = DISTRIBUTIONS[0], shell: str = "sh") -> FakeRoot:
    root = FakeRoot(folder, distribution)
    root.fake("sleep", f'[ "$1" != 60 ] || exec {shutil.which("sleep")} 60', recorded=False)
    done = root.run("install", shell, configuration(TARGET))
    assert done.returncode == 0, done.stderr
    return root


@pytest.mark.parametrize("distribution", [each for each in DISTRIBUTIONS if not each.exit_code], ids=_named)
def test_what_python_needs_is_installed_and_goes_with_the_agent(tmp_path: Path, distribution: Distribution) -> None:
    shell = "bash" if distribution.name == "Fedora" else "dash"
    root = installed(tmp_path, distribution, shell)
    before = root.listing()

    done = root.run("change", shell, FILES, **WITH_FILE)

    assert done.returncode == 0, done.stderr
    assert root.asked == distribution.python
    assert root.recorded == (*distribution.recorded, *distribution.python_recorded)
    assert (root.agent / "collectd.conf").read_text().startswith(configuration(TARGET))
    assert 'Import "mist_collectd"' in (root.agent / "collectd.conf").read_text()
    assert (root.agent / "python" / "mist_collectd.py").read_text() == module()
    assert (root.agent / "python" / "plugins.json").read_text() == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in (root.agent / "python").iterdir()} == {0o600}

    # again it asks for no package, and without files nothing of them is left
    assert root.run("change", shell, FILES, **WITH_FILE).returncode == 0
    assert root.asked == distribution.python[distribution.python.index("collectd -t") :]
    assert root.run("change", shell, EXTRA="", MODULE="").returncode == 0
    left = root.listing() - before
    assert not any("python" in path for path in left if path.startswith("opt/"))
    assert (root.agent / "collectd.conf").read_text() == configuration(TARGET)

    if distribution.init == "systemd":
        root.fake("systemctl", 'case "$*" in *is-enabled*) exit 1 ;; esac')
    assert root.run("remove", shell).returncode == 0
    assert not any("mist" in path for path in root.listing())


def test_a_change_that_collectd_refuses_changes_nothing(tmp_path: Path) -> None:
    root = installed(tmp_path)
    assert root.run("change", stdin=FILES, **WITH_FILE).returncode == 0
    before = {path: path.read_bytes() for path in root.agent.rglob("*") if path.is_file()}
    (tmp_path / "usr/sbin/collectd").write_text('#!/bin/sh\necho "no such plugin" >&2\nexit 1\n')

    done = root.run("change", stdin="{}", EXTRA="LoadPlugin ping", MODULE="other")

    assert done.returncode == 1
    assert "no such plugin" in done.stderr
    assert done.stderr.endswith("mist: collectd does not accept it; nothing was changed\n")
    assert {path: path.read_bytes() for path in root.agent.rglob("*") if path.is_file()} == before
    assert "systemctl" not in root.asked


@pytest.mark.parametrize("init", ["systemd", "openrc", "none"])
def test_what_does_not_come_up_is_undone(tmp_path: Path, init: str) -> None:
    openrc = next(each for each in DISTRIBUTIONS if each.init == "openrc")
    root = installed(tmp_path, openrc if init == "openrc" else replace(DISTRIBUTIONS[0], init=init))
    assert root.run("change", stdin=FILES, **WITH_FILE).returncode == 0
    before = {path: path.read_bytes() for path in root.agent.rglob("*") if path.is_file() and path.name != "pid"}
    # it starts, and has ended a moment later when its configuration has the plugin
    crash = 'grep -q "LoadPlugin ping" "$DIR/collectd.conf" && echo 4000000 > "$DIR/pid"'
    root.fake("systemctl", 'case "$*" in *is-active*) ! grep -q "LoadPlugin ping" "$DIR/collectd.conf" ;; esac')
    root.fake("rc-service", f"live; {crash} || true")
    daemon = tmp_path / "usr/sbin/collectd"
    daemon.write_text(daemon.read_text() + f"{crash} || true\n")

    done = root.run("change", stdin="{}", EXTRA="LoadPlugin ping", MODULE="")

    assert done.returncode == 1
    assert done.stderr.endswith("mist: collectd did not come up with it; everything is as it was before\n")
    after = {path: path.read_bytes() for path in root.agent.rglob("*") if path.is_file() and path.name != "pid"}
    assert after == before
    assert root.asked.splitlines()[-1] == {
        "systemd": "systemctl restart mist-collectd",
        "openrc": "rc-service -q mist-collectd restart",
        "none": "collectd -C DIR/collectd.conf",
    }.get(init)


def test_a_change_that_was_broken_off_is_undone_by_the_next(tmp_path: Path) -> None:
    root = installed(tmp_path)
    (root.agent / "collectd.conf").rename(root.agent / "collectd.conf.before")
    (root.agent / "collectd.conf").write_text("half")

    assert root.run("change", EXTRA="LoadPlugin contextswitch", MODULE="").returncode == 0

    text = (root.agent / "collectd.conf").read_text()
    assert text.startswith(configuration(TARGET))
    assert text.endswith("\nLoadPlugin contextswitch\n")


def test_putting_the_agent_there_again_keeps_what_was_added(tmp_path: Path) -> None:
    root = installed(tmp_path)
    (tmp_path / "usr/lib/collectd/contextswitch.so").touch()
    (tmp_path / "usr/lib/collectd/wireless.so").touch()
    both = additions(("contextswitch", "wireless"), 1)
    assert root.run("change", stdin=FILES, EXTRA=both, MODULE=module()).returncode == 0
    (tmp_path / "usr/lib/collectd/wireless.so").unlink()

    done = root.run("install", stdin=configuration(replace(TARGET, password="other")))

    assert done.returncode == 0, done.stderr
    text = (root.agent / "collectd.conf").read_text()
    assert '"other"' in text
    assert "LoadPlugin contextswitch\n" in text
    assert 'Import "mist_collectd"' in text
    assert "without wireless" in done.stdout


def test_without_python_or_without_an_agent_it_says_so(tmp_path: Path) -> None:
    root = installed(tmp_path)
    root.fake("apt-get", 'case "$*" in "install -s"*) ;; install*) echo "E: no space" >&2; exit 100 ;; esac')
    done = root.run("change", stdin=FILES, **WITH_FILE)
    assert done.returncode == 1
    assert "collectd cannot run Python on this machine: apt-get could not bring" in done.stderr
    assert not (root.agent / "collectd.conf.before").exists()

    assert root.run("remove").returncode == 0
    done = root.run("change", stdin=FILES, **WITH_FILE)
    assert (done.returncode, done.stderr) == (
        1,
        "mist: Mist's agent is not on this machine; enable monitoring again\n",
    )
    assert not root.agent.exists()
