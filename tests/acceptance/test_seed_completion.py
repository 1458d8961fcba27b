"""The seed's lines that make a shell complete `mist` (C11 to C14), in a real shell with the installed command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.acceptance.world import World

BIN = Path(sysconfig.get_path("scripts"))
ASK = """
COMP_LINE={line!r} COMP_POINT=${{#COMP_LINE}} COMP_WORDS=($COMP_LINE) COMP_CWORD=1 COMP_TYPE=9
how=$(complete -p {command} 2>/dev/null || complete -p -D)
how=${{how##*-F }}
${{how%% *}} {command} {word!r} {command}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
# what it writes lies over the system's own folders, in this process alone
APART = """
mount -t tmpfs tmpfs /mnt
for place in /root /usr/local /etc; do
  mkdir -p /mnt/new$place /mnt/work$place
  mount -t overlay overlay -o lowerdir=$place,upperdir=/mnt/new$place,workdir=/mnt/work$place $place || exit 1
done
for name in mist activate-global-python-argcomplete; do ln -sf {bin}/$name /usr/local/bin/$name; done
"""


@pytest.fixture
def shell(world: World) -> World:
    """A world whose user has listed backends before, so that their names are known."""
    if shutil.which("bash") is None or not (BIN / "mist").exists():
        pytest.skip("needs bash and an installed `mist`: make install")
    world.mist("mist list-backends", check=True)
    return world


def offered(world: World, before: str, line: str, *within: str) -> list[str]:
    """What the shell, started by the command `within`, offers for a line after the user typed `before`."""
    env = {**world.environment, "PATH": f"{BIN}:{os.environ['PATH']}", "BASH_ENV": ""}
    script = before + ASK.format(line=line, command=line.split()[0], word=line.rpartition(" ")[2])
    done = subprocess.run(
        [*within, "bash", "--norc", "-c", script], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [word.strip() for word in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ('eval "$(register-python-argcomplete /usr/bin/mist)"', "/usr/bin/mist"),  # for whoever types the whole path
        ('eval "$(register-python-argcomplete mist)"', "mist"),
    ],
    ids=["C13", "C14"],
)
def test_registering_one_command(shell: World, line: str, command: str) -> None:
    before, typed = (text.replace("/usr/bin/mist", str(BIN / "mist")) for text in (line, command))

    assert offered(shell, before, f"{typed} list-b") == ["list-backends"]
    assert "Icehouse" in offered(shell, before, f"{typed} describe-backend ")


def test_completing_every_command_that_can(shell: World, tmp_path: Path) -> None:
    folder = tmp_path / "bash_completion.d"
    folder.mkdir()
    line = f"activate-global-python-argcomplete --dest={folder}"  # C12

    before = f"{line} >/dev/null 2>&1; for file in {folder}/*; do . $file; done\n"

    assert offered(shell, before, "mist list-b") == ["list-backends"]


def test_completing_them_for_the_user_of_the_system(shell: World) -> None:
    if os.geteuid() != 0 or shutil.which("sudo") is None or shutil.which("unshare") is None:
        pytest.skip("needs root, sudo and unshare, to write where the line writes and leave nothing there")
    line = "sudo activate-global-python-argcomplete"  # C11

    before = f"{APART.format(bin=BIN)}{line} >/dev/null 2>&1; . /root/.bash_completion\n"

    assert offered(shell, before, "mist list-b", "unshare", "--mount") == ["list-backends"]
