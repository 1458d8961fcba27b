from __future__ import annotations

import shutil
import subprocess

import pytest

from mistserver.domain.errors import MachineError
from mistserver.services.machines import probe_text

MARK = "--mark"
DF = """Filesystem     1024-blocks     Used Available Capacity Mounted on
udev                  1000        0      1000       0% /dev
/dev/vda1          2000000   500000   1500000      25% /
/dev/vda1          2000000   500000   1500000      25% /etc/hosts
//nas/my share       10000     2500      7500      25% /mnt/my share"""
PARTS = {
    "uptime": "3600.25 7000.00",
    "now": "1767225600",
    "load": "0.50 0.25 0.10 1/100 4242",
    "cores": "4",
    "users": "2",
    "disks": DF,
    "kernel": "Linux 6.1.0",
    "distribution": 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
    "user": "root",
}


def answer(**changed: str) -> str:
    parts = PARTS | changed
    return "motd\n" + "".join(f"\n{MARK} {name}\n{text}\n" for name, text in parts.items()) + f"\n{MARK} end\n"


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["busybox", "ash"]], ids=lambda shell: shell[0])
def test_this_machine_answers_in_every_shell(shell: list[str]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    mark = probe_text.new_mark()

    done = subprocess.run([*shell, "-c", probe_text.command(mark)], capture_output=True, text=True, timeout=30)
    facts = probe_text.read(done.stdout, mark, "here")

    assert facts.uptime_s > 0
    assert facts.cores >= 1
    assert facts.kernel.startswith("Linux")
    assert done.stderr == ""


def test_an_answer_is_read() -> None:
    facts = probe_text.read(answer(), MARK, "db")

    assert facts.uptime_s == 3600.25
    assert facts.load == (0.5, 0.25, 0.1)
    assert (facts.cores, facts.users, facts.user) == (4, 2, "root")
    assert facts.distribution == "Debian GNU/Linux 12 (bookworm)"
    assert facts.disks == (
        {"mount": "/", "size_bytes": 2000000 * 1024, "used_bytes": 500000 * 1024},
        {"mount": "/mnt/my share", "size_bytes": 10000 * 1024, "used_bytes": 2500 * 1024},
    )


def test_a_bsd_answer_is_read() -> None:
    said = answer(uptime="{ sec = 1767222000, usec = 0 } Thu Jan  1", load="{ 1.00 0.50 0.25 }", distribution="")

    facts = probe_text.read(said, MARK, "bsd")

    assert (facts.uptime_s, facts.load, facts.distribution) == (3600.0, (1.0, 0.5, 0.25), "")


@pytest.mark.parametrize(
    ("part", "text"),
    [("uptime", ""), ("load", "one two"), ("cores", ""), ("users", "x"), ("disks", "header\nnonsense")],
)
def test_nonsense_is_refused_by_the_name_of_its_part(part: str, text: str) -> None:
    with pytest.raises(MachineError, match=f"'?db'? answered the probe, but its {part}"):
        probe_text.read(answer(**{part: text}), MARK, "db")


def test_half_an_answer_is_refused() -> None:
    with pytest.raises(MachineError, match="did not answer the probe in full"):
        probe_text.read(answer()[:-20], MARK, "db")


def test_hidden_characters_are_made_visible() -> None:
    facts = probe_text.read(answer(kernel="Linux \x1b[31m", distribution='PRETTY_NAME="a\u202eb"'), MARK, "db")

    assert (facts.kernel, facts.distribution) == ("Linux ?[31m", "a?b")
